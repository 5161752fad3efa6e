from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hubq.errors import BadInput
from hubq.quantize import certificate
from tests.rows import each_row

GOOD: dict[str, Any] = {
    "schema": 1,
    "good": True,
    "checks": [{"name": "loads", "good": True, "said": "every weight in its place"}],
    "kl": {"value": 0.002, "n": 80, "se": 0.0005, "low": 0.001, "high": 0.003},
    "top1_agreement": {"value": 0.98, "n": 80, "se": 0.008, "low": 0.92, "high": 0.99},
    "kernels": {"Linear": 11, "TorchLinear": 35},
    "items": [],
}


def write(folder: Path, **changes: object) -> Path:
    (folder / certificate.CERTIFICATE).write_text(json.dumps({**GOOD, **changes}))
    return folder


def failed(name: str, said: str) -> dict[str, object]:
    return {"name": name, "good": False, "said": said}


def test_a_good_certificate_gives_measures_with_intervals(tmp_path: Path) -> None:
    collected = certificate.collect(write(tmp_path), {})
    assert collected.refusal == ""
    assert collected.facts["good"] is True
    kl, agreement = collected.measures
    assert (kl.name, kl.value, kl.unit, kl.n, kl.pointer) == ("kl", 0.002, "nats", 80, "/kl/value")
    assert (kl.low, kl.high, kl.se) == (0.001, 0.003, 0.0005)
    assert (agreement.name, agreement.unit) == ("top1_agreement", "fraction")


def test_a_divergence_above_the_limit_refuses_in_its_own_words(tmp_path: Path) -> None:
    checks = [failed("divergence", "KL 0.08 is above the recipe's limit 0.02")]
    collected = certificate.collect(write(tmp_path, good=False, checks=checks), {})
    assert collected.refusal == "KL 0.08 is above the recipe's limit 0.02"
    assert len(collected.measures) == 2


def test_every_failed_check_is_named_and_missing_measures_are_no_error(tmp_path: Path) -> None:
    checks = [*GOOD["checks"], failed("kernels", "34 packed"), failed("finite logits", "NaN")]
    write(tmp_path, good=False, checks=checks, kl=None, top1_agreement=None)
    collected = certificate.collect(tmp_path, {})
    assert collected.refusal == "kernels: 34 packed; finite logits: NaN"
    assert collected.measures == ()


def test_a_verdict_without_a_reason_still_refuses(tmp_path: Path) -> None:
    assert certificate.collect(write(tmp_path, good=False), {}).refusal


def test_the_floor_is_measured_beside_the_divergence(tmp_path: Path) -> None:
    floor = {"value": 4e-05, "n": 80, "se": 1e-05, "low": 2e-05, "high": 6e-05}
    collected = certificate.collect(write(tmp_path, kl_floor=floor, top1_floor=floor), {})
    units = {measure.name: (measure.value, measure.unit) for measure in collected.measures}
    assert units["kl_floor"] == (4e-05, "nats")
    assert units["top1_floor"] == (4e-05, "fraction")


def test_a_skipped_check_is_kept_as_such_and_refuses_nothing(tmp_path: Path) -> None:
    skipped = {"name": "layers", "good": True, "said": "no source", "state": "skipped"}
    collected = certificate.collect(write(tmp_path, checks=[skipped]), {})
    assert collected.refusal == ""
    assert collected.facts["checks"] == [{**skipped, "finding": ""}]


@each_row(
    ("config", "settings"),
    [
        (
            {"dtype": "float16", "quantization_config": {"quant_method": "gptq", "bits": 8}},
            {"method": "gptq", "bits": 8, "dtype": "float16"},
        ),
        (
            {
                "torch_dtype": "torch.float16",
                "quantization_config": {
                    "quant_method": "awq",
                    "w_bit": 4,
                    "q_group_size": 128,
                    "zero_point": True,
                },
            },
            {"method": "awq", "bits": 4, "group_size": 128, "sym": False, "dtype": "float16"},
        ),
        (
            {
                "quantization_config": {
                    "quant_method": "compressed-tensors",
                    "config_groups": {
                        "group_0": {
                            "weights": {
                                "num_bits": 4,
                                "type": "int",
                                "strategy": "group",
                                "group_size": 128,
                                "symmetric": True,
                            }
                        }
                    },
                }
            },
            {
                "method": "compressed-tensors",
                "bits": 4,
                "group_size": 128,
                "desc_act": False,
                "sym": True,
                "dtype": "bfloat16",
            },
        ),
        (
            {
                "quantization_config": {
                    "config_groups": {
                        "a": {"weights": {"num_bits": 8, "type": "float", "strategy": "channel"}}
                    }
                }
            },
            {
                "method": "fp8",
                "bits": 8,
                "group_size": -1,
                "desc_act": False,
                "dtype": "bfloat16",
            },
        ),
    ],
)
def test_settings_come_from_a_checkpoints_own_configuration(
    config: dict[str, Any], settings: dict[str, Any]
) -> None:
    assert certificate.derive_settings(config) == {**settings, "derived": True}


@each_row("said", [None, {}, {"bits": 4}, {"config_groups": {}}])
def test_a_model_that_does_not_say_how_it_is_quantized_has_no_settings(said: object) -> None:
    with pytest.raises(BadInput, match="quantiz"):
        certificate.derive_settings({"quantization_config": said})


def test_a_missing_certificate_is_no_certificate(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"certificate\.json"):
        certificate.collect(tmp_path, {})


def test_the_job_takes_both_models_and_the_items_of_every_task(tmp_path: Path) -> None:
    names = ("model", "checkpoint", "items/DocVQA", "quantize", "other")
    job = certificate.job({"probes": 16}, {name: tmp_path / name for name in names})
    assert job["settings"] == {"probes": 16}
    assert sorted(job["paths"]) == ["checkpoint", "items/DocVQA", "model", "quantize"]


def test_a_job_may_have_a_checkpoint_and_nothing_else(tmp_path: Path) -> None:
    job = certificate.job({}, {"checkpoint": tmp_path})
    assert job["paths"] == {"checkpoint": str(tmp_path)}

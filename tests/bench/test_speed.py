from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hubq.bench import speed

SETTINGS = {
    "workloads": [{"name": "a"}], "warmup": 1, "repeats": 3, "dtype": "bfloat16", "device": "cpu",
}  # fmt: skip
SPREAD = {"median": 20.0, "low": 10.0, "high": 40.0}


def bench(*workloads: dict[str, Any]) -> dict[str, Any]:
    facts = {"kernels": {"Linear": 3}, "attention": {}, "threads": 1, "definition": "d", **SETTINGS}
    return {**facts, "weights_bytes": 1000, "workloads": list(workloads)}


MEASURED = {
    "name": "in1", "state": "measured", "seconds": [0.1, 0.2, 0.4], "tokens_per_second": SPREAD,
    "first_token": {"median": 0.01, "low": 0.01, "high": 0.02}, "memory": {"peak_bytes": 5000},
}  # fmt: skip
OUT_OF_MEMORY = {"name": "in9", "state": "oom", "why": "CUDA out of memory"}


def at(document: Any, pointer: str) -> Any:
    for step in pointer.strip("/").split("/"):
        document = document[int(step)] if isinstance(document, list) else document[step]
    return document


def test_the_job_leaves_the_round_out() -> None:
    job = speed.job({**SETTINGS, "round": 2}, {"checkpoint": Path("m")})
    assert job == {**SETTINGS, "checkpoint": "m"}


def test_every_measure_is_the_number_that_its_pointer_finds(tmp_path: Path) -> None:
    document = bench(MEASURED, OUT_OF_MEMORY)
    (tmp_path / speed.FACTS).write_text(json.dumps(document))
    found = speed.collect(tmp_path, {})
    names = [measure.name for measure in found.measures]
    assert names[:2] == ["weights_bytes", "tokens_per_second/in1"]
    assert names[2:] == ["first_token_seconds/in1", "peak_memory_bytes/in1"]
    assert all(at(document, m.pointer) == m.value for m in found.measures)
    rate = found.measures[1]
    assert (rate.low, rate.value, rate.high, rate.n) == (10.0, 20.0, 40.0, 3)


def test_a_workload_that_could_not_run_keeps_its_state_and_why(tmp_path: Path) -> None:
    (tmp_path / speed.FACTS).write_text(json.dumps(bench(MEASURED, OUT_OF_MEMORY)))
    facts = speed.collect(tmp_path, {}).facts
    assert facts["states"] == {"in1": "measured", "in9": "oom"}
    assert facts["why"] == {"in9": "CUDA out of memory"}

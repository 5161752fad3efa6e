"""A machine on which another process works is said to be busy, on the result of a real sitting."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from hubq.bench import job, measures
from hubq.bench.asked import asked_of
from hubq.bench.sitting import read_sitting
from hubq.model.outcome import Done
from hubq.model.workload import Workload
from hubq.resources import bundled
from hubq.workers.environments import EnvironmentStore
from hubq.workers.process import WorkerProcess
from hubq.workers.specs import spec_for
from hubq.workers.variables import spec_environ

WORKLOAD = Workload(name="one", input_tokens=1, output_tokens=24)
SETTINGS = {
    "workloads": [msgspec.to_builtins(WORKLOAD)],
    "warm_up": {"least": 1, "most": 2, "within": 0.5},
    "limit_seconds": 600.0,
    "rounds": {"least": 4, "most": 4, "precision": 0.02, "processes": 1},
    "dtype": "bfloat16",
    "device": "cpu",
}
SPIN = "print(flush=True)\nwhile True: pass"


@pytest.fixture
def load() -> Iterator[None]:
    """Keep a core busy from a process that is no relative of the worker's."""
    process = subprocess.Popen([sys.executable, "-S", "-c", SPIN], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    yield
    process.kill()
    process.communicate()


@pytest.mark.backend
def test_a_load_process_is_noticed_and_said_on_the_result(load: None, tmp_path: Path) -> None:
    spec = spec_for("gptqmodel", "cpu")
    interpreter = Path(EnvironmentStore().build(spec).interpreter)
    worker = WorkerProcess(interpreter, spec_environ(spec, scratch=tmp_path / "s", threads=1))
    model = bundled("examples") / "nano-qwen2-vl" / "model"
    asked = job.job(SETTINGS, [model, model], tmp_path / "partial")
    try:
        outcome = worker.run("bench_transformers", asked, tmp_path / "c", timeout_s=300)
    finally:
        worker.close()
    assert isinstance(outcome, Done), (tmp_path / "c" / "log.txt").read_text()
    sitting = tmp_path / "c" / "files"
    conditions = read_sitting(sitting).conditions
    assert conditions.facts["others_cores"] > 0.3
    assert conditions.facts["own_cores"] > 0.05
    assert conditions.facts["watching_cores"] < 0.01
    assert conditions.busy[0].startswith("Other processes took ")
    assert conditions.busy[0].endswith(" cores on average while rounds ran.")
    found = measures.measure(sitting, asked_of(SETTINGS), 1, tmp_path)
    assert found.facts["busy"] == list(conditions.busy)

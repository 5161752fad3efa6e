"""Real sittings of the nano model in plain transformers, in the environment that hubq builds."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hubq.bench.sitting import Sample, Sitting, read_samples, read_sitting
from hubq.model.outcome import Done, Event, Outcome, Phase, Progress, Stopped
from hubq.resources import bundled
from hubq.stats.rounds import typical
from hubq.workers.environments import EnvironmentStore
from hubq.workers.process import WorkerProcess
from hubq.workers.specs import spec_for
from hubq.workers.variables import spec_environ

pytestmark = pytest.mark.backend

SPEC = spec_for("gptqmodel", "cpu")
PLAIN = {"images": 0, "image_size": [84, 84], "batch_size": 1}
ONE = {**PLAIN, "name": "one", "input_tokens": 1, "output_tokens": 24}
PICTURE = {**PLAIN, "name": "picture", "input_tokens": 5, "images": 1, "output_tokens": 1}
LONG = {**PLAIN, "name": "long", "input_tokens": 1020, "output_tokens": 8}
#: How often the model is loaded for either of two measurements of one thing.
LOADS = 5
#: What anybody would write who wants to know how long the model takes.
LOOP = """
import json, sys, time, torch
from transformers import AutoModelForImageTextToText as Auto, AutoTokenizer
model = Auto.from_pretrained(sys.argv[1], dtype="bfloat16").eval()
ids = AutoTokenizer.from_pretrained(sys.argv[1])("The", return_tensors="pt")["input_ids"][:, :1]
seconds = []
for _ in range(8):
    began = time.perf_counter()
    with torch.inference_mode():
        model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), do_sample=False,
                       min_new_tokens=24, max_new_tokens=24)
    seconds.append(time.perf_counter() - began)
print(json.dumps(seconds[3:]))
"""


class Bench:
    """Sittings in a folder: each has a worker of its own, and they share what outlives a kill."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.model = folder, bundled("examples") / "nano-qwen2-vl" / "model"
        self.interpreter = Path(EnvironmentStore().build(SPEC).interpreter)
        self.environ = spec_environ(SPEC, scratch=folder / "scratch", threads=1)
        self.partial = folder / "partial"
        self.worker = WorkerProcess(self.interpreter, self.environ)

    def job(self, *workloads: dict[str, Any], rounds: int = 2, **changes: Any) -> dict[str, Any]:
        rule = {"least": rounds, "most": rounds, "precision": 0.02, "processes": 1}
        return {
            "checkpoints": [str(self.model)] * 2,
            "workloads": list(workloads),
            "warm_up": {"least": 1, "most": 2, "within": 0.2},
            "limit_seconds": 600.0,
            "rounds": rule | changes,
            "dtype": "bfloat16",
            "device": "cpu",
            "partial": str(self.partial),
        }

    def run(self, job: dict[str, Any], on_event: Callable[[Event], None] | None = None) -> Outcome:
        self.worker.close()
        self.worker = WorkerProcess(self.interpreter, self.environ)
        control = self.folder / "control"
        return self.worker.run("bench_transformers", job, control, on_event=on_event, timeout_s=400)

    def found(self, outcome: Outcome) -> tuple[Sitting, list[Sample]]:
        control = self.folder / "control"
        assert isinstance(outcome, Done), (control / "log.txt").read_text()
        return read_sitting(control / "files"), list(read_samples(control / "files"))

    def subjects(self) -> list[int]:
        """Return the processes that hold a model of this worker's."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                command = (folder / "cmdline").read_bytes()
                environ = (folder / "environ").read_bytes()
            except OSError:
                continue
            if b"bench_subject.py" in command and os.fsencode(self.folder) in environ:
                found.append(int(folder.name))
        return sorted(found)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    found = Bench(tmp_path)
    yield found
    found.worker.close()


def gone(bench: Bench, within_s: float = 5.0) -> bool:
    """Return whether every model's process ends in time."""
    limit = time.monotonic() + within_s
    while bench.subjects() and time.monotonic() < limit:
        time.sleep(0.05)
    return not bench.subjects()


def test_everything_is_measured_and_what_is_too_long_says_so(bench: Bench) -> None:
    job = bench.job(ONE, PICTURE, LONG, processes=2)
    sitting, samples = bench.found(bench.run(job))
    assert (sitting.engine, sitting.residency, sitting.processes) == ("transformers", "together", 2)
    assert {place: counted.rounds for place, counted in sitting.rounds.items()} == {
        "one": 2, "picture": 2,
    }  # fmt: skip
    for subject in sitting.subjects:
        assert (subject.state, subject.attention, subject.threads) == ("measured", "sdpa", 1)
        assert subject.kernels == {"Linear": 53}
        assert subject.load_seconds is not None
        assert subject.disk_bytes == (bench.model / "model.safetensors").stat().st_size
        assert subject.weights_bytes is not None
        assert subject.weights_bytes < subject.disk_bytes
        long = subject.cells["long"]
        assert (long.state, long.why) == ("infeasible", "1028 tokens exceed 1024 positions")
        picture = subject.cells["picture"]
        assert picture.prompt_tokens == 5 + 9 + 2
        assert len(picture.warm) == 2
        assert picture.memory is not None
        assert picture.memory.peak_bytes > picture.memory.weights_bytes == subject.weights_bytes
    assert len(samples) == 8
    for sample in samples:
        assert sample.process == sample.round
        assert sample.first_token_seconds is not None
        same = sample.first_token_seconds == sample.seconds
        assert same if sample.workload == "picture" else sample.first_token_seconds < sample.seconds
    assert gone(bench)


def test_a_killed_sitting_is_taken_up_and_loses_one_round_at_most(bench: Bench) -> None:
    job = bench.job(ONE, rounds=6)
    seen = 0

    def kill_in_the_fourth_round(event: Event) -> None:
        nonlocal seen
        if isinstance(event, Progress):
            seen = event.done
            if seen == 3:
                bench.worker.close()

    assert isinstance(bench.run(job, kill_in_the_fourth_round), Stopped)
    assert seen >= 3
    assert gone(bench)
    sitting, samples = bench.found(bench.run(job))
    assert sitting.rounds["one"].rounds == 6
    assert [(one.round, one.position) for one in samples if one.order == 0] == [
        (number, number % 2) for number in range(6)
    ]
    earlier = {one.round for one in samples if one.process == 0}
    assert {0, 1, 2} <= earlier
    assert {one.process for one in samples} == {0, 1}
    assert all(one.process == 1 for one in samples if one.round not in earlier)


def test_a_model_whose_process_dies_is_a_state_and_comes_back_for_the_next_workload(
    bench: Bench,
) -> None:
    killed: list[int] = []

    def kill_the_last(event: Event) -> None:
        if isinstance(event, Progress) and event.done == 1:
            killed.append(bench.subjects()[-1])
            os.kill(killed[0], signal.SIGKILL)

    job = bench.job({**ONE, "output_tokens": 100}, PICTURE, rounds=8)
    sitting, samples = bench.found(bench.run(job, kill_the_last))
    assert len(killed) == 1
    states = sorted(subject.cells["one"].state for subject in sitting.subjects)
    assert states == ["failed", "measured"]
    failed = next(one for one in sitting.subjects if one.cells["one"].state == "failed")
    assert failed.cells["one"].why == "the process was killed by SIGKILL"
    assert failed.state == failed.cells["picture"].state == "measured"
    assert {one.position for one in samples if one.workload == "picture"} == {0, 1}


def test_models_that_crowded_each_other_once_are_loaded_one_at_a_time(bench: Bench) -> None:
    bench.partial.mkdir()
    (bench.partial / "crowded").touch()
    most = 0

    def count(_event: Event) -> None:
        nonlocal most
        # Seen twice: while /proc is read one process may go and the next one come.
        most = max(most, len({*bench.subjects()} & {*bench.subjects()}))

    sitting, samples = bench.found(bench.run(bench.job(ONE, PICTURE), count))
    assert (sitting.residency, sitting.processes, most) == ("in-turn", 2, 1)
    assert [(one.round, one.position) for one in samples if one.workload == "one"] == [
        (0, 0), (0, 1), (1, 1), (1, 0),
    ]  # fmt: skip


def test_a_stop_ends_every_models_process(bench: Bench) -> None:
    held = 0

    def stop(event: Event) -> None:
        nonlocal held
        if isinstance(event, Phase) and event.name == "workload one":
            held = len(bench.subjects())
            bench.worker.cancel()

    endless = {**ONE, "output_tokens": 1000}
    assert isinstance(bench.run(bench.job(endless, rounds=50), stop), Stopped)
    assert held == 2
    assert gone(bench, within_s=1.0)


def test_the_figures_are_those_of_a_plain_loop(bench: Bench) -> None:
    """Both take turns, and a load of the model is the unit: where it lies moves all its runs."""
    job = {**bench.job(ONE, rounds=5), "checkpoints": [str(bench.model)]}
    theirs, mine = [], []
    for turn in range(LOADS):
        command = [str(bench.interpreter), "-c", LOOP, str(bench.model)]
        done = subprocess.run(
            command, env=bench.environ, check=True, stdout=subprocess.PIPE, timeout=120
        )
        theirs.append(statistics.median(json.loads(done.stdout.splitlines()[-1])))
        _, samples = bench.found(bench.run({**job, "partial": str(bench.folder / f"{turn}")}))
        mine.append(statistics.median(one.seconds for one in samples))
    plain, ours = typical(theirs), typical(mine)
    assert plain.low is not None
    assert plain.high is not None
    assert ours.low is not None
    assert ours.high is not None
    assert max(plain.low, ours.low) <= min(plain.high, ours.high), (plain, ours)

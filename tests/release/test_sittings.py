"""Speed in a release: one sitting for the family, and what it says of each variant."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from hubq.bench.sitting import SAMPLES_FILE, SITTING_FILE, Sample, read_samples
from hubq.executors.port import Post, WorkerJob
from hubq.model.evidence import SHORT_SAMPLES
from hubq.model.result import Result
from hubq.model.stage import Kind
from hubq.release.evidence_results import Chosen, shorten
from hubq.release.status import load_release
from hubq.store import Store
from tests.release.releases import Releases
from tests.release.stand_in import StandInExecutor, write_recipe

BENCH = [Kind.BENCH]
LOAD = {"name": "in1-out8", "input_tokens": 1, "output_tokens": 8}
SERVING = {
    "name": "chat",
    "input_tokens": 4,
    "output_tokens": 8,
    "loads": [{"requests": 4, "concurrency": 2}, {"requests": 4}],
}


class Watching(StandInExecutor):
    """Keeps the jobs that it was given."""

    def __init__(self, **how: Any) -> None:
        super().__init__(**how)
        self.jobs: dict[str, WorkerJob] = {}

    def start(self, job: WorkerJob, post: Post) -> None:
        self.jobs[job.stage] = job
        super().start(job, post)


def result(releases: Releases, stage: str) -> Result:
    runs = releases.folder / "runs"
    return Store(runs).load(load_release(runs, "Small").keys[stage])


def write_workloads(releases: Releases, **changes: Any) -> None:
    loads = {"schema": 1, "name": "short", "title": "short", "workloads": [LOAD], **changes}
    path = releases.folder / "recipe" / "workloads" / "short.yaml"
    path.write_text(yaml.safe_dump(loads))


def test_one_job_has_every_checkpoint_by_position_and_a_folder_that_outlives_a_kill(
    releases: Releases,
) -> None:
    executor = Watching()
    assert releases.run(executor, BENCH).exit_code == 0
    job = executor.jobs["bench/sitting"]
    assert [name for name in executor.started if name.startswith("bench/")] == ["bench/sitting"]
    assert (job.role, job.environment, job.exclusive) == ("bench", "gptqmodel", True)
    base, *others = map(Path, job.job["checkpoints"])
    assert base == releases.source
    assert [path.name for path in others] == ["checkpoint", "checkpoint"]
    assert Path(job.job["partial"]).parent == (releases.folder / "runs" / "partial").absolute()
    own = result(releases, "bench/AWQ")
    assert own.measure("tokens_per_second/in1-out8").value == pytest.approx(18.0)
    assert own.measure("ratio/tokens_per_second/in1-out8").value == pytest.approx(18 / 16)
    assert {"bench.json", "environment.json"} == own.files.keys()
    assert own.inputs["bench/sitting"] == result(releases, "bench/sitting").key


def test_a_variant_that_was_not_made_leaves_its_place_empty_and_others_are_timed(
    releases: Releases,
) -> None:
    executor = Watching(fail={"quantize/GPTQ-Int8": "no rows"})
    report = releases.run(executor, BENCH)
    assert executor.jobs["bench/sitting"].job["checkpoints"][1] is None
    assert result(releases, "bench/sitting").facts["subjects"] == {
        "0": "measured",
        "1": "failed",
        "2": "measured",
    }
    assert report.gaps["bench/GPTQ-Int8"].because == "quantize/GPTQ-Int8"
    assert result(releases, "bench/AWQ").stage.settings == {"position": 2}
    assert releases.run(Watching(), BENCH).exit_code == 0
    assert result(releases, "bench/GPTQ-Int8").facts["states"] == {"in1-out8": "measured"}


def test_what_could_not_be_measured_is_a_result_with_a_state(releases: Releases) -> None:
    lost = {(1, "in1-out8"): ("oom", "CUDA out of memory")}
    assert releases.run(StandInExecutor(lost=lost), BENCH).exit_code == 0
    facts = result(releases, "bench/GPTQ-Int8").facts
    assert facts["states"] == {"in1-out8": "oom"}
    assert facts["why"] == {"in1-out8": "CUDA out of memory"}


def test_some_variants_sit_by_themselves(releases: Releases) -> None:
    executor = Watching()
    releases.run(executor, BENCH, variants=("AWQ",))
    assert len(executor.jobs["bench/sitting"].job["checkpoints"]) == 2
    assert result(releases, "bench/AWQ").stage.settings == {"position": 1}


def test_a_price_or_another_name_starts_nothing_and_another_workload_times_all(
    releases: Releases,
) -> None:
    releases.run(kinds=BENCH)
    write_workloads(releases, price={"per_hour": 2.5, "currency": "EUR"}, title="other")
    recipe = yaml.safe_load(releases.recipe.read_text())
    recipe["variants"][1]["name"] = "AWQ-Int4"
    releases.recipe.write_text(yaml.safe_dump(recipe))
    executor = Watching()
    releases.run(executor, BENCH)
    assert executor.started == []
    write_workloads(releases, workloads=[{**LOAD, "output_tokens": 9}])
    report = releases.run(executor, BENCH)
    assert executor.started == ["bench/sitting"]
    assert {"bench/BF16", "bench/AWQ-Int4"} <= set(report.ran)


def test_a_served_family_has_a_second_sitting_in_its_engine(releases: Releases) -> None:
    write_recipe(releases.folder / "recipe", engines=["transformers", "vllm"])
    write_workloads(releases, serving=[SERVING])
    executor = Watching()
    interpreters = {"gptqmodel": sys.executable, "vllm": sys.executable}
    assert releases.run(executor, BENCH, interpreters=interpreters).exit_code == 0
    job = executor.jobs["bench/sitting/vllm"]
    assert (job.backend, job.environment, job.role) == ("vllm", "vllm", "bench")
    assert "workloads" not in job.job
    assert job.job["serving"][0]["name"] == "chat"
    own = result(releases, "bench/AWQ/vllm")
    assert own.facts["engine"] == "vllm"
    assert own.measure("ratio/request_rate/chat/max").value > 1


def test_runs_of_a_sitting_lose_the_waits_between_tokens_where_they_are_too_large(
    releases: Releases,
) -> None:
    write_recipe(releases.folder / "recipe", engines=["transformers", "vllm"])
    write_workloads(releases, serving=[SERVING])
    interpreters = {"gptqmodel": sys.executable, "vllm": sys.executable}
    releases.run(StandInExecutor(), BENCH, interpreters=interpreters)
    sitting = result(releases, "bench/sitting/vllm")
    folder = Store(releases.folder / "runs").folder(sitting.key)
    whole = (folder / SAMPLES_FILE).read_bytes()
    place, name = "evidence/source.zip", f"bench/sitting/vllm/{SAMPLES_FILE}"
    chosen = Chosen(archives={place: {name: whole}})
    (one,) = shorten(chosen, 1)
    assert (one.stage, one.is_scored) == ("bench/sitting/vllm", False)
    assert list(chosen.archives[place]) == [f"bench/sitting/vllm/{SHORT_SAMPLES}"]
    short = [json.loads(line) for line in next(iter(chosen.archives[place].values())).splitlines()]
    kept: list[Sample] = list(read_samples(folder))
    assert [line["seconds"] for line in short] == [run.seconds for run in kept]
    assert {tuple(request[3]) for line in short for request in line["requests"]} == {()}
    assert all(request.itl for run in kept for request in run.requests)
    assert short[0]["requests"][0][:3] == [
        getattr(kept[0].requests[0], part) for part in ("start", "ttft", "e2e")
    ]


def test_a_sitting_that_fails_is_why_nothing_has_a_speed(releases: Releases) -> None:
    report = releases.run(StandInExecutor(fail={"bench/sitting": "no timer"}), BENCH)
    gaps = {stage: gap.because for stage, gap in report.gaps.items()}
    names = ("BF16", "GPTQ-Int8", "AWQ")
    assert gaps == {"bench/sitting": "", **{f"bench/{n}": "bench/sitting" for n in names}}
    assert SITTING_FILE not in "".join(report.ran)

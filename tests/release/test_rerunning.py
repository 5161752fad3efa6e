"""Evaluating a published variant again: agreement, tampering, and what cannot be asked."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hubq.errors import BadInput, StageFailed
from hubq.executors.port import Post, WorkerJob
from hubq.hub.port import Content
from hubq.model.stage import Kind, Plan
from hubq.release.publishing import published_files
from hubq.release.rerun_drawing import allot
from hubq.release.rerunning import Rerun, describe, rerun
from hubq.release.views import finished_view
from hubq.runner import Observer
from tests.release.releases import Releases
from tests.release.stand_in import ITEMS, StandInExecutor

pytestmark = pytest.mark.long

VARIANT = "GPTQ-Int8"
SAMPLES = f"score/{VARIANT}/Words/samples.jsonl"
BENEATH = (Kind.QUANTIZE, Kind.CERTIFY, Kind.GENERATE, Kind.SCORE, Kind.BENCH, Kind.CARD)
Sample = dict[str, Any]


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> tuple[Releases, Path]:
    """A release, and the files of one of its repos as somebody would download them."""
    releases = Releases(tmp_path_factory.mktemp("released"))
    assert releases.run(kinds=BENEATH).exit_code == 0
    with releases.session() as session:
        files, _ = published_files(session, VARIANT, finished_view(session))
    folder = releases.folder / "download" / f"Small-{VARIANT}"
    for name, content in files.items():
        write(folder / name, content)
    return releases, folder


@pytest.fixture
def folder(released: tuple[Releases, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(released[1], tmp_path / "Small"))


def write(path: Path, content: Content) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.read_bytes())


@contextlib.contextmanager
def watching(_: Plan) -> Iterator[Observer]:
    yield lambda _: None


def again(
    released: tuple[Releases, Path],
    folder: Path,
    count: int = 10,
    executor: StandInExecutor | None = None,
    **changes: Any,
) -> Rerun:
    releases, data = released[0], {"data_dir": released[0].recipe.parent}
    options = releases.options(source=str(folder), **(data | changes))
    return rerun(
        options, count, watching, releases.said.append, lambda *_: executor or StandInExecutor()
    )


def tamper(folder: Path, change: Callable[[list[Sample]], list[Sample]]) -> None:
    """Change the published samples of the task."""
    path = folder / "evidence" / f"{VARIANT}.zip"
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    changed = change([json.loads(line) for line in entries[SAMPLES].splitlines()])
    entries[SAMPLES] = "".join(json.dumps(one) + "\n" for one in changed).encode()
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    path.write_bytes(raw.getvalue())


class Forgetful(StandInExecutor):
    """Answers every question wrong."""

    def _generate(self, job: dict[str, Any], files: Path) -> None:
        super()._generate(job, files)
        path = files / "records.jsonl"
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        told = [{**line, "output": "a shoe"} for line in lines]
        path.write_text("".join(json.dumps(line) + "\n" for line in told))


class Weighty(StandInExecutor):
    """Notes what each job was given."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: list[WorkerJob] = []

    def start(self, job: WorkerJob, post: Post) -> None:
        self.jobs.append(job)
        super().start(job, post)


def test_the_same_model_agrees_word_for_word(released: tuple[Releases, Path], folder: Path) -> None:
    found = again(released, folder)
    assert found.agrees
    assert (found.n, found.p) == (10, 1.0)
    (task,) = found.tasks
    assert (task.task, task.of) == ("Words", ITEMS)
    assert (task.prompts, task.words, task.scores) == (10, 10, 10)
    assert not found.differing
    assert not found.remarks
    said = describe(found)
    assert said[0].endswith(f"10 of {ITEMS} questions evaluated again: agrees")
    assert "  answers word for word the same: 10 of 10 (100%)" in said


def test_it_asks_with_the_published_settings_and_the_published_weights(
    released: tuple[Releases, Path], folder: Path
) -> None:
    executor = Weighty()
    again(released, folder, executor=executor)
    (job,) = executor.jobs
    assert Path(job.job["checkpoint"]) == folder
    assert (job.backend, job.environment) == ("transformers", "gptqmodel")
    evidence = json.loads((folder / "hubq.json").read_text())
    stages = {one["stage"]: one for one in evidence["results"].values()}
    published = stages[f"generate/{VARIANT}/Words"]["settings"]
    assert {name: job.job[name] for name in published} == published


def test_it_is_evaluated_anew_each_time_and_draws_the_same_questions(
    released: tuple[Releases, Path], folder: Path
) -> None:
    first, second = Weighty(), Weighty()
    again(released, folder, executor=first)
    again(released, folder, executor=second)
    assert len(first.jobs) == len(second.jobs) == 1
    assert first.jobs[0].job["items"] == second.jobs[0].job["items"]


def test_more_questions_than_there_are_means_all_of_them(
    released: tuple[Releases, Path], folder: Path
) -> None:
    assert again(released, folder, count=999).n == ITEMS


def test_a_model_that_answers_worse_disagrees_and_the_questions_are_named(
    released: tuple[Releases, Path], folder: Path
) -> None:
    found = again(released, folder, count=ITEMS, executor=Forgetful())
    assert not found.agrees
    assert found.p < 0.05
    said = "\n".join(describe(found))
    assert "DISAGREES" in said
    assert "scores differently: published 'green', now 'a shoe'" in said
    assert "and 14 more" in said


def test_a_score_that_is_not_what_its_answer_is_worth_is_named(
    released: tuple[Releases, Path], folder: Path
) -> None:
    def flatter(samples: list[Sample]) -> list[Sample]:
        return [{**one, "score": 1.0} for one in samples]

    tamper(folder, flatter)
    found = again(released, folder, count=1)
    assert not found.agrees
    assert {one.key for one in found.differing if one.what == "mark"} == {"0", "6", "12", "18"}
    assert "Words 0 its published score is not what its published answer is worth" in "\n".join(
        describe(found)
    )


def test_answers_that_the_model_never_gave_disagree(
    released: tuple[Releases, Path], folder: Path
) -> None:
    def spoil(samples: list[Sample]) -> list[Sample]:
        return [{**one, "output": "a shoe", "score": 0.0} for one in samples]

    tamper(folder, spoil)
    found = again(released, folder, count=ITEMS)
    assert not found.agrees
    assert found.tasks[0].words == 0


def test_a_sample_taken_away_and_one_made_up_are_named(
    released: tuple[Releases, Path], folder: Path
) -> None:
    tamper(folder, lambda samples: [{**samples[0], "key": "made-up"}, *samples[1:]])
    found = again(released, folder, count=3)
    assert not found.agrees
    kinds = {(one.key, one.what) for one in found.differing}
    assert {("0", "missing"), ("made-up", "unknown")} <= kinds


def test_a_question_asked_in_other_words_disagrees(
    released: tuple[Releases, Path], folder: Path
) -> None:
    tamper(folder, lambda samples: [{**one, "prompt_hash": "other"} for one in samples])
    found = again(released, folder, count=2)
    assert not found.agrees
    assert found.tasks[0].prompts == 0


def change_stage(folder: Path, kind: str, **changes: Any) -> None:
    """Change what the evidence says of a stage of the task."""
    path = folder / "hubq.json"
    evidence = json.loads(path.read_text())
    for entry in evidence["results"].values():
        if entry["stage"] == f"{kind}/{VARIANT}/Words":
            entry.update(changes)
    path.write_text(json.dumps(evidence))


def test_another_environment_and_another_device_are_remarked(
    released: tuple[Releases, Path], folder: Path
) -> None:
    path = folder / "hubq.json"
    path.write_text(path.read_text().replace('"device": "cpu"', '"device": "cuda"'))
    change_stage(folder, "generate", environment="f" * 64)
    found = again(released, folder)
    assert found.agrees
    first, second = found.remarks
    assert first.startswith("environment gptqmodel is another one: ")
    assert second == "run on cpu, published from cuda"


def test_scores_by_other_rules_than_ours_are_remarked_and_no_more(
    released: tuple[Releases, Path], folder: Path
) -> None:
    tamper(folder, lambda samples: [{**one, "score": 1.0} for one in samples])
    change_stage(folder, "score", program="f" * 64)
    found = again(released, folder, count=1)
    assert found.agrees
    assert "4 published answers are worth something else by the rules" in found.remarks[0]


def test_scores_without_answers_are_compared_and_that_is_said(
    released: tuple[Releases, Path], folder: Path
) -> None:
    tamper(folder, lambda samples: [{**one, "output": ""} for one in samples])
    path = folder / "evidence" / f"{VARIANT}.zip"
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    entries[SAMPLES.replace("samples", "samples-short")] = entries.pop(SAMPLES)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    found = again(released, folder)
    assert found.agrees
    assert found.tasks[0].words is None
    assert found.remarks == ("Words: its answers are not published, only their scores",)
    assert "answers not published" in describe(found)[1]


def test_nothing_is_run_without_the_files_or_with_another_one(
    released: tuple[Releases, Path], folder: Path, tmp_path: Path
) -> None:
    executor = StandInExecutor()
    with pytest.raises(BadInput, match="again here: Words: words"):
        again(released, folder, executor=executor, data_dir=tmp_path, offline=True)
    (tmp_path / "words.jsonl").write_text('{"index": "0", "question": "Say", "answer": "so"}\n')
    with pytest.raises(BadInput, match="another file than the published one"):
        again(released, folder, executor=executor, data_dir=tmp_path)
    assert not executor.started


def test_what_was_not_released_with_hubq_is_refused(
    released: tuple[Releases, Path], tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match=r"no file hubq\.json"):
        again(released, tmp_path)
    with pytest.raises(BadInput, match="at least one question"):
        again(released, tmp_path, count=0)


def test_samples_that_are_not_published_are_said(
    released: tuple[Releases, Path], folder: Path
) -> None:
    (folder / "evidence" / f"{VARIANT}.zip").unlink()
    with pytest.raises(BadInput, match=f"nothing says how {VARIANT} answered"):
        again(released, folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"results": {"k": {"backend": "transformers"}}}, r"hubq\.json.*stage"),
        ({"recipe": {}}, "does not say what it is"),
        ({"recipe": {"suite": {"tasks": [{"name": "Words", "form": "poem"}]}}}, "suite: Words"),
        ({"recipe": {"suite": {"tasks": "many"}}}, "recipe.suite.tasks"),
    ],
)
def test_evidence_that_makes_no_sense_is_refused_with_the_place(
    released: tuple[Releases, Path], folder: Path, change: dict[str, Any], said: str
) -> None:
    path = folder / "hubq.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(BadInput, match=said):
        again(released, folder)


def test_a_worker_that_fails_is_a_failure_with_its_words(
    released: tuple[Releases, Path], folder: Path
) -> None:
    executor = StandInExecutor(fail={f"generate/{VARIANT}/Words/again": "no such kernel"})
    with pytest.raises(StageFailed, match="no such kernel"):
        again(released, folder, executor=executor)


def test_questions_are_spread_evenly_as_far_as_tasks_have_them() -> None:
    assert allot({"a": 10, "b": 2, "c": 10}, 12) == {"a": 5, "b": 2, "c": 5}
    assert allot({"a": 1, "b": 1}, 9) == {"a": 1, "b": 1}
    assert allot({"b": 5, "a": 5}, 1) == {"a": 1, "b": 0}


@pytest.mark.long
def test_a_repo_on_a_hub_is_evaluated_at_the_commit_it_stands_at(tmp_path: Path) -> None:
    releases = Releases(tmp_path)
    assert releases.run().exit_code == 0
    shutil.rmtree(tmp_path / "runs" / "results")
    repo = f"acme/Small-{VARIANT}"
    found = again((releases, tmp_path), Path(repo), executor=StandInExecutor())
    assert found.agrees
    assert found.label.startswith(f"{repo}@")

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from hubq.evaluate import generation, items, scoring
from hubq.model.outcome import Done
from hubq.model.suite import Form, TaskSpec
from hubq.resources import bundled
from hubq.workers.environments import EnvironmentStore
from hubq.workers.process import WorkerProcess
from hubq.workers.specs import spec_for
from hubq.workers.variables import spec_environ

# --- with the real environment and the nano model ------------------------------------------------

NANO = "nano-qwen2-vl"
TASKS: dict[str, tuple[Form, int]] = {
    "NanoDocVQA_VAL.tsv": ("short-answer", 12),
    "NanoBench_DEV.tsv": ("circular-multiple-choice", 4),
    "NanoText_TEST.jsonl": ("text-answer", 12),
}


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerProcess]:
    spec = spec_for("gptqmodel", "cpu")
    built = EnvironmentStore().build(spec)
    environ = spec_environ(spec, scratch=tmp_path_factory.mktemp("scratch"), threads=1)
    process = WorkerProcess(Path(built.interpreter), environ)
    yield process
    process.close()


def prepared(file: str, folder: Path, limit: int) -> Path:
    form, cut = TASKS[file]
    task = TaskSpec(name="T", form=form, file=file, limit=limit, max_new_tokens=cut)
    items.prepare(task, bundled("examples") / NANO / "data" / file, folder)
    return folder


def generate(
    worker: WorkerProcess, control: Path, checkpoint: Path, shown: Path, **settings: Any
) -> tuple[tuple[generation.Record, ...], dict[str, Any]]:
    given = {"task": {}, "batch_size": 8, "dtype": "bfloat16", "device": "cpu", **settings}
    job = generation.job(given, {"checkpoint": checkpoint, "items": shown})
    outcome = worker.run("generate_transformers", job, control, timeout_s=300)
    assert isinstance(outcome, Done), (control / "log.txt").read_text()
    generation.collect(control / "files", {})
    facts = json.loads((control / "files" / generation.FACTS).read_bytes())
    return generation.read_records(control / "files" / generation.RECORDS), facts


@pytest.mark.backend
@pytest.mark.parametrize("file", sorted(TASKS))
def test_answers_are_those_of_single_prompts_and_come_in_item_order(
    worker: WorkerProcess, tmp_path: Path, file: str
) -> None:
    """In float32 padding moves no greedy answer, so batches of 7 and of 1 must agree."""
    shown = prepared(file, tmp_path / "items", 10)
    model = bundled("examples") / NANO / "model"
    single, _ = generate(worker, tmp_path / "a", model, shown, batch_size=1, dtype="float32")
    batched, facts = generate(worker, tmp_path / "b", model, shown, batch_size=7, dtype="float32")
    assert {record.batch for record in single} == {1}
    assert [replace(record, batch=1) for record in batched] == list(single)
    assert [record.key for record in batched] == [item.key for item in items.read_items(shown)]
    assert all(record.finish == "stop" and record.tokens >= 2 for record in batched)
    assert facts["kernels"] == {"Linear": sum(facts["kernels"].values())}


@pytest.mark.backend
def test_the_next_variant_reuses_the_inputs_and_gives_the_same_prompt_hashes(
    worker: WorkerProcess, tmp_path: Path
) -> None:
    shown = prepared("NanoDocVQA_VAL.tsv", tmp_path / "items", 20)
    model = bundled("examples") / NANO / "model"
    variant = shutil.copytree(model, tmp_path / "variant")
    first, _ = generate(worker, tmp_path / "a", model, shown)
    again, facts = generate(worker, tmp_path / "b", variant, shown)
    assert facts["inputs_reused"]
    assert first == again
    resized, facts = generate(worker, tmp_path / "c", variant, shown, task={"max_pixels": 3136})
    assert not facts["inputs_reused"]
    assert facts["pixel_limits"] == {"shortest_edge": 3136, "longest_edge": 3136}
    assert {r.prompt_hash for r in resized}.isdisjoint({r.prompt_hash for r in first})


def with_changes(shown: Path, folder: Path, changes: dict[str, dict[str, Any]]) -> Path:
    """Return a copy of prepared items, some of them changed."""
    shutil.copytree(shown, folder)
    lines = [json.loads(line) for line in (shown / items.ITEMS).read_bytes().splitlines()]
    changed = [{**line, **changes.get(line["key"], {})} for line in lines]
    (folder / items.ITEMS).write_text("".join(json.dumps(line) + "\n" for line in changed))
    return folder


@pytest.mark.backend
def test_an_answer_ends_at_its_own_stop_text_and_no_other_answer_is_touched(
    worker: WorkerProcess, tmp_path: Path
) -> None:
    shown = prepared("NanoDocVQA_VAL.tsv", tmp_path / "items", 12)
    model = bundled("examples") / NANO / "model"
    plain, _ = generate(worker, tmp_path / "a", model, shown, dtype="float32")
    chosen = next(record for record in plain if len(record.output) >= 3)
    stop = chosen.output[1:3]
    stopping = with_changes(shown, tmp_path / "stop", {chosen.key: {"stop": [stop, "never"]}})
    cut, _ = generate(worker, tmp_path / "b", model, stopping, dtype="float32")
    for before, after in zip(plain, cut, strict=True):
        if before.key == chosen.key:
            assert after.output == before.output[: before.output.index(stop)]
            assert (after.finish, after.tokens < before.tokens) == ("stop", True)
        else:
            assert after == before


@pytest.mark.backend
def test_pictures_in_the_words_are_another_prompt_and_the_same_twice(
    worker: WorkerProcess, tmp_path: Path
) -> None:
    shown = prepared("NanoDocVQA_VAL.tsv", tmp_path / "items", 6)
    model = bundled("examples") / NANO / "model"
    first, second = items.read_items(shown)[:2]
    two: dict[str, Any] = {
        "images": [first.images[0], second.images[0]],
        "text": "<image 2> or <image 1>?",
    }
    changes = {first.key: two, second.key: {**two, "inline": True}}
    mixed = with_changes(shown, tmp_path / "mixed", changes)
    found, _ = generate(worker, tmp_path / "a", model, mixed, batch_size=4)
    again, _ = generate(worker, tmp_path / "b", model, mixed, batch_size=4)
    assert found == again
    assert found[0].prompt_hash != found[1].prompt_hash
    assert all(record.batch in (2, 4) for record in found)


@pytest.mark.backend
def test_the_nano_model_reads_its_pages(worker: WorkerProcess, tmp_path: Path) -> None:
    shown = prepared("NanoDocVQA_VAL.tsv", tmp_path / "items", 100)
    model = bundled("examples") / NANO / "model"
    generate(worker, tmp_path / "a", model, shown, batch_size=50)
    settings = {"task": {"form": "short-answer"}}
    measure = scoring.score(settings, shown, tmp_path / "a" / "files", tmp_path).measures[0]
    assert measure.value > 0.3


@pytest.mark.backend
def test_a_bench_generates_exactly_what_was_asked_and_says_what_is_too_long(
    worker: WorkerProcess, tmp_path: Path
) -> None:
    from hubq.bench import job, measures
    from hubq.bench.asked import asked_of

    load = {"images": 0, "image_size": [84, 84], "batch_size": 1, "output_tokens": 8}
    settings = {
        "workloads": [
            {**load, "name": "one", "input_tokens": 1},
            {**load, "name": "picture", "input_tokens": 5, "images": 2, "batch_size": 3},
            {**load, "name": "long", "input_tokens": 100_000},
        ],
        "warm_up": {"least": 1, "most": 2, "within": 0.05},
        "limit_seconds": 600.0,
        "rounds": {"least": 2, "most": 2, "precision": 0.02, "processes": 1},
        "dtype": "bfloat16",
        "device": "cpu",
    }
    model = bundled("examples") / NANO / "model"
    asked = job.job(settings, [model, None], tmp_path / "partial")
    outcome = worker.run("bench_transformers", asked, tmp_path / "c", timeout_s=300)
    assert isinstance(outcome, Done), (tmp_path / "c" / "log.txt").read_text()
    sitting = tmp_path / "c" / "files"
    assert job.collect(sitting, {}).facts["subjects"] == {"0": "measured", "1": "failed"}
    found = measures.measure(sitting, asked_of(settings), 0, tmp_path)
    assert found.facts["states"] == {"one": "measured", "picture": "measured", "long": "infeasible"}
    assert "positions" in found.facts["why"]["long"]
    bench = json.loads((tmp_path / measures.FACTS).read_bytes())["workloads"]
    assert [load["prompt_tokens"] for load in bench[:2]] == [1, 5 + 2 * (9 + 2)]
    assert {measure.n for measure in found.measures} == {1, 2}

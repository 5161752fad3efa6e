"""The parts of a repo's evidence: items, environments, recipes, archives, and leaks."""

from __future__ import annotations

import hashlib
import socket
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hubq import recipes
from hubq.evaluate import items as preparing
from hubq.evaluate.items import Item, read_items
from hubq.evaluate.marking import mark, rules_of
from hubq.model.card import Evidence
from hubq.model.codec import digest
from hubq.model.environment import EnvironmentStack, Hardware, Installed
from hubq.model.evidence import Question
from hubq.model.result import Result
from hubq.model.stage import Kind, Stage
from hubq.model.suite import TaskSpec
from hubq.release import evidence_environments, evidence_items, evidence_leaks
from hubq.release.evidence_archives import write_archive
from hubq.release.evidence_recipes import recipe_files
from hubq.release.evidence_results import choose
from hubq.resources import bundled
from hubq.store import Store
from hubq.workers.environments import EnvironmentStore
from hubq.workers.specs import SPECS, spec_digest

NANO = {task.name: task for task in recipes.load("nano").suite.tasks}


@pytest.fixture(params=["NanoBench_DEV", "NanoVista_MINI", "NanoText_TEST"])
def task(request: pytest.FixtureRequest) -> TaskSpec:
    """Return a task of the nano suite with few questions: circular, numeric, text."""
    return msgspec.structs.replace(NANO[request.param], limit=6)


def prepared(task: TaskSpec, folder: Path) -> Path:
    file = bundled("examples") / task.file.removeprefix("bundled:")
    preparing.prepare(task, file, folder)
    return folder


def questions(found: evidence_items.Index, task: TaskSpec) -> list[Question]:
    lines = found.files[f"{task.name}.jsonl"].splitlines()
    return [msgspec.json.decode(line, type=Question) for line in lines]


def test_published_right_answers_mark_as_the_items_do(task: TaskSpec, tmp_path: Path) -> None:
    folder = prepared(task, tmp_path / "items")
    found = questions(evidence_items.index(task, folder, gold=True), task)
    rules = rules_of(msgspec.to_builtins(task))
    items = {item.key: item for item in read_items(folder)}
    prompts = [prompt for question in found for prompt in question.prompts or ()]
    assert {prompt.key for prompt in prompts} == items.keys()
    assert len(found) == 6
    for prompt in prompts:
        again = Item(
            question_key="",
            cluster="",
            text="",
            images=(),
            max_new_tokens=1,
            **msgspec.structs.asdict(prompt),
        )
        whole = items[prompt.key]
        for output in (*whole.gold, *(whole.choices or {}).values(), "nonsense", ""):
            assert mark(rules, again, output) == mark(rules, whole, output)


def test_neither_words_nor_pictures_nor_right_answers_are_in_an_index_without_leave(
    task: TaskSpec, tmp_path: Path
) -> None:
    folder = prepared(task, tmp_path / "items")
    allowed = evidence_items.index(task, folder, gold=True)
    found = evidence_items.index(task, folder, gold=False)
    for item in read_items(folder):
        for index in (allowed, found):
            content = b"".join(index.files.values())
            assert item.text.encode() not in content
            assert b"images/" not in content
    assert all(question.prompts is None for question in questions(found, task))
    assert (found.note.gold, found.note.questions) == (False, 6)
    assert "evidence.gold" in found.note.why
    assert found.note.sha256 == allowed.note.sha256 != ""
    assert allowed.note.why == ""


def test_the_words_that_a_scorer_looks_at_are_left_out_too(tmp_path: Path) -> None:
    file = tmp_path / "ocr.tsv"
    file.write_text("index\tquestion\tanswer\ttype\n0\tRead it.\tabc\ttext recognition en\n")
    task = TaskSpec(name="T", form="short-answer", scorer="ocrbench-v2", file=str(file))
    folder = tmp_path / "items"
    preparing.prepare(task, file, folder)
    found = evidence_items.index(task, folder, gold=True)
    content = b"".join(found.files.values())
    assert b"Read it" not in content
    assert str(tmp_path).encode() not in content
    assert questions(found, task)[0].type == "text recognition en"


def test_of_an_upstream_harness_only_a_note_is_published() -> None:
    task = TaskSpec(name="G", form="numeric", harness="lm-eval", harness_task="gsm8k")
    note = evidence_items.upstream(task)
    assert (note.harness, note.questions, note.gold) == ("lm-eval", 0, False)
    assert note.why


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.lock)
def test_the_digest_of_each_environment_is_computed_again_from_its_entry(spec: Any) -> None:
    stack = EnvironmentStack(
        name=spec.name,
        device=spec.device,
        digest=spec_digest(spec),
        installed=Installed(python="3.11.7", implementation="CPython", packages=()),
        hardware=Hardware(os="", kernel="", machine="", cpu="", cores=1, threads=1, memory_bytes=1),
    )
    result = {"environment": stack.digest, "kind": "bench", "stage": "bench/BF16"}
    evidence = Evidence(
        hubq="0", repo="", variant="", source={}, recipe={}, claims=(), results={"k": result}
    )
    told, locks = evidence_environments.describe(
        {stack.digest: stack}, evidence, EnvironmentStore()
    )
    (one,) = told.environments
    assert (one.lock, one.stages) == (f"evidence/locks/{spec.name}-{spec.device}.lock", ("bench",))
    lock = hashlib.sha256(locks[one.lock]).hexdigest()
    assert lock == one.lock_sha256
    parts = {"lock": lock, "python": one.python, "device": one.device, "shim": one.shim}
    assert digest({"install": digest(parts), "variables": one.variables}) == stack.digest
    edited = {**parts, "lock": hashlib.sha256(locks[one.lock] + b"\n").hexdigest()}
    assert digest({"install": digest(edited), "variables": one.variables}) != stack.digest


def test_a_lock_that_is_another_one_now_is_not_published_as_the_stages() -> None:
    stack = EnvironmentStack(
        name="gptqmodel",
        device="cpu",
        digest="0" * 64,
        installed=Installed(python="3.11.7", implementation="CPython", packages=()),
        hardware=Hardware(os="", kernel="", machine="", cpu="", cores=1, threads=1, memory_bytes=1),
    )
    evidence = Evidence(hubq="0", repo="", variant="", source={}, recipe={}, claims=(), results={})
    told, locks = evidence_environments.describe({"0" * 64: stack}, evidence, EnvironmentStore())
    assert (told.environments[0].lock, locks) == ("", {})


@pytest.mark.parametrize("name", recipes.names())
def test_every_bundled_recipe_loads_again_as_it_was(name: str, tmp_path: Path) -> None:
    used = recipes.load(name)
    for path, content in recipe_files(used).items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)
    again = recipes.load(str(tmp_path / "evidence" / "recipe.yaml"))
    assert (again.suite, again.workloads) == (used.suite, used.workloads)
    names = {"suite": used.recipe.suite, "workloads": used.recipe.workloads}
    assert msgspec.structs.replace(again.recipe, **names) == used.recipe


def test_a_recipe_names_files_of_this_machine_without_their_folders(tmp_path: Path) -> None:
    used = recipes.load("nano")
    task = msgspec.structs.replace(used.suite.tasks[0], file=str(tmp_path / "questions.tsv"))
    suite = msgspec.structs.replace(used.suite, tasks=(task,))
    recipe = msgspec.structs.replace(used.recipe, suite=str(tmp_path / "mine.yaml"))
    files = recipe_files(msgspec.structs.replace(used, suite=suite, recipe=recipe))
    assert str(tmp_path).encode() not in b"".join(files.values())
    assert b"file: questions.tsv" in files["evidence/suite.yaml"]


def test_an_archive_has_the_same_bytes_whatever_the_order_of_its_entries(tmp_path: Path) -> None:
    write_archive(tmp_path / "a.zip", {"b": b"2" * 99, "a": b"1"})
    write_archive(tmp_path / "b.zip", {"a": b"1", "b": b"2" * 99})
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.namelist() == ["a", "b"]
        assert archive.read("b") == b"2" * 99


def test_folders_of_this_machine_are_found_in_what_would_be_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    names = evidence_leaks.names_of([tmp_path / "runs"], [tmp_path / "data"])
    evidence_leaks.check("x", b"runs and data are fine, /runs too", names)
    for place in ("runs", "data", "home"):
        said = f'{{"at": "{tmp_path / place}/x"}}'.encode()
        with pytest.raises(evidence_leaks.MachineNamed, match="x would be published"):
            evidence_leaks.check("x", said, names)
    evidence_leaks.check("x", f"{tmp_path}/data".encode(), names, answers=True)
    with pytest.raises(evidence_leaks.MachineNamed):
        evidence_leaks.check("x", f"{tmp_path}/runs".encode(), names, answers=True)


def test_this_machines_name_is_found_where_it_is_no_ordinary_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "gpu-box7")
    names = evidence_leaks.names_of([])
    evidence_leaks.check("x", b"my-gpu-box7 and gpu-box72", names)
    with pytest.raises(evidence_leaks.MachineNamed, match="this machine, gpu-box7"):
        evidence_leaks.check("x", b'"host": "gpu-box7.example.org"', names)
    monkeypatch.setattr(socket, "gethostname", lambda: "workstation")
    evidence_leaks.check("x", b"a workstation", evidence_leaks.names_of([]))


def _commit(store: Store, stage: Stage, files: list[str]) -> tuple[str, dict[str, Any]]:
    """Keep a result with some files; return its key and what `hubq.json` says of it."""
    key = digest(stage.id)
    work = store.work(key) / "files"
    for name in files:
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(name)
    result = Result(
        key=key,
        stage=stage,
        inputs={},
        measures=(),
        files={},
        started="",
        ended="",
        seconds=0.0,
    )
    store.commit(work, result)
    return key, {"stage": stage.id, "kind": stage.kind.value, "environment": ""}


def test_what_is_left_out_of_a_result_is_named_with_the_reason(tmp_path: Path) -> None:
    store = Store(tmp_path)
    quantize = Stage(id="quantize/A", kind=Kind.QUANTIZE, backend="x", settings={}, variant="A")
    generate = msgspec.structs.replace(quantize, id="generate/A/T", kind=Kind.GENERATE)
    score = msgspec.structs.replace(quantize, id="score/A/T", kind=Kind.SCORE)
    weights = ["checkpoint/model.safetensors", "checkpoint/config.json"]
    upstream = ["harness/samples_T.jsonl", "harness/results.json"]
    made = [
        (quantize, [*weights, "quantize.json", "log.txt", "picture.png"]),
        (generate, [*upstream, "generate.json", "records.jsonl", "log.txt"]),
        (score, ["samples.jsonl", "scores.json", "judge.jsonl", "records.jsonl"]),
    ]
    results = dict(_commit(store, stage, files) for stage, files in made)
    evidence = Evidence(
        hubq="0", repo="", variant="A", source={}, recipe={}, claims=(), results=results
    )
    chosen = choose(store, evidence)
    assert chosen.left_out == {
        "quantize/A": {
            "checkpoint/config.json": "weights",
            "checkpoint/model.safetensors": "weights",
            "log.txt": "log",
            "picture.png": "other",
        },
        "generate/A/T": {
            "harness/results.json": "harness",
            "harness/samples_T.jsonl": "harness",
            "log.txt": "log",
            "records.jsonl": "answers",
        },
        "score/A/T": {"judge.jsonl": "judge"},
    }
    assert sorted(chosen.archives["evidence/A.zip"]) == [
        "generate/A/T/generate.json",
        "generate/A/T/result.json",
        "quantize/A/quantize.json",
        "quantize/A/result.json",
        "score/A/T/records.jsonl",
        "score/A/T/result.json",
        "score/A/T/samples.jsonl",
        "score/A/T/scores.json",
    ]

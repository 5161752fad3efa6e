"""What is published beside the weights is all that a stranger needs to check a card."""

from __future__ import annotations

import hashlib
import shutil
import sys
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from hubq import recipes
from hubq.bench.sitting import SITTING_FILE
from hubq.cards.family import read_environments
from hubq.cards.ledger import SELF
from hubq.cards.show import trace
from hubq.errors import StageFailed
from hubq.evaluate import fidelity, scoring
from hubq.evaluate.lines import read_lines
from hubq.evaluate.samples import SAMPLES, Sample, read_samples
from hubq.model.card import EVIDENCE_FILE, Evidence
from hubq.model.codec import digest, pretty, read_json
from hubq.model.environment import EnvironmentSpec, Installed
from hubq.model.evidence import (
    CONTENTS_FILE,
    ENVIRONMENTS_FILE,
    ITEMS_ARCHIVE,
    RECIPE_FILE,
    SHORT_SAMPLES,
    Contents,
    Environments,
    Question,
)
from hubq.model.result import Result
from hubq.model.stage import Kind
from hubq.release.evidence import KIND, Making, evidence_files
from hubq.release.evidence_leaks import MachineNamed
from hubq.release.evidence_results import Chosen, choose, shorten
from hubq.release.status import load_release
from hubq.runner import View
from hubq.store import RESULT_FILE, Store
from hubq.workers.environments import MARKER, PACKAGES, EnvironmentStore, Marker
from hubq.workers.installation import interpreter
from hubq.workers.specs import install_digest, spec_for
from tests.release.releases import Releases
from tests.release.stand_in import StandInExecutor, write_recipe

VARIANTS = ("GPTQ-Int8", "AWQ")


@pytest.fixture(scope="module")
def carded(tmp_path_factory: pytest.TempPathFactory) -> Releases:
    """Return a release whose cards are made; for tests that only look at it."""
    folder = tmp_path_factory.mktemp("carded")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUBQ_CACHE", str(folder / "cache"))
        found = Releases(folder)
        assert found.run(kinds={Kind.CARD}).exit_code == 0
    return found


def view_of(releases: Releases) -> View:
    """Return the results of a finished release."""
    runs = releases.folder / "runs"
    store, keys = Store(runs), load_release(runs, "Small").keys
    there = {name: key for name, key in keys.items() if store.has(key)}
    return View(
        results={name: store.load(key) for name, key in there.items()},
        folders={name: store.folder(key) for name, key in there.items()},
        gaps={},
    )


def made(
    releases: Releases, variant: str, **changes: Any
) -> tuple[dict[str, Path], dict[str, str]]:
    with releases.session(**changes) as session:
        return evidence_files(session, view_of(releases), variant)


def published(releases: Releases, variant: str, folder: Path) -> Evidence:
    """Lay out a repo as a stranger sees it, archives unpacked; return its `hubq.json`."""
    card = view_of(releases).folders[f"card/{variant}"]
    shutil.copytree(card, folder, ignore=shutil.ignore_patterns(RESULT_FILE))
    for name, path in made(releases, variant)[0].items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        if name.endswith(".zip"):
            with zipfile.ZipFile(target) as archive:
                archive.extractall(folder / "unpacked")
    return read_json(folder / EVIDENCE_FILE, Evidence)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_claim_is_traced_with_nothing_but_the_published_files(
    carded: Releases, tmp_path: Path, variant: str
) -> None:
    evidence = published(carded, variant, tmp_path / "repo")
    stages = {key: str(result["stage"]) for key, result in evidence.results.items()}

    def folder_of(key: str) -> Path:
        return tmp_path / "repo" if key == SELF else tmp_path / "repo" / "unpacked" / stages[key]

    traces = [trace(evidence, claim.id, folder_of) for claim in evidence.claims]
    assert len(traces) > 50
    assert [found for found in traces if not found.agrees] == []


@pytest.mark.parametrize("variant", VARIANTS)
def test_each_file_of_a_result_is_published_or_named_as_left_out(
    carded: Releases, tmp_path: Path, variant: str
) -> None:
    evidence = published(carded, variant, tmp_path / "repo")
    contents = read_json(tmp_path / "repo" / CONTENTS_FILE, Contents)
    for key, told in evidence.results.items():
        folder = tmp_path / "repo" / "unpacked" / told["stage"]
        result = read_json(folder / RESULT_FILE, Result)
        assert (result.key, result.stage.id) == (key, told["stage"])
        left = contents.left_out.get(told["stage"], {})
        for name, record in told["files"].items():
            path = folder / name
            assert path.is_file() != (name in left)
            if path.is_file():
                assert hashlib.sha256(path.read_bytes()).hexdigest() == record["sha256"]
    packed = [stage for stages in contents.archives.values() for stage in stages]
    assert sorted(packed) == sorted(told["stage"] for told in evidence.results.values())
    reasons = {why for left in contents.left_out.values() for why in left.values()}
    assert reasons == {"weights", "log", "answers"}


def test_the_table_of_contents_is_right_about_every_file(carded: Releases) -> None:
    files, known = made(carded, "AWQ")
    contents = read_json(files[CONTENTS_FILE], Contents)
    assert files.keys() == {*contents.files, CONTENTS_FILE} == known.keys()
    for name, path in files.items():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == known[name]
    assert contents.size == sum(listed.size for listed in contents.files.values())
    assert (contents.variant, contents.repo) == ("AWQ", "acme/Small-AWQ")
    assert contents.shortened == ()


def test_the_same_release_gives_the_same_bytes(carded: Releases, tmp_path: Path) -> None:
    before = {name: path.read_bytes() for name, path in made(carded, "AWQ")[0].items()}
    kept = carded.folder / "runs" / KIND
    kept.rename(tmp_path / "kept")
    after = {name: path.read_bytes() for name, path in made(carded, "AWQ")[0].items()}
    assert before == after
    with zipfile.ZipFile(made(carded, "AWQ")[0]["evidence/AWQ.zip"]) as archive:
        assert archive.namelist() == sorted(archive.namelist())
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_no_file_names_this_machine(carded: Releases, tmp_path: Path) -> None:
    published(carded, "AWQ", tmp_path / "repo")
    for path in (tmp_path / "repo").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert str(carded.folder).encode() not in content, path
            assert str(Path.home()).encode() not in content, path


def test_scores_are_summarised_again_from_the_published_samples(
    carded: Releases, tmp_path: Path
) -> None:
    published(carded, "AWQ", tmp_path / "repo")
    for folder in (tmp_path / "repo" / "unpacked" / "score").glob("*/*"):
        scores = msgspec.json.decode((folder / "scores.json").read_bytes())
        again = msgspec.json.decode(pretty(scoring.summarise(read_samples(folder / SAMPLES))))
        assert again.items() <= scores.items()
    with zipfile.ZipFile(tmp_path / "repo" / ITEMS_ARCHIVE) as archive:
        archive.extractall(tmp_path / "items")
    questions = read_lines(tmp_path / "items" / "Words.jsonl", Question)
    samples = read_samples(tmp_path / "repo" / "unpacked" / "score" / "AWQ" / "Words")
    assert [(q.key, q.cluster) for q in questions] == [(s.key, s.cluster) for s in samples]
    assert all(question.prompts is None for question in questions)


def test_the_digest_of_a_users_own_interpreter_is_computed_again(
    carded: Releases, tmp_path: Path
) -> None:
    evidence = published(carded, "AWQ", tmp_path / "repo")
    told = read_json(tmp_path / "repo" / ENVIRONMENTS_FILE, Environments).environments
    named = {r["environment"] for r in evidence.results.values() if r["environment"]}
    assert {one.digest for one in told} == named
    for one in told:
        assert one.external
        parts = {"device": one.device, "installed": one.installed, "variables": one.variables}
        assert digest(parts) == one.digest
    stacks = read_environments({"s": tmp_path / "repo" / "unpacked" / "bench" / "AWQ"})
    assert stacks["s"]["digest"] in named


def test_recipe_suite_and_workloads_load_again(carded: Releases, tmp_path: Path) -> None:
    published(carded, "AWQ", tmp_path / "repo")
    again = recipes.load(str(tmp_path / "repo" / RECIPE_FILE))
    with carded.session() as session:
        used = session.loaded
    assert (again.suite, again.workloads) == (used.suite, used.workloads)
    names = {"suite": used.recipe.suite, "workloads": used.recipe.workloads}
    assert msgspec.structs.replace(again.recipe, **names) == used.recipe


@pytest.mark.long
def test_right_answers_are_published_where_the_recipe_allows_them(releases: Releases) -> None:
    releases.recipe = write_recipe(releases.folder / "recipe", evidence={"gold": ["Words"]})
    assert releases.run(kinds={Kind.CARD}).exit_code == 0
    files, _ = made(releases, "AWQ")
    contents = read_json(files[CONTENTS_FILE], Contents)
    assert (contents.tasks[0].gold, contents.tasks[0].why) == (True, "")
    with zipfile.ZipFile(files[ITEMS_ARCHIVE]) as archive:
        lines = archive.read("Words.jsonl").splitlines()
    first = msgspec.json.decode(lines[0], type=Question)
    assert first.prompts is not None
    assert first.prompts[0].gold == ("red",)
    assert b"Say red" not in b"".join(lines)


class _Naming(StandInExecutor):
    """Leaves a path of this machine in what a bench stage leaves."""

    def _bench(self, job: dict[str, Any], files: Path) -> None:
        super()._bench(job, files)
        path = files / SITTING_FILE
        text = path.read_text().replace("tokens over seconds", f"as in {files}")
        path.write_text(text)


@pytest.mark.long
def test_a_result_that_names_a_folder_of_this_machine_is_never_published(
    releases: Releases,
) -> None:
    releases.run(_Naming(), {Kind.CARD})
    with pytest.raises(MachineNamed, match=r"bench/\S+ would be published and names"):
        made(releases, "AWQ")


@pytest.mark.long
def test_a_result_that_was_changed_since_is_refused(releases: Releases) -> None:
    assert releases.run(kinds={Kind.CARD}).exit_code == 0
    shutil.rmtree(releases.folder / "runs" / KIND, ignore_errors=True)
    path = view_of(releases).folders["score/AWQ/Words"] / SAMPLES
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    with pytest.raises(StageFailed, match=r"score/AWQ/Words: samples\.jsonl was changed"):
        made(releases, "AWQ")


class _Wordy(StandInExecutor):
    """Answers at length."""

    def _generate(self, job: dict[str, Any], files: Path) -> None:
        super()._generate(job, files)
        path = files / "records.jsonl"
        records = [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]
        for record in records:
            record["output"] += f", for {digest(record['key'])} says so"
        path.write_bytes(msgspec.json.Encoder().encode_lines(records))


@pytest.mark.long
def test_above_the_limit_the_largest_samples_lose_their_answers_and_nothing_else(
    releases: Releases, tmp_path: Path
) -> None:
    releases.run(_Wordy(), {Kind.CARD})
    view = view_of(releases)
    with releases.session() as session:
        Making(session, view.folders["card/AWQ"], limit=10**9).write(tmp_path / "whole")
        size = read_json(tmp_path / "whole" / CONTENTS_FILE, Contents).size
        for limit, name in ((size - 1, "short"), (1, "shortest")):
            Making(session, view.folders["card/AWQ"], limit=limit).write(tmp_path / name)
    one = read_json(tmp_path / "short" / CONTENTS_FILE, Contents)
    assert one.size < one.limit == size - 1
    assert len(one.shortened) == 1
    contents = read_json(tmp_path / "shortest" / CONTENTS_FILE, Contents)
    assert contents.size > contents.limit == 1
    names = ("BF16", *VARIANTS)
    assert {part.stage for part in contents.shortened} == {f"score/{n}/Words" for n in names}
    for part in contents.shortened:
        with zipfile.ZipFile(tmp_path / "shortest" / part.archive) as archive:
            assert f"{part.stage}/{SAMPLES}" not in archive.namelist()
            short = archive.read(f"{part.stage}/{SHORT_SAMPLES}")
        assert part.short == hashlib.sha256(short).hexdigest()
        assert part.whole == view.results[part.stage].files[SAMPLES].sha256
        whole = read_samples(view.folders[part.stage])
        left = [msgspec.json.decode(line, type=Sample) for line in short.splitlines()]
        assert left == [msgspec.structs.replace(sample, output="") for sample in whole]
        assert scoring.summarise(left) == scoring.summarise(whole)


def test_samples_that_would_not_become_smaller_stay_whole(carded: Releases) -> None:
    evidence = read_json(view_of(carded).folders["card/AWQ"] / EVIDENCE_FILE, Evidence)
    chosen = choose(Store(carded.folder / "runs"), evidence)
    name = "score/AWQ/Words/samples.jsonl"
    line = chosen.archives["evidence/AWQ.zip"][name].splitlines(keepends=True)[0]
    small = Chosen(archives={"evidence/AWQ.zip": {name: line.replace(b'"grey"', b'""')}})
    assert shorten(small, 10**9) == ()
    assert list(small.archives["evidence/AWQ.zip"]) == [name]


def _built(spec: EnvironmentSpec) -> None:
    """Lay out an environment as if it had been built; its interpreter is this one."""
    store = EnvironmentStore()
    folder = store.folder(spec)
    interpreter(folder).parent.mkdir(parents=True)
    interpreter(folder).symlink_to(sys.executable)
    installed = Installed(python="3.11.7", implementation="CPython", packages=())
    (folder / PACKAGES).write_text(pretty(installed))
    marker = Marker(name=spec.name, device=spec.device, digest=install_digest(spec), seconds=1.0)
    (folder / MARKER).write_text(pretty(marker))


@pytest.mark.long
def test_the_locks_are_published_and_make_the_digests_that_stages_name(
    releases: Releases, tmp_path: Path
) -> None:
    _built(spec_for("gptqmodel", "cpu"))
    releases.run(kinds={Kind.CARD}, interpreters={})
    with releases.session(interpreters={}) as session:
        files, _ = evidence_files(session, view_of(releases), "AWQ")
    (one,) = read_json(files[ENVIRONMENTS_FILE], Environments).environments
    assert one.lock == "evidence/locks/gptqmodel-cpu.lock"
    lock = hashlib.sha256(files[one.lock].read_bytes()).hexdigest()
    install = {"lock": lock, "python": one.python, "device": one.device, "shim": one.shim}
    again = digest({"install": digest(install), "variables": one.variables})
    evidence = read_json(view_of(releases).folders["card/AWQ"] / EVIDENCE_FILE, Evidence)
    named = {r["environment"] for r in evidence.results.values() if r["environment"]}
    assert {again} == named
    assert (one.installed, one.external) == (None, False)


@pytest.mark.long
def test_what_fidelity_and_repeats_rest_on_is_published(releases: Releases) -> None:
    (releases.folder / "recipe" / "plain.txt").write_text("some words, " * 40)
    path = releases.folder / "recipe" / "suites" / "words.yaml"
    suite = yaml.safe_load(path.read_text())
    suite["fidelity"] = {"file": "words.jsonl", "limit": 6, "text": "plain.txt", "window": 50}
    suite["repeat"] = {"items": 12, "batch_size": 2}
    path.write_text(yaml.safe_dump(suite))
    releases.run(kinds={Kind.CARD})
    files, _ = made(releases, "AWQ")
    with zipfile.ZipFile(files["evidence/AWQ.zip"]) as archive:
        read = archive.read("score/AWQ/fidelity/records.jsonl").splitlines()
        scored = msgspec.json.decode(archive.read("score/AWQ/fidelity/fidelity.json"))
    readings = [msgspec.json.decode(line, type=fidelity.Reading) for line in read]
    again = msgspec.json.decode(pretty(fidelity.summarise(readings)))
    assert again.items() <= scored.items()
    with zipfile.ZipFile(files["evidence/BF16.zip"]) as archive:
        assert "score/BF16/Words/repeat/samples.jsonl" in archive.namelist()
        assert "generate/BF16/fidelity/records.jsonl" not in archive.namelist()

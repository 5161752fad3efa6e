"""A family is published as it was made, and what people wrote in a README meanwhile stays."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hubq.errors import BadInput, Infeasible, Refused
from hubq.hub.hashes import file_sha256
from hubq.hub.port import Hub
from hubq.model.card import CARD_FILE, CellState
from hubq.model.gap import Gap
from hubq.model.publication import Terms
from hubq.model.result import Result
from hubq.model.stage import Kind, Need, Stage
from hubq.plan import ORDER
from hubq.release.endpoint import Endpoint, storage_head, storage_tree
from hubq.release.publishing import (
    PATCH,
    broken_off,
    planned,
    publication_folder,
    publishable,
    published_files,
)
from hubq.release.run import Report
from hubq.release.status import load_release
from hubq.runner import View
from hubq.store import Store
from tests.release.releases import Releases
from tests.release.stand_in import StandInExecutor, write_recipe

REPO = "acme/Small-AWQ"
PUSHING = ORDER[: ORDER.index(Kind.PUSH) + 1]


def hub_of(releases: Releases) -> Path:
    return releases.folder / "runs" / "hub"


def view_of(releases: Releases) -> View:
    """Return the results of a finished release."""
    runs = releases.folder / "runs"
    store, keys = Store(runs), load_release(runs, "Small").keys
    results = {name: store.load(key) for name, key in keys.items()}
    folders = {name: store.folder(key) for name, key in keys.items()}
    return View(results=results, folders=folders, gaps={})


def readme(releases: Releases, change: Callable[[str], str] | None = None) -> str:
    """Return the published README; with a change, a person's commit of it first."""
    endpoint = Endpoint("local", releases.folder / "runs")
    try:
        hub: Hub = endpoint.hub
        commit = hub.head(REPO)
        assert commit is not None
        text = hub.read(REPO, commit, CARD_FILE).decode()
        if change is not None:
            text = change(text)
            hub.commit(REPO, {CARD_FILE: text.encode()}, message="By hand", parent=commit)
        return text
    finally:
        endpoint.close()


def published(report: Report, releases: Releases) -> dict[str, Any]:
    """Return what the push of a run remembers of each variant."""
    key = load_release(releases.folder / "runs", "Small").keys["push"]
    facts = Store(releases.folder / "runs").load(key).facts
    assert set(report.urls) == {one["variant"] for one in facts["repos"]}
    return {one["variant"]: one for one in facts["repos"]}


@pytest.mark.long
def test_every_file_of_a_variant_is_published(finished: Releases) -> None:
    with finished.session() as session:
        files, known = published_files(session, "AWQ", view_of(finished))
    there = set(storage_tree(hub_of(finished), REPO))
    assert there - {".gitattributes", "SHA256SUMS"} == set(files)
    assert set(known) == set(files)
    for path, sha256 in known.items():
        content = files[path]
        assert isinstance(content, Path)
        assert file_sha256(content) == sha256


@pytest.mark.long
def test_what_a_person_wrote_between_two_releases_survives(releases: Releases) -> None:
    releases.run()

    def by_hand(text: str) -> str:
        start = text.index("<!-- hubq:begin license")
        end = text.index("<!-- hubq:end license -->") + len("<!-- hubq:end license -->")
        text = text[:start] + text[end:]
        text = text.replace("<!-- hubq:end evidence -->", "My doubts.\n<!-- hubq:end evidence -->")
        text = text.replace("\n# ", "\n*Read this first.*\n\n# ", 1)
        return text.replace("library_name: transformers", "library_name: vllm  # mine")

    edited = readme(releases, by_hand)
    write_recipe(releases.folder / "recipe", title="Another", card={"tags": ["new-tag"]})
    report = releases.run(terms=Terms(direct=True))
    assert report.exit_code == 0
    merged = readme(releases)
    for kept in ("*Read this first.*\n\n# ", "My doubts.\n", "library_name: vllm  # mine\n"):
        assert kept in merged
    assert "hubq:begin license" not in merged
    assert "- new-tag\n" in merged
    assert "- new-tag\n" not in edited
    facts = published(report, releases)["AWQ"]["readme"]
    assert set(facts["edited"]) == {"evidence"}
    assert facts["removed"] == ["license"]
    assert facts["keys"] == {"library_name": "a person wrote it"}
    patch = view_of(releases).folders["push"] / "AWQ" / PATCH
    assert "-My doubts.\n" in patch.read_text()
    said = [event.text for event in releases.events if event.stage == "push"]
    assert any("block evidence is left: edited by hand" in text for text in said)
    head = storage_head(hub_of(releases), REPO, None)
    assert releases.run(terms=Terms(direct=True)).done == ()
    assert storage_head(hub_of(releases), REPO, None) == head


@pytest.mark.long
def test_what_a_person_changed_gets_a_pull_request(releases: Releases) -> None:
    releases.run()
    readme(releases, lambda text: text + "\nA postscript\n")
    head = storage_head(hub_of(releases), REPO, None)
    write_recipe(releases.folder / "recipe", card={"tags": ["new-tag"]})
    report = releases.run()
    assert report.exit_code == 0
    assert storage_head(hub_of(releases), REPO, None) == head
    one = published(report, releases)["AWQ"]
    assert one["route"] == "pull-request"
    assert report.urls["AWQ"].endswith("/discussions/1")
    again = releases.run()
    assert again.urls == report.urls
    assert again.done == ()


@pytest.mark.long
def test_an_unchanged_family_sends_nothing_the_second_time(releases: Releases) -> None:
    releases.run()
    head = storage_head(hub_of(releases), REPO, None)
    folders = view_of(releases).folders
    for name in ("push", "verify"):
        shutil.rmtree(folders[name])
    report = releases.run()
    assert report.ran == ("push", "verify")
    assert report.unchanged == ("AWQ", "GPTQ-Int8")
    assert storage_head(hub_of(releases), REPO, None) == head


@pytest.mark.long
def test_broken_markers_are_refused_and_nothing_is_sent(releases: Releases) -> None:
    releases.run()
    readme(releases, lambda text: text.replace("<!-- hubq:end summary -->\n", ""))
    head = storage_head(hub_of(releases), REPO, None)
    write_recipe(releases.folder / "recipe", card={"tags": ["new-tag"]})
    report = releases.run()
    gap = report.gaps["push"]
    assert report.exit_code == Refused.exit_code
    assert gap.refused
    assert "README.md: line" in gap.reason
    assert storage_head(hub_of(releases), REPO, None) == head


@pytest.mark.long
def test_a_plan_of_a_push_only_looks(releases: Releases) -> None:
    with (
        releases.session(PUSHING) as session,
        pytest.raises(BadInput, match="stages are still to be run"),
    ):
        planned(session)
    releases.run(kinds=ORDER[: ORDER.index(Kind.PUSH)])
    with releases.session(PUSHING) as session:
        plan = planned(session)
        assert [one.repo for one in plan.repos] == [REPO, "acme/Small-GPTQ-Int8"]
        assert all(one.new and one.reveal for one in plan.repos)
        assert not publication_folder(session).exists()
        with pytest.raises(BadInput, match="no publication to local was broken off"):
            broken_off(session)
    assert storage_head(hub_of(releases), REPO, None) is None


@pytest.mark.long
def test_one_variant_that_is_not_certified_holds_the_family_back(releases: Releases) -> None:
    report = releases.run(StandInExecutor(fail={"certify/AWQ": "no load"}))
    assert report.gaps["push"].refused
    assert "AWQ is not fit to be published" in report.gaps["push"].reason
    assert storage_head(hub_of(releases), "acme/Small-GPTQ-Int8", None) is None
    forced = releases.run(StandInExecutor(fail={"certify/AWQ": "no load"}), allow_gaps=True)
    assert set(forced.urls) == {"GPTQ-Int8"}


def a_push(**settings: Any) -> Stage:
    said = {"repos": {"AWQ": REPO}, "allow_gaps": False, "allow_failing_snippets": False}
    return Stage(
        id="push",
        kind=Kind.PUSH,
        backend="hubq",
        settings=said | settings,
        needs=(Need(stage="quantize/AWQ"), Need(stage="card/AWQ")),
    )


def a_view(missing: dict[str, Gap] | None = None, **facts: Any) -> View:
    result = Result(
        key="k",
        stage=Stage(id="card/AWQ", kind=Kind.CARD, backend="hubq", settings={}),
        inputs={},
        measures=(),
        files={},
        started="",
        ended="",
        seconds=0.0,
        facts=facts,
    )
    return View(results={"card/AWQ": result}, folders={}, gaps=missing or {})


def test_failing_snippets_are_published_only_on_request() -> None:
    failing = [{"line": 12, "title": "vLLM", "said": "KeyError", "state": "failed"}]
    view = a_view(failing_snippets=failing)
    with pytest.raises(Refused, match=r"1 snippets .* fail \(line 12, under vLLM: KeyError\)"):
        publishable(a_push(), view)
    assert publishable(a_push(allow_failing_snippets=True), view) == ("AWQ",)


def test_missing_numbers_are_published_only_on_request() -> None:
    view = a_view(gaps={"bench/AWQ": "oom"})
    with pytest.raises(Refused, match="1 numbers are missing"):
        publishable(a_push(), view)
    assert publishable(a_push(allow_gaps=True), view) == ("AWQ",)


def test_what_cannot_be_made_here_is_left_out_and_nothing_is_no_family() -> None:
    gap = Gap(state=CellState.INFEASIBLE, reason="no such kernel")
    with pytest.raises(Infeasible, match="no variant"):
        publishable(a_push(), a_view(missing={"quantize/AWQ": gap}))
    failed = Gap(state=CellState.FAILED, reason="broke")
    with pytest.raises(Refused, match="not fit to be published: broke"):
        publishable(a_push(), a_view(missing={"quantize/AWQ": failed}))

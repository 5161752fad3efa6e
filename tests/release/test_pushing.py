"""A release publishes what it made, and what people wrote in a README meanwhile stays."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from hubq.errors import Refused, RemoteMoved
from hubq.hub.hashes import file_sha256
from hubq.hub.port import Hub
from hubq.hub.push_plan import plan_push
from hubq.model.result import Result
from hubq.model.stage import Kind, Stage
from hubq.release.endpoint import Endpoint, storage_head, storage_tree
from hubq.release.pushing import (
    PATCH,
    check_parent,
    known_hashes,
    published_files,
    refuse_snippets,
)
from hubq.release.readmes import readme_for
from hubq.release.status import load_release
from hubq.runner import View
from hubq.store import Store
from tests.fakes import FakeHub
from tests.release.releases import Releases
from tests.release.stand_in import write_recipe

pytestmark = pytest.mark.long

REPO = "acme/Small-AWQ"


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
        text = hub.read(REPO, commit, "README.md").decode()
        if change is not None:
            text = change(text)
            hub.commit(REPO, {"README.md": text.encode()}, message="By hand", parent=commit)
        return text
    finally:
        endpoint.close()


def test_every_file_of_a_card_is_published(finished: Releases) -> None:
    view = view_of(finished)
    files, known = published_files("AWQ", view), known_hashes("AWQ", view)
    assert set(view.results["card/AWQ"].files) <= set(files)
    there = set(storage_tree(hub_of(finished), REPO))
    assert there - {".gitattributes", "SHA256SUMS"} == set(files)
    assert set(known) == set(files)
    assert files["README.md"].parent == view.folders["push/AWQ"]


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
    report = releases.run()
    assert report.exit_code == 0
    merged = readme(releases)
    for kept in ("*Read this first.*\n\n# ", "My doubts.\n", "library_name: vllm  # mine\n"):
        assert kept in merged
    assert "hubq:begin license" not in merged
    assert "- new-tag\n" in merged
    assert "- new-tag\n" not in edited
    view = view_of(releases)
    facts = view.results["push/AWQ"].facts["readme"]
    assert set(facts["edited"]) == {"evidence"}
    assert facts["removed"] == ["license"]
    assert facts["keys"] == {"library_name": "a person wrote it"}
    assert (view.folders["push/AWQ"] / "README.md").read_text() == merged
    assert "-My doubts.\n" in (view.folders["push/AWQ"] / PATCH).read_text()
    said = [event.text for event in releases.events if event.stage == "push/AWQ"]
    assert any("block evidence is left: edited by hand" in text for text in said)
    head = storage_head(hub_of(releases), REPO, None)
    assert releases.run().ran == ()
    assert storage_head(hub_of(releases), REPO, None) == head


def test_an_unchanged_family_sends_nothing_the_second_time(releases: Releases) -> None:
    releases.run()
    head = storage_head(hub_of(releases), REPO, None)
    folders = view_of(releases).folders
    for name in ("push/AWQ", "verify/AWQ"):
        shutil.rmtree(folders[name])
    report = releases.run()
    assert report.ran == ("push/AWQ", "verify/AWQ")
    assert storage_head(hub_of(releases), REPO, None) == head


def test_broken_markers_are_refused_and_nothing_is_sent(releases: Releases) -> None:
    releases.run()
    readme(releases, lambda text: text.replace("<!-- hubq:end summary -->\n", ""))
    head = storage_head(hub_of(releases), REPO, None)
    write_recipe(releases.folder / "recipe", card={"tags": ["new-tag"]})
    report = releases.run()
    gap = report.gaps["push/AWQ"]
    assert report.exit_code == Refused.exit_code
    assert gap.refused
    assert "README.md: line" in gap.reason
    assert storage_head(hub_of(releases), REPO, None) == head


def test_verifying_looks_for_the_readme_that_was_pushed(releases: Releases) -> None:
    releases.run(kinds=[Kind.PUSH])
    readme(releases, lambda text: text + "\nA postscript\n")
    write_recipe(releases.folder / "recipe", card={"tags": ["new-tag"]})
    report = releases.run()
    assert {"push/AWQ", "verify/AWQ"} <= set(report.ran)
    assert "verify/AWQ" not in report.gaps
    assert readme(releases).endswith("\nA postscript\n")


@pytest.mark.parametrize("variant", ["AWQ", "GPTQ-Int8"])
def test_known_hashes_are_those_of_the_files(finished: Releases, variant: str) -> None:
    view = view_of(finished)
    files = published_files(variant, view)
    for path, sha256 in known_hashes(variant, view).items():
        assert file_sha256(files[path]) == sha256


def test_an_edit_while_the_readme_is_merged_is_not_written_over(tmp_path: Path) -> None:
    hub = FakeHub(tmp_path)
    hub.add(REPO, {"README.md": b"# Mine\n"})
    readme_now = readme_for(hub, REPO, b"# Card\n")
    calm = plan_push(hub, REPO, {"README.md": readme_now.content}, message="m")
    check_parent(calm, readme_now)
    hub.add(REPO, {"README.md": b"# Mine, again\n"})
    moved = plan_push(hub, REPO, {"README.md": readme_now.content}, message="m")
    with pytest.raises(RemoteMoved, match="while its README was being merged"):
        check_parent(moved, readme_now)


def test_failing_snippets_are_published_only_on_request() -> None:
    failing = [{"line": 12, "title": "vLLM", "said": "KeyError", "state": "failed"}]
    result = Result(
        key="k",
        stage=Stage(id="card/AWQ", kind=Kind.CARD, backend="hubq", settings={}),
        inputs={},
        measures=(),
        files={},
        started="",
        ended="",
        seconds=0.0,
        facts={"failing_snippets": failing},
    )
    view = View(results={"card/AWQ": result}, folders={}, gaps={})
    settings = {"repo": REPO, "allow_failing_snippets": False}
    stage = Stage(id="push/AWQ", kind=Kind.PUSH, backend="hubq", settings=settings, variant="AWQ")
    with pytest.raises(Refused, match=r"1 snippets .* fail \(line 12, under vLLM: KeyError\)"):
        refuse_snippets(stage, view)
    told = msgspec.structs.replace(stage, settings=settings | {"allow_failing_snippets": True})
    refuse_snippets(told, view)

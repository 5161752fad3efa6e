"""`hubq push` says what it would do, goes on with what was broken off, and undoes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hubq.errors import BadInput, Refused, UserError
from hubq.localhub.faults import Fault
from hubq.localhub.server import LocalHub
from hubq.model.stage import Kind
from hubq.plan import ORDER
from tests.cli.test_commands import hubq, release_arguments
from tests.fakes import WRITER
from tests.release.releases import Releases

pytestmark = pytest.mark.long

REPOS = ("acme/Small-AWQ", "acme/Small-GPTQ-Int8")


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    """Return a Hub of its own, with a token in the environment that may write to acme."""
    with LocalHub(tmp_path / "hub", faults=True, durable=False) as running:
        running.storage.accounts.add("alice", role="write", orgs=("acme",), token=WRITER)
        monkeypatch.setenv("HF_TOKEN", WRITER)
        yield running


@pytest.fixture
def ready(releases: Releases, server: LocalHub) -> list[str]:
    """Return the arguments of a push of a release whose cards are made."""
    releases.run(kinds=ORDER[: ORDER.index(Kind.PUSH)], hub=server.url)
    arguments = release_arguments(releases)
    arguments[arguments.index("local")] = server.url
    assert server.faults is not None
    server.faults.clear_log()
    return arguments


def break_off(server: LocalHub, match: str) -> None:
    """Let the Hub refuse a request for good."""
    assert server.faults is not None
    server.faults.add(Fault(match=match, status=403, times=1))


def test_a_dry_run_only_looks_and_prints_each_repo(ready: list[str], server: LocalHub) -> None:
    done = hubq("push", *ready, "--dry-run")
    assert done.exit_code == 0, done.output
    for repo in REPOS:
        assert repo in done.stdout
    assert "model.safetensors" in done.stdout
    assert "Small quantized with hubq" in done.stdout
    facts = json.loads(hubq("push", *ready, "--dry-run", "--format", "json").stdout)
    assert [one["repo"] for one in facts["repos"]] == list(REPOS)
    assert server.faults is not None
    assert {entry.method for entry in server.faults.log()} == {"GET"}


def test_what_was_broken_off_is_gone_on_with(ready: list[str], server: LocalHub) -> None:
    break_off(server, r"POST .*/acme/Small-GPTQ-Int8/commit/main")
    done = hubq("push", *ready, "--yes")
    assert done.exit_code == 2, done.output
    state = hubq("status", "Small", "--runs-dir", ready[ready.index("--runs-dir") + 1])
    assert "is not finished: go on with hubq push --resume" in state.stderr
    looked = hubq("push", *ready, "--dry-run")
    assert "was broken off; this is what it does" in looked.stderr
    assert all(repo in looked.stdout for repo in REPOS)
    other = hubq("push", *ready, "--dry-run", "--private")
    assert isinstance(other.exception, Refused)
    assert "--abort" in other.exception.remedy
    done = hubq("push", *ready, "--resume", "--yes")
    assert done.exit_code == 0, done.output
    for repo in REPOS:
        assert f"{server.url}/{repo} (published, " in done.stdout
        titles = [commit.title for _, commit in server.storage.repo(repo).history()]
        assert len(titles) == 2
        assert titles[0].startswith("Release ")
        assert not server.storage.repo(repo).record.private
        assert set(server.storage.repo(repo).refs("heads")) == {"main"}
    assert isinstance(hubq("push", *ready, "--resume", "--yes").exception, BadInput)


def test_what_nobody_has_seen_is_undone(ready: list[str], server: LocalHub) -> None:
    break_off(server, r"POST .*/acme/Small-AWQ/commit/main")
    assert hubq("push", *ready, "--yes").exit_code == 2
    done = hubq("push", *ready, "--abort", "--yes")
    assert done.exit_code == 0, done.output
    assert "undone: " in done.stdout
    for repo in REPOS:
        with pytest.raises(Exception, match="not found"):
            server.storage.repo(repo)
    assert isinstance(hubq("push", *ready, "--abort", "--yes").exception, BadInput)
    assert hubq("push", *ready, "--yes").exit_code == 0


def test_a_second_push_only_looks_and_looks_little(ready: list[str], server: LocalHub) -> None:
    assert hubq("push", *ready, "--yes").exit_code == 0
    assert server.faults is not None
    server.faults.clear_log()
    done = hubq("push", *ready, "--yes")
    assert done.exit_code == 0, done.output
    for repo in REPOS:
        assert f"{server.url}/{repo} (unchanged)" in done.stdout
    log = server.faults.log()
    assert {entry.method for entry in log} == {"GET"}
    assert sum(entry.received for entry in log) == 0
    for repo in REPOS:
        assert sum(repo in entry.path for entry in log) <= 3
    assert sum(not any(repo in entry.path for repo in REPOS) for entry in log) <= 3


def test_terms_are_kept(ready: list[str], server: LocalHub) -> None:
    terms = ("--private", "--gated", "manual", "--tag", "v1", "--no-collection", "--bom")
    done = hubq("push", *ready, "--yes", *terms)
    assert done.exit_code == 0, done.output
    repo = server.storage.repo(REPOS[0])
    assert repo.record.private
    assert repo.record.gated == "manual"
    assert repo.refs("tags") == {"v1": repo.head()}
    assert "bom.cdx.json" in repo.files()
    assert "collection:" not in done.stdout


def test_a_token_is_needed_before_anything_else(
    ready: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    error = hubq("push", *ready, "--yes").exception
    assert isinstance(error, UserError)
    assert "no token" in error.message


def test_what_would_be_published_is_laid_into_a_folder(
    ready: list[str], server: LocalHub, tmp_path: Path
) -> None:
    done = hubq("push", *ready, "--into", str(tmp_path / "out"), "--format", "json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert list(told["repos"]) == sorted(REPOS, key=list(told["repos"]).index)
    folder = Path(told["repos"]["acme/Small-AWQ"])
    assert {"README.md", "hubq.json", "config.json", "evidence"} <= {
        p.name for p in folder.iterdir()
    }
    assert told["weights"]["acme/Small-AWQ"]
    assert not list((tmp_path / "out").rglob("*.safetensors"))
    assert (tmp_path / "out" / "report" / "report.md").is_file()
    assert server.faults is not None
    assert not server.faults.log()


def test_a_folder_that_holds_something_is_left_alone(ready: list[str], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("x")
    done = hubq("push", *ready, "--into", str(tmp_path / "out"))
    assert isinstance(done.exception, BadInput) or done.exit_code == 2
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["mine"]


def test_an_unfinished_release_is_not_laid_out(
    releases: Releases, server: LocalHub, tmp_path: Path
) -> None:
    arguments = release_arguments(releases)
    arguments[arguments.index("local")] = server.url
    done = hubq("push", *arguments, "--into", str(tmp_path / "out"))
    assert "still to be run" in str(done.exception or done.output)
    assert not (tmp_path / "out").exists()

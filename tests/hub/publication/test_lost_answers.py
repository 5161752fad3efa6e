from __future__ import annotations

from pathlib import Path

import pytest

from hubq.errors import RemoteMoved, StageFailed
from hubq.hub.port import MAIN, Content, RepoInfo, Unavailable
from hubq.hub.publication.protocol import publish, resume, unfinished
from hubq.hub.remote import Refs
from hubq.hub.retry import Retries
from tests.fakes import FakeHub, Killed
from tests.hub.publication.conftest import view_of
from tests.hub.publication.families import (
    REPOS,
    check_complete,
    check_never_partial,
    plan_of,
)

pytestmark = pytest.mark.usefixtures("fast")

FIRST, SECOND, THIRD = REPOS


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("skip", range(6))
def test_a_lost_answer_to_a_commit_makes_no_second_one(
    hub: FakeHub, publications: Path, patient: Retries, skip: int, after: bool
) -> None:
    before = view_of(hub)
    hub.fail("commit", Unavailable("504"), after=after, times=2, skip=skip)
    publish(hub, plan_of(hub), publications, retries=patient)
    check_complete(before, view_of(hub), 1)


def test_when_the_patience_is_over_the_error_goes_up_and_the_journal_stays(
    hub: FakeHub, publications: Path, patient: Retries
) -> None:
    before = view_of(hub)
    hub.fail("commit", Unavailable("504", retry_after=3600), skip=4)
    with pytest.raises(Unavailable) as caught:
        publish(hub, plan_of(hub), publications, retries=patient)
    assert caught.value.exit_code == 4
    check_never_partial(before, view_of(hub), 1)
    resume(hub, publications, retries=patient)
    check_complete(before, view_of(hub), 1)


def test_the_last_attempt_is_looked_for_as_well(hub: FakeHub, publications: Path) -> None:
    before = view_of(hub)
    hub.fail("commit", Unavailable("504"), after=True, times=6)
    publish(hub, plan_of(hub), publications, retries=Retries(attempts=1))
    check_complete(before, view_of(hub), 1)


def test_a_commit_that_arrives_late_is_recognised(
    hub: FakeHub, publications: Path, patient: Retries
) -> None:
    before = view_of(hub)
    hub.fail("commit", Unavailable("504"))
    hub.fail("commit", RemoteMoved("412"), after=True)
    publish(hub, plan_of(hub), publications, retries=patient)
    check_complete(before, view_of(hub), 1)


class ManglingHub(FakeHub):
    """A hub that stores other bytes than it was given, on branches whose name it dislikes."""

    dislikes = "hubq/"

    def commit(self, repo: str, files: dict[str, Content], **more: object) -> str:  # type: ignore[override]
        if str(more["revision"]).startswith(self.dislikes):
            files = {**files, "config.json": b"spoiled", "README.md": b"spoiled too"}
            del files["hubq.json"]
        return super().commit(repo, files, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("dislikes", ["hubq/", "main"])
def test_other_bytes_on_the_hub_stop_everything_before_the_reveal(
    tmp_path: Path, publications: Path, patient: Retries, dislikes: str
) -> None:
    hub = ManglingHub(tmp_path / "snapshots")
    hub.dislikes = dislikes
    with pytest.raises(StageFailed, match=r"README\.md.*config\.json.*hubq\.json") as caught:
        publish(hub, plan_of(hub), publications, retries=patient)
    assert caught.value.exit_code == 1
    assert all(repo.private for repo in hub.repos.values())
    assert unfinished(publications) is not None


def test_a_branch_that_came_out_wrong_is_made_anew(
    tmp_path: Path, publications: Path, patient: Retries
) -> None:
    hub = ManglingHub(tmp_path / "snapshots")
    before = view_of(hub)
    with pytest.raises(StageFailed):
        publish(hub, plan_of(hub), publications, retries=patient)
    hub.dislikes = "nothing"
    resume(hub, publications, retries=patient)
    check_complete(before, view_of(hub), 1)


class LateHub(FakeHub):
    """A hub whose answers about a branch are a few look-ups older than what it has done."""

    lag = 2

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._shown: dict[tuple[str, str], tuple[str, int]] = {}

    def head(self, repo: str, revision: str = MAIN) -> str | None:
        now = super().head(repo, revision)
        return self._late(repo, revision, now) if now else None

    def info(self, repo: str, revision: str = MAIN) -> RepoInfo:
        now = super().info(repo, revision)
        if revision not in self.repos[repo].branches:
            return now
        return super().info(repo, self._late(repo, revision, now.commit))

    def _late(self, repo: str, revision: str, now: str) -> str:
        shown, left = self._shown.get((repo, revision), (now, self.lag))
        if shown != now and left:
            self._shown[repo, revision] = (shown, left - 1)
            return shown
        self._shown[repo, revision] = (now, self.lag)
        return now


@pytest.mark.parametrize("skip", range(6))
@pytest.mark.parametrize("after", [False, True])
def test_a_hub_that_shows_things_late_is_no_conflict(
    tmp_path: Path, publications: Path, patient: Retries, skip: int, *, after: bool
) -> None:
    hub = LateHub(tmp_path / "snapshots")
    before, plan = view_of(hub), plan_of(hub)
    hub.fail("commit", Unavailable("504"), after=after, skip=skip)
    publish(hub, plan, publications, retries=patient)
    check_complete(before, view_of(hub), 1)


def test_a_branch_that_is_not_listed_yet_is_found_all_the_same(
    hub: FakeHub, publications: Path, patient: Retries, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = view_of(hub)
    hub.die_at(6, after=True)
    with pytest.raises(Killed):
        publish(hub, plan_of(hub), publications, retries=patient)
    refs = hub.refs
    monkeypatch.setattr(hub, "refs", lambda repo: Refs(branches={MAIN: refs(repo).branches[MAIN]}))
    resume(hub, publications, retries=patient)
    check_complete(before, view_of(hub), 1)
    assert sum(line.startswith(f"commit {FIRST}") for line in hub.log) == 2

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hubq.errors import RemoteMoved
from hubq.hub.port import Unavailable
from hubq.hub.publication.abort import abort
from hubq.hub.publication.plan import FamilyPlan, Published
from hubq.hub.publication.protocol import publish, resume
from hubq.hub.retry import Retries
from tests.fakes import BOB, FakeHub, Killed
from tests.hub.publication.conftest import MakeHub, view_of
from tests.hub.publication.families import (
    REPOS,
    VARIANTS,
    plan_of,
    plan_repo,
    release,
    repo_of,
    sha,
    tree_of,
    without_hubs_own,
)

pytestmark = pytest.mark.usefixtures("fast")

ONE = VARIANTS[:1]
REPO = repo_of(VARIANTS[0])


@pytest.fixture
def owners(new_hub: MakeHub) -> FakeHub:
    """A hub where the repos are somebody else's and hold somebody else's files."""
    hub = new_hub()
    for repo in REPOS:
        hub.add(repo, {"README.md": b"# Ours\n", "notes.md": b"notes"}, author="carol")
    return hub


@pytest.fixture
def bobs(owners: FakeHub) -> FakeHub:
    """The same, seen by somebody whose token may only read."""
    return owners.seen_by(BOB)


def proposal(hub: FakeHub, edition: int = 1, *, number: int = 1) -> FamilyPlan:
    return plan_of(hub, edition, number=number, variants=ONE, route="pull-request")


def update(hub: FakeHub, edition: int, *, number: int = 2) -> FamilyPlan:
    """The plan of a run that finds the pull request of the run before."""
    repo = plan_repo(hub, ONE[0], release(ONE[0], edition), route="pull-request", own=1)
    return msgspec.structs.replace(proposal(hub, edition, number=number), repos=(repo,))


def proposed(hub: FakeHub, num: int = 1) -> dict[str, str]:
    files = hub.files(REPO, f"refs/pr/{num}")
    return dict(without_hubs_own({path: sha(content) for path, content in files.items()}))


def first(hub: FakeHub, folder: Path, patient: Retries) -> Published:
    return publish(hub, proposal(hub), folder, retries=patient)


def test_somebody_elses_repo_gets_one_pull_request(
    owners: FakeHub, bobs: FakeHub, publications: Path, patient: Retries
) -> None:
    before = view_of(owners)
    (published,) = first(bobs, publications, patient).repos
    assert bobs.log == [f"send {REPO} model.safetensors", f"propose {REPO} 5+ 0-"]
    assert proposed(bobs) == {**tree_of(ONE[0], 1), "notes.md": sha(b"notes")}
    assert published.route == "pull-request"
    assert published.url.endswith("/discussions/1")
    assert published.changed
    assert view_of(owners) == before


def test_a_second_run_brings_it_up_to_date_and_opens_no_other(
    owners: FakeHub, bobs: FakeHub, publications: Path, patient: Retries
) -> None:
    first(bobs, publications, patient)
    (published,) = publish(bobs, update(bobs, 2), publications, retries=patient).repos
    assert list(owners.repos[REPO].pulls) == [1]
    assert proposed(bobs) == {**tree_of(ONE[0], 2), "notes.md": sha(b"notes")}
    assert published.commit == bobs.head(REPO, "refs/pr/1")
    bobs.log.clear()
    (again,) = publish(bobs, update(bobs, 2, number=3), publications, retries=patient).repos
    assert bobs.log == []
    assert not again.changed
    assert again.commit == published.commit


@pytest.mark.parametrize("after", [False, True])
def test_a_lost_answer_opens_no_second_one(
    owners: FakeHub, bobs: FakeHub, publications: Path, patient: Retries, after: bool
) -> None:
    bobs.fail("propose", Unavailable("504"), after=after, times=2)
    first(bobs, publications, patient)
    assert list(owners.repos[REPO].pulls) == [1]


class ForgetfulHub(FakeHub):
    """A hub whose commits do not keep the description of the pull request."""

    def propose(self, repo: str, files: object, *, description: str = "", **more: object) -> object:  # type: ignore[override]
        return super().propose(repo, files, description="", **more)  # type: ignore[arg-type]


def test_a_pull_request_is_known_by_what_it_holds_too(
    owners: FakeHub, publications: Path, patient: Retries
) -> None:
    bobs = ForgetfulHub(owners.folder, account=BOB)
    bobs.state = owners.state
    bobs.fail("propose", Unavailable("504"), after=True)
    first(bobs, publications, patient)
    assert list(owners.repos[REPO].pulls) == [1]


@pytest.mark.parametrize(
    ("edition", "point", "after"),
    [(edition, n, after) for edition in (1, 2) for n in (1, 2) for after in (False, True)],
)
def test_a_kill_anywhere_leaves_one_pull_request_in_the_end(
    bobs: FakeHub, publications: Path, edition: int, point: int, *, after: bool
) -> None:
    patient = Retries(sleep=lambda _: None)
    if edition == 2:
        first(bobs, publications, patient)
    plan = proposal(bobs) if edition == 1 else update(bobs, 2)
    bobs.die_at(point, after=after)
    with pytest.raises(Killed):
        publish(bobs, plan, publications, retries=patient)
    resume(bobs, publications, retries=patient)
    assert list(bobs.repos[REPO].pulls) == [1]
    assert proposed(bobs) == {**tree_of(ONE[0], edition), "notes.md": sha(b"notes")}
    assert len(bobs.history(REPO, "refs/pr/1")) == 2 + edition


def test_what_others_do_to_it_is_never_written_over(
    owners: FakeHub, bobs: FakeHub, publications: Path, patient: Retries
) -> None:
    first(bobs, publications, patient)
    plan = update(bobs, 2)
    owners.add(REPO, {"README.md": b"theirs"}, author="carol", revision="refs/pr/1")
    with pytest.raises(RemoteMoved, match=r"pull request 1 was changed since the plan[\s\S]*carol"):
        publish(bobs, plan, publications, retries=patient)
    assert proposed(bobs)["README.md"] == sha(b"theirs")


def test_one_that_was_closed_or_merged_meanwhile_is_said(
    owners: FakeHub, bobs: FakeHub, publications: Path, patient: Retries
) -> None:
    first(bobs, publications, patient)
    plan = update(bobs, 2)
    owners.close(REPO, 1)
    with pytest.raises(RemoteMoved, match="pull request 1 is not open any more"):
        publish(bobs, plan, publications, retries=patient)


def test_one_that_another_run_opened_since_the_plan_is_not_doubled(
    owners: FakeHub, bobs: FakeHub, publications: Path, patient: Retries
) -> None:
    late = proposal(bobs, 2, number=9)
    first(bobs, publications, patient)
    with pytest.raises(RemoteMoved, match="was opened since the plan"):
        publish(bobs, late, publications, retries=patient)
    assert list(owners.repos[REPO].pulls) == [1]


def test_a_branch_that_moved_since_the_plan_gets_none(
    owners: FakeHub, bobs: FakeHub, publications: Path, patient: Retries
) -> None:
    plan = proposal(bobs)
    owners.add(REPO, {"README.md": b"newer"}, author="carol", title="Newer")
    with pytest.raises(RemoteMoved, match="Newer"):
        publish(bobs, plan, publications, retries=patient)
    assert bobs.log == []


def test_an_abort_says_that_it_stays_open(
    owners: FakeHub, bobs: FakeHub, publications: Path, patient: Retries
) -> None:
    bobs.die_at(2, after=True)
    with pytest.raises(Killed):
        first(bobs, publications, patient)
    ended = abort(bobs, publications)
    assert ended.undone == ()
    assert ended.stays == (f"{REPO}: pull request 1 is open: {bobs.url(REPO)}/discussions/1",)
    assert list(owners.repos[REPO].pulls) == [1]


def test_a_family_may_go_both_ways(old_hub: MakeHub, publications: Path, patient: Retries) -> None:
    hub = old_hub()
    plan = plan_of(hub, 2)
    theirs = msgspec.structs.replace(plan.repos[0], route="pull-request", reveal=False)
    plan = msgspec.structs.replace(plan, repos=(theirs, *plan.repos[1:]))
    published = publish(hub, plan, publications, retries=patient)
    assert [one.route for one in published.repos] == ["pull-request", "direct", "direct"]
    assert [len(hub.history(repo)) for repo in REPOS] == [2, 3, 3]
    assert len(hub.history(REPO, "refs/pr/1")) == 3

"""A family's publication, ended at every call that changes something, in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hubq.hub.publication.abort import abort
from hubq.hub.publication.journal import JOURNAL_FILE
from hubq.hub.publication.plan import FamilyPlan
from hubq.hub.publication.protocol import publish, resume, unfinished
from hubq.hub.retry import Retries
from hubq.model.publication import Terms
from tests.fakes import FakeHub, Killed
from tests.hub.publication.conftest import MakeHub, view_of
from tests.hub.publication.families import (
    REPOS,
    VARIANTS,
    check_complete,
    check_never_partial,
    plan_of,
    tree_of,
    without_hubs_own,
)

FULL = Terms(tag="v1", gated="auto")
SAMPLED = pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.long)])
"""Every point is for the long suite; five is odd, so that before and after take turns."""

pytestmark = pytest.mark.usefixtures("fast")


def points(
    make: MakeHub, edition: int, folder: Path, patient: Retries, terms: Terms | None = None
) -> list[tuple[int, bool]]:
    """Every call that changes something, before and after its effect."""
    hub = make()
    start = hub.mutations
    publish(hub, plan_of(hub, edition, terms=terms), folder / "whole", retries=patient)
    return [(n, after) for n in range(1, hub.mutations - start + 1) for after in (False, True)]


def killed(
    hub: FakeHub, plan: FamilyPlan, folder: Path, patient: Retries, point: tuple[int, bool]
) -> None:
    hub.die_at(point[0], after=point[1])
    with pytest.raises(Killed):
        publish(hub, plan, folder, retries=patient)


def matrix(
    make: MakeHub,
    edition: int,
    folder: Path,
    patient: Retries,
    then: Callable[[FakeHub, FamilyPlan, Path], None],
    *,
    terms: Terms | None = None,
    step: int = 1,
) -> int:
    """Kill a publication at every point and do something then; returns how many points."""
    every = points(make, edition, folder, patient, terms)
    for n, point in list(enumerate(every))[::step]:
        hub = make()
        before = view_of(hub)
        plan = plan_of(hub, edition, terms=terms)
        place = folder / str(n)
        killed(hub, plan, place, patient, point)
        check_never_partial(before, view_of(hub), edition)
        then(hub, plan, place)
    return len(every)


def going_on(before: FakeHub, edition: int, patient: Retries) -> Callable[..., None]:
    was = view_of(before)

    def then(hub: FakeHub, plan: FamilyPlan, place: Path) -> None:
        pending = unfinished(place)
        assert pending is not None
        assert pending.id == plan.id
        published = resume(hub, place, retries=patient)
        check_complete(was, view_of(hub), edition)
        assert [one.commit for one in published.repos] == [hub.head(repo) for repo in REPOS]
        assert all(one.changed and not one.private for one in published.repos)
        assert not (place / JOURNAL_FILE).exists()
        assert unfinished(place) is None

    return then


@SAMPLED
def test_new_repos_survive_a_kill_anywhere(
    new_hub: MakeHub, publications: Path, patient: Retries, step: int
) -> None:
    then = going_on(new_hub(), 1, patient)
    assert matrix(new_hub, 1, publications, patient, then, step=step) == 50


@SAMPLED
def test_repos_at_an_old_release_survive_a_kill_anywhere(
    old_hub: MakeHub, publications: Path, patient: Retries, step: int
) -> None:
    then = going_on(old_hub(), 2, patient)
    assert matrix(old_hub, 2, publications, patient, then, step=step) == 30


@pytest.mark.long
def test_gates_and_tags_survive_a_kill_anywhere(
    new_hub: MakeHub, publications: Path, patient: Retries
) -> None:
    goes_on = going_on(new_hub(), 1, patient)

    def then(hub: FakeHub, plan: FamilyPlan, place: Path) -> None:
        goes_on(hub, plan, place)
        assert all(hub.repos[repo].gate == "auto" for repo in REPOS)
        assert all(hub.repos[repo].tags == {"v1": hub.head(repo)} for repo in REPOS)

    assert matrix(new_hub, 1, publications, patient, then, terms=FULL) == 62


@pytest.mark.long
def test_a_second_kill_is_survived_too(
    new_hub: MakeHub, publications: Path, patient: Retries
) -> None:
    was = view_of(new_hub())
    every = points(new_hub, 1, publications, patient)

    def then(hub: FakeHub, plan: FamilyPlan, place: Path) -> None:
        for _ in every:
            hub.die_at(2)
            try:
                resume(hub, place, retries=patient)
            except Killed:
                check_never_partial(was, view_of(hub), 1)
                continue
            break
        check_complete(was, view_of(hub), 1)

    matrix(new_hub, 1, publications, patient, then)


@SAMPLED
@pytest.mark.parametrize("edition", [1, 2])
def test_an_abort_anywhere_leaves_nothing_that_was_not_revealed(
    request: pytest.FixtureRequest, publications: Path, edition: int, step: int
) -> None:
    patient = Retries(sleep=lambda _: None)
    make: MakeHub = request.getfixturevalue("new_hub" if edition == 1 else "old_hub")

    def then(hub: FakeHub, plan: FamilyPlan, place: Path) -> None:
        hidden = {repo for repo in REPOS if repo in hub.repos and hub.repos[repo].private}
        shown = set(hub.repos) - hidden
        ended = abort(hub, place)
        assert ended.id == plan.id
        assert unfinished(place) is None
        assert set(hub.repos) == shown
        assert all(one.branches == {"main"} for one in view_of(hub).repos.values())
        moved = [repo for repo in shown if hub.history(repo)[0].message.endswith(plan.id)]
        assert sorted(said.partition(":")[0] for said in ended.stays) == sorted(moved)
        publish(hub, plan_of(hub, edition, number=2), place, retries=patient)
        for variant, repo in zip(VARIANTS, REPOS, strict=True):
            tree = view_of(hub).repos[repo].mains[0]
            assert without_hubs_own(tree) == tree_of(variant, edition)

    matrix(make, edition, publications, patient, then, step=step)


@pytest.mark.long
def test_an_abort_that_is_killed_is_finished_by_the_next(
    new_hub: MakeHub, publications: Path, patient: Retries
) -> None:
    def then(hub: FakeHub, plan: FamilyPlan, place: Path) -> None:
        for after in (True, False):
            hub.die_at(1, after=after)
            try:
                abort(hub, place)
            except Killed:
                continue
        if unfinished(place):
            hub.die_at(10_000)
            abort(hub, place)
        assert all(not repo.private for repo in hub.repos.values())

    matrix(new_hub, 1, publications, patient, then)


@SAMPLED
def test_a_journal_that_is_lost_costs_nothing_but_the_way_back(
    new_hub: MakeHub, publications: Path, patient: Retries, step: int
) -> None:
    def then(hub: FakeHub, plan: FamilyPlan, place: Path) -> None:
        (place / JOURNAL_FILE).unlink(missing_ok=True)
        again = plan_of(hub, 1, number=2)
        publish(hub, again, place, retries=patient)
        now = view_of(hub)
        for repo in REPOS:
            assert len(now.repos[repo].mains) == 2
            assert not now.repos[repo].private

    matrix(new_hub, 1, publications, patient, then, step=step)


@SAMPLED
def test_another_branch_is_made_once_or_taken_away_again(
    old_hub: MakeHub, publications: Path, patient: Retries, step: int
) -> None:
    mains = view_of(old_hub())

    def then(hub: FakeHub, plan: FamilyPlan, place: Path) -> None:
        undo = int(place.name) % 3 == 0
        if undo:
            ended = abort(hub, place)
        else:
            resume(hub, place, retries=patient)
        now = view_of(hub)
        for repo in REPOS:
            assert now.repos[repo].mains == mains.repos[repo].mains
            moved = len(hub.history(repo, "v2")) == 3 if hub.head(repo, "v2") else False
            assert now.repos[repo].branches == ({"main", "v2"} if moved else {"main"})
            assert moved or undo
            if undo:
                said = f"{repo}: v2 holds the new release already"
                assert moved == any(line.startswith(said) for line in ended.stays)

    terms = Terms(revision="v2")
    assert matrix(old_hub, 2, publications, patient, then, terms=terms, step=step) == 36

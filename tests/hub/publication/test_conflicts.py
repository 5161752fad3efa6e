from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hubq.errors import BadInput, RemoteMoved
from hubq.hub.publication.protocol import publish
from hubq.hub.retry import Retries
from hubq.model.publication import Terms
from tests.fakes import BOB, FakeHub
from tests.hub.publication.families import (
    REPOS,
    VARIANTS,
    plan_of,
    plan_repo,
    release,
)

pytestmark = pytest.mark.usefixtures("fast")

FIRST, SECOND, THIRD = REPOS


def test_a_tag_that_is_taken_is_said_before_anything_is_sent(
    old: FakeHub, publications: Path, patient: Retries
) -> None:
    old.create_tag(THIRD, "v1", old.head(THIRD) or "", "theirs")
    old.log.clear()
    with pytest.raises(RemoteMoved, match=f"{THIRD}: tag v1 is on"):
        publish(old, plan_of(old, 2, terms=Terms(tag="v1")), publications, retries=patient)
    assert old.log == []


@pytest.mark.parametrize("repo", REPOS)
def test_a_stale_parent_shows_the_difference_and_nothing_is_sent(
    old: FakeHub, publications: Path, patient: Retries, repo: str
) -> None:
    plan = plan_of(old, 2)
    theirs = old.add(repo, {"README.md": b"# Mine\n"}, author="bob", title="Mend the card")
    with pytest.raises(RemoteMoved, match=r"README\.md[\s\S]*Mend the card \(bob") as caught:
        publish(old, plan, publications, retries=patient)
    assert caught.value.exit_code == 5
    assert old.log == []
    assert old.head(repo) == theirs


@pytest.mark.parametrize("skip", range(6))
def test_an_edit_during_the_push_is_never_lost(
    old: FakeHub, publications: Path, patient: Retries, skip: int
) -> None:
    old.meanwhile(
        "commit", lambda: old.add(SECOND, {"README.md": b"# Mine\n"}, author="bob"), skip=skip
    )
    with pytest.raises(RemoteMoved, match="bob"):
        publish(old, plan_of(old, 2), publications, retries=patient)
    line = [past.authors for past in old.history(SECOND)]
    assert line[0] == ("bob",)
    assert old.files(SECOND)["README.md"] == b"# Mine\n"
    later = old.history(THIRD)[0].message
    assert (f"hubq-publication: {plan_of(old, 2).id}" in later) is (skip == 5)


def test_a_repo_that_somebody_made_meanwhile_is_left_alone(
    hub: FakeHub, publications: Path, patient: Retries
) -> None:
    plan = plan_of(hub)
    hub.add(SECOND, {"README.md": b"a person's"}, private=True)
    with pytest.raises(RemoteMoved, match="somebody else made it"):
        publish(hub, plan, publications, retries=patient)
    assert hub.log == []


def test_a_repo_that_has_gone_meanwhile_is_said(
    old: FakeHub, publications: Path, patient: Retries
) -> None:
    plan = plan_of(old, 2)
    del old.repos[SECOND]
    with pytest.raises(RemoteMoved, match=f"{SECOND}: gone from"):
        publish(old, plan, publications, retries=patient)
    assert old.log == []


def test_a_sibling_that_changes_before_the_reveal_stops_it(
    hub: FakeHub, publications: Path, patient: Retries
) -> None:
    plan = plan_of(hub)
    hub.meanwhile("commit", lambda: hub.add(FIRST, {"x": b"x"}, author="bob"), after=True, skip=5)
    with pytest.raises(RemoteMoved, match="nothing of the family was revealed"):
        publish(hub, plan, publications, retries=patient)
    assert all(repo.private for repo in hub.repos.values())
    assert hub.state.shelf == {}


def test_a_token_that_may_only_read_gets_no_further_than_the_first_step(
    hub: FakeHub, publications: Path, patient: Retries
) -> None:
    with pytest.raises(BadInput, match="no permission"):
        publish(hub.seen_by(BOB), plan_of(hub), publications, retries=patient)
    assert hub.repos == {}


def test_a_repo_that_nothing_changes_in_must_not_move_either(
    old: FakeHub, publications: Path, patient: Retries
) -> None:
    plan = plan_of(old, 2)
    same = plan_repo(old, VARIANTS[0], release(VARIANTS[0], 1))
    plan = msgspec.structs.replace(plan, repos=(same, *plan.repos[1:]))
    old.meanwhile("upload", lambda: old.add(FIRST, {"x": b"x"}, author="bob"))
    with pytest.raises(RemoteMoved, match=FIRST):
        publish(old, plan, publications, retries=patient)
    assert all(old.history(repo)[0].title.startswith("Release") for repo in (SECOND, THIRD))
    assert all(len(old.history(repo)) == 2 for repo in (SECOND, THIRD))

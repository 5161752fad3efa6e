from __future__ import annotations

from pathlib import Path

import pytest

from hubq.errors import BadInput
from hubq.hub.publication.ownership import check_targets, is_ours, title_of
from hubq.hub.remote import Refs
from hubq.model.publication import Terms
from tests.fakes import BOB, FakeHub
from tests.hub.publication.wishes import AWQ, INT4, Family, card, wish

OURS = "Release AWQ of nano with hubq"


def test_our_commits_are_known_by_their_titles() -> None:
    assert is_ours(title_of("GPTQ-Int4", "up/nano@1a2b3c4"))
    assert is_ours(OURS + " (#12)")
    for title in (
        "initial commit",
        OURS + " by hand",
        "Release of x with hubq",
        "Update README.md",
    ):
        assert not is_ours(title)


def test_a_repo_that_only_hubq_wrote_to_is_ours(published: Family, hub: FakeHub) -> None:
    hub.add(AWQ, {"config.json": b"[]"}, title=OURS)
    hub.asked.clear()
    plan = published.one(wish(AWQ))
    assert (plan.route, plan.why) == ("direct", "")
    assert f"history {AWQ}" in hub.asked


def test_the_history_is_not_asked_for_where_the_receipt_says_whose_it_is(
    published: Family, hub: FakeHub
) -> None:
    assert published.one(wish(AWQ, 2)).route == "direct"
    assert f"history {AWQ}" not in hub.asked
    assert published.one(wish(AWQ, 2), receipt=False).route == "direct"
    assert f"history {AWQ}" in hub.asked


def test_a_repo_with_nothing_but_the_hubs_first_commit_is_free(
    family: Family, hub: FakeHub
) -> None:
    hub.create(AWQ, private=True)
    plan = family.one(wish(AWQ))
    assert (plan.new, plan.route, plan.why) == (False, "direct", "")


def test_a_repo_that_somebody_else_made_gets_a_pull_request(family: Family, hub: FakeHub) -> None:
    hub.add(AWQ, {"README.md": card("AWQ")})
    assert family.one(wish(AWQ)).why == "hubq did not make it"
    hub.add(AWQ, {"config.json": b"{}"}, title=OURS)
    plan = family.one(wish(AWQ))
    assert (plan.route, plan.why) == ("pull-request", "hubq did not make it")


def test_a_history_that_begins_with_a_persons_commit_is_theirs(
    published: Family, hub: FakeHub
) -> None:
    found = hub.repos[AWQ]
    squashed = hub.add(AWQ, {"config.json": b"[]"}, title="Squash")
    found.parents[squashed] = None
    assert published.one(wish(AWQ)).why == "hubq did not make it"


def test_a_repo_that_a_person_changed_since_gets_a_pull_request(
    published: Family, hub: FakeHub
) -> None:
    hub.add(AWQ, {"notes.md": b"mine"}, author="carol", title="Add notes")
    hub.add(AWQ, {"config.json": b"[]"}, title=OURS)
    plan = published.one(wish(AWQ, 2))
    assert (plan.route, plan.why) == ("pull-request", "carol changed it since (Add notes)")
    assert published.one(wish(INT4, 2)).route == "direct"


def test_nobody_is_asked_whose_it_is_when_there_is_nothing_to_send(
    published: Family, hub: FakeHub
) -> None:
    hub.add(AWQ, {"notes.md": b"mine"})
    hub.asked.clear()
    plan = published.one(wish(AWQ))
    assert (plan.empty, plan.route, plan.kept) == (True, "direct", ("notes.md",))
    assert f"history {AWQ}" not in hub.asked


def test_direct_writes_to_other_peoples_repos_where_the_token_may(
    family: Family, hub: FakeHub
) -> None:
    hub.add(AWQ, {"README.md": b"mine"})
    plan = family.one(wish(AWQ), Terms(direct=True))
    assert (plan.route, plan.why) == ("direct", "hubq did not make it")
    reader = Family(hub.seen_by(BOB), family.folder)
    with pytest.raises(BadInput, match="bob's token may not write there") as caught:
        reader.plan(wish(AWQ), terms=Terms(direct=True))
    assert "leave out --direct" in caught.value.remedy


def test_a_repo_does_not_become_ours_by_a_direct_push(family: Family, hub: FakeHub) -> None:
    hub.add(AWQ, {"README.md": b"mine"})
    family.push(wish(AWQ), terms=Terms(direct=True))
    assert family.one(wish(AWQ)).empty
    assert family.one(wish(AWQ, 2)).why == "hubq did not make it"


def test_a_token_that_may_only_read_proposes(published: Family, hub: FakeHub) -> None:
    reader = Family(hub.seen_by(BOB), published.folder)
    plan = reader.one(wish(AWQ, 2))
    assert (plan.route, plan.why) == ("pull-request", "this token may not write there")


def test_a_pull_request_goes_to_main_only(published: Family, hub: FakeHub) -> None:
    reader = Family(hub.seen_by(BOB), published.folder)
    with pytest.raises(BadInput, match="those go to main, not to next"):
        reader.plan(wish(AWQ, 2), terms=Terms(revision="next"))


def test_targets_are_checked_early_and_cheaply(published: Family, hub: FakeHub) -> None:
    check_targets(hub, [AWQ, INT4, "acme/new"])
    assert hub.asked == ["whoami"]
    reader = hub.seen_by(BOB)
    check_targets(reader, [AWQ, INT4])
    with pytest.raises(BadInput, match="acme/new: bob's token may not write there"):
        check_targets(reader, [AWQ, "acme/new"])
    with pytest.raises(BadInput, match="--direct"):
        check_targets(reader, [AWQ], direct=True)
    with pytest.raises(BadInput, match="no token"):
        check_targets(hub.seen_by(None), [AWQ])


class LateHub(FakeHub):
    """A hub that goes on listing a branch that was deleted."""

    def refs(self, repo: str) -> Refs:
        found = super().refs(repo)
        return Refs(branches={**found.branches, "hubq/0123abcd-456789": "0" * 40}, tags=found.tags)


def test_a_branch_that_is_only_listed_still_is_no_publication(tmp_path: Path, fast: None) -> None:
    family = Family(LateHub(tmp_path / "snapshots"), tmp_path / "publications")
    family.push(wish(AWQ))
    assert family.one(wish(AWQ, 2)).route == "direct"

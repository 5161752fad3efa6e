from __future__ import annotations

import pytest

from hubq.hub.manifest import MANIFEST
from hubq.hub.publication.plan import RepoPlan
from hubq.model.publication import Terms
from tests.fakes import ALICE, BOB, FakeHub
from tests.hub.publication.wishes import AWQ, Family, card, changes, wish

ALONE = Terms(collection=False)


@pytest.fixture
def reader(hub: FakeHub, family: Family) -> Family:
    """The family wanted by somebody whose token may only read; the repo is alice's."""
    hub.add(AWQ, {"README.md": b"# Mine\n> by hand\n", "notes.md": b"mine"}, author="alice")
    return Family(hub.seen_by(BOB), family.folder)


def asked(family: Family) -> list[str]:
    hub = family.hub
    assert isinstance(hub, FakeHub)
    return hub.asked


def plan(family: Family, edition: int = 1) -> RepoPlan:
    return family.one(wish(AWQ, edition), ALONE)


def test_a_first_run_opens_a_pull_request(reader: Family, hub: FakeHub) -> None:
    found = plan(reader)
    assert (found.route, found.pull_request, found.pull_head) == ("pull-request", 0, "")
    assert found.kept == ("notes.md",)
    before = hub.head(AWQ)
    pushed = reader.push(wish(AWQ), terms=ALONE)
    assert hub.head(AWQ) == before
    assert pushed.repos[0].route == "pull-request"
    there = hub.files(AWQ, "refs/pr/1")
    assert there["README.md"] == card("AWQ") + b"> by hand\n"
    assert there["notes.md"] == b"mine"


def test_a_second_run_finds_it_and_sends_nothing(reader: Family) -> None:
    reader.push(wish(AWQ), terms=ALONE)
    asked(reader).clear()
    again = plan(reader)
    assert (again.route, again.pull_request, again.empty) == ("pull-request", 1, True)
    assert asked(reader) == ["whoami", f"info {AWQ}", f"pull_requests {AWQ}", f"info {AWQ}"]


def test_without_its_receipt_the_pull_request_is_found_too(reader: Family) -> None:
    reader.push(wish(AWQ), terms=ALONE)
    again = reader.one(wish(AWQ), ALONE, receipt=False)
    assert (again.pull_request, again.empty) == (1, True)


def test_a_run_with_other_files_updates_it(reader: Family, hub: FakeHub) -> None:
    reader.push(wish(AWQ), terms=ALONE)
    found = plan(reader, 2)
    assert found.pull_request == 1
    assert found.pull_head == hub.head(AWQ, "refs/pr/1")
    assert found.parent == hub.head(AWQ)
    assert set(changes(found)) == {"README.md", "hubq.json", MANIFEST}
    reader.push(wish(AWQ, 2), terms=ALONE)
    assert len(hub.repos[AWQ].pulls) == 1
    assert hub.files(AWQ, "refs/pr/1")["hubq.json"] == b'{"edition": 2}'
    assert plan(reader, 2).empty


def test_what_a_person_adds_to_the_pull_request_survives(reader: Family, hub: FakeHub) -> None:
    reader.push(wish(AWQ), terms=ALONE)
    edited = hub.files(AWQ, "refs/pr/1")["README.md"] + b"> a reviewer's\n"
    hub.add(AWQ, {"README.md": edited}, revision="refs/pr/1", author="alice")
    found = plan(reader, 2)
    content = found.files["README.md"].content
    assert isinstance(content, bytes)
    assert content.endswith(b"> by hand\n> a reviewer's\n")


def test_files_that_only_the_pull_request_has_go_again(reader: Family, hub: FakeHub) -> None:
    reader.push(wish(AWQ, old__json=b"old"), terms=ALONE)
    assert plan(reader).removed == ("old.json",)
    reader.push(wish(AWQ), terms=ALONE)
    assert "old.json" not in hub.files(AWQ, "refs/pr/1")


def test_a_merged_pull_request_leaves_nothing_to_send(reader: Family, hub: FakeHub) -> None:
    reader.push(wish(AWQ), terms=ALONE)
    hub.merge(AWQ, 1, author="alice")
    found = plan(reader)
    assert (found.empty, found.pull_request, found.route) == (True, 0, "direct")
    assert plan(reader, 2).pull_request == 0


def test_a_closed_pull_request_is_not_opened_again(reader: Family, hub: FakeHub) -> None:
    reader.push(wish(AWQ), terms=ALONE)
    hub.close(AWQ, 1)
    assert plan(reader).pull_request == 0
    reader.push(wish(AWQ), terms=ALONE)
    assert set(hub.repos[AWQ].pulls) == {1, 2}


def test_pull_requests_of_others_are_not_ours(reader: Family, hub: FakeHub) -> None:
    carol = Family(hub.seen_by(ALICE), reader.folder.with_name("other"))
    carol.push(wish(AWQ), terms=ALONE)
    assert plan(reader).pull_request == 0


def test_of_several_open_ones_the_one_of_this_release_is_found(
    reader: Family, hub: FakeHub
) -> None:
    base = hub.head(AWQ)
    assert base is not None
    titles = ("Mend a typo", wish(AWQ).title, "Release AWQ of something else with hubq")
    for number, title in enumerate(titles):
        reader.hub.propose(AWQ, {f"{number}.md": b"x"}, title=title, base=base)
    assert plan(reader).pull_request == 2
    hub.close(AWQ, 2)
    assert plan(reader).pull_request == 3
    hub.close(AWQ, 3)
    assert plan(reader).pull_request == 0


def test_a_pull_request_of_ours_that_was_merged_keeps_a_repo_ours(
    published: Family, hub: FakeHub
) -> None:
    reader = Family(hub.seen_by(BOB), published.folder.with_name("other"))
    reader.push(wish(AWQ, 2), terms=ALONE)
    hub.merge(AWQ, 1, author="alice")
    assert plan(published, 3).why == ""


def test_a_tag_and_a_gate_are_not_for_a_pull_request(reader: Family) -> None:
    terms = Terms(collection=False, tag="v1", gated="auto")
    found = reader.one(wish(AWQ), terms)
    assert not found.tag
    assert not found.gate
    assert "not gated and not tagged: this token may not write there" in found.remarks


def test_another_publication_does_not_keep_a_proposal_back(reader: Family, hub: FakeHub) -> None:
    hub.add(AWQ, {"x": b"y"}, revision="hubq/0123abcd-456789")
    assert plan(reader).route == "pull-request"


def test_a_token_that_may_write_now_asks_whose_it_is(reader: Family, hub: FakeHub) -> None:
    reader.push(wish(AWQ), terms=ALONE)
    writer = Family(hub.seen_by(ALICE), reader.folder)
    assert plan(writer, 2).why == "hubq did not make it"

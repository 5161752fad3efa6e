"""Plans and publications with the real client against the embedded Hub."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hubq.hub.huggingface import HuggingFaceHub
from hubq.hub.retry import Retries
from hubq.model.publication import Terms
from tests.fakes import READER, WRITER
from tests.hub.publication.wishes import Family, wish

pytestmark = pytest.mark.long

if TYPE_CHECKING:
    from hubq.localhub.server import LocalHub

ALONE = Terms(collection=False)
_names = itertools.count()


@pytest.fixture
def names() -> tuple[str, str]:
    """Two repos of this test's own."""
    number = next(_names)
    return f"acme/live{number}-AWQ", f"acme/live{number}-Int4"


def client(server: LocalHub, token: str = WRITER) -> HuggingFaceHub:
    """A client that has asked nothing yet, as at the start of a run."""
    return HuggingFaceHub(server.url, token, retries=Retries(sleep=lambda _: None))


def requests(server: LocalHub) -> list[tuple[str, str]]:
    assert server.faults is not None
    return [(entry.method, entry.path) for entry in server.faults.log()]


def forget(server: LocalHub) -> None:
    assert server.faults is not None
    server.faults.clear_log()


def test_a_plan_of_a_new_family_sends_only_gets(
    server: LocalHub, names: tuple[str, str], publications: Path
) -> None:
    plan = Family(client(server), publications).plan(*map(wish, names))
    assert all(one.new for one in plan.repos)
    assert {method for method, _ in requests(server)} == {"GET"}


def test_an_unchanged_family_is_known_by_one_request_a_repo_and_two_for_the_family(
    server: LocalHub, names: tuple[str, str], publications: Path, fast: None
) -> None:
    Family(client(server), publications).push(*map(wish, names))
    for receipt in (True, False):
        forget(server)
        plan = Family(client(server), publications).plan(*map(wish, names), receipt=receipt)
        assert plan.empty
        sent = requests(server)
        assert {method for method, _ in sent} == {"GET"}
        for name in names:
            assert sum(f"/{name}" in path for _, path in sent) <= (1 if receipt else 3)
        others = [path for _, path in sent if not any(f"/{name}" in path for name in names)]
        assert len(others) <= (2 if receipt else 3)


def test_a_token_that_may_only_read_proposes_updates_and_then_sends_nothing(
    server: LocalHub, names: tuple[str, str], publications: Path, fast: None
) -> None:
    name = names[0]
    owner = client(server)
    owner.create(name, private=False)
    owner.commit(name, {"README.md": b"# Mine\n> by hand\n"}, message="Mine", parent=None)
    head = owner.head(name)
    bob = Family(client(server, READER), publications)
    first = bob.push(wish(name), terms=ALONE).repos[0]
    assert (first.route, first.changed) == ("pull-request", True)
    second = bob.push(wish(name, 2), terms=ALONE).repos[0]
    assert second.url == first.url
    assert second.commit != first.commit
    forget(server)
    plan = Family(client(server, READER), publications).plan(wish(name, 2), terms=ALONE)
    assert plan.empty
    assert plan.repos[0].pull_request == 1
    assert {method for method, _ in requests(server)} == {"GET"}
    assert len(requests(server)) <= 4
    assert owner.head(name) == head


def test_a_persons_commit_since_makes_it_a_pull_request_and_the_merged_one_counts_as_ours(
    server: LocalHub, names: tuple[str, str], publications: Path, fast: None
) -> None:
    name = names[0]
    alice = Family(client(server), publications)
    alice.push(wish(name), terms=ALONE)
    bob = Family(client(server, READER), publications.with_name("bobs"))
    bob.push(wish(name, 2), terms=ALONE)
    api = client(server)._api()
    api.merge_pull_request(name, 1)
    assert alice.one(wish(name, 3), ALONE).why == ""
    alice.hub.commit(name, {"notes.md": b"mine"}, message="Add notes", parent=None)
    plan = alice.one(wish(name, 3), ALONE)
    assert (plan.route, plan.why) == ("pull-request", "alice changed it since (Add notes)")


def test_a_stale_plan_is_told_with_what_changed(
    server: LocalHub, names: tuple[str, str], publications: Path, fast: None
) -> None:
    from hubq.errors import RemoteMoved
    from hubq.hub.publication.protocol import publish

    name = names[0]
    alice = Family(client(server), publications)
    alice.push(wish(name), terms=ALONE)
    plan = alice.plan(wish(name, 2), terms=ALONE)
    alice.hub.commit(name, {"notes.md": b"mine"}, message="Add notes", parent=None)
    with pytest.raises(RemoteMoved, match=r"notes\.md.*\n.*Add notes \(alice, "):
        publish(alice.hub, plan, publications)

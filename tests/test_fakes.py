"""What tests rely on in the hub in memory, besides the port's promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from hubq.errors import BadInput
from hubq.hub.port import Content, Unavailable
from tests.fakes import BOB, FakeHub, Killed, model_files

REPO = "acme/nano"
FILES: dict[str, Content] = {"a.bin": b"a", "b.bin": b"b", "c.txt": b"c"}


@pytest.fixture
def hub(tmp_path: Path) -> FakeHub:
    made = FakeHub(tmp_path)
    made.add(REPO, model_files())
    return made


@pytest.mark.parametrize("after", [False, True])
def test_it_dies_at_a_mutation_before_or_after_its_effect(hub: FakeHub, after: bool) -> None:
    hub.die_at(2, after=after)
    hub.create("acme/one", private=True)
    with pytest.raises(Killed):
        hub.create("acme/two", private=True)
    assert ("acme/two" in hub.repos) is after
    assert hub.mutations == 2
    hub.create("acme/three", private=True)


def test_an_upload_is_one_mutation_for_each_file_that_is_not_there(hub: FakeHub) -> None:
    hub.die_at(2)
    with pytest.raises(Killed):
        hub.upload(REPO, FILES, known={})
    assert hub.log == [f"send {REPO} a.bin"]
    assert hub.upload(REPO, FILES, known={}) == "LFS"
    assert hub.log == [f"send {REPO} a.bin", f"send {REPO} b.bin"]
    assert hub.upload(REPO, FILES, known={}) == ""


def test_a_failure_is_planned_for_a_certain_call(hub: FakeHub) -> None:
    hub.fail("commit", Unavailable("gone"), after=True, skip=1)
    hub.commit(REPO, {"x": b"1"}, message="One", parent=None)
    with pytest.raises(Unavailable):
        hub.commit(REPO, {"x": b"2"}, message="Two", parent=None)
    assert hub.files(REPO)["x"] == b"2"
    hub.fail("tree", Unavailable("gone"))
    with pytest.raises(Unavailable):
        hub.tree(REPO)
    assert hub.tree(REPO)


def test_somebody_else_acts_in_between(hub: FakeHub) -> None:
    hub.meanwhile("commit", lambda: hub.add(REPO, {"notes.md": b"x"}, author="carol", title="Mine"))
    hub.commit(REPO, {"x": b"1"}, message="One", parent=None)
    assert [past.title for past in hub.history(REPO)][:2] == ["One", "Mine"]
    assert hub.history(REPO)[1].authors == ("carol",)


def test_two_accounts_see_one_hub_and_have_a_log_each(hub: FakeHub) -> None:
    bob = hub.seen_by(BOB)
    with pytest.raises(BadInput, match="no permission"):
        bob.commit(REPO, {"x": b"1"}, message="One", parent=None)
    pull = bob.propose(REPO, {"x": b"1"}, title="Please", base=hub.pin(REPO))
    assert hub.head(REPO, pull.ref) == bob.head(REPO, pull.ref)
    assert (hub.log, bob.log) == ([], [f"propose {REPO} 1+ 0-"])
    assert hub.merge(REPO, pull.num) == bob.head(REPO)
    assert bob.pull_requests(REPO, author="bob") == ()


def test_a_closed_pull_request_is_not_listed(hub: FakeHub) -> None:
    pull = hub.propose(REPO, {"x": b"1"}, title="Please", base=hub.pin(REPO))
    assert hub.pull_requests(REPO, author="alice") == (pull,)
    hub.close(REPO, pull.num)
    assert hub.pull_requests(REPO, author="alice") == ()

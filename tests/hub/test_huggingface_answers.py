"""Answers that get lost, come late or say no: the adapter against planned failures."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from hubq.errors import BadInput, HubProblem, UserError
from hubq.hub import client
from hubq.hub.huggingface import HuggingFaceHub
from hubq.hub.port import Unavailable
from hubq.hub.remote import Collection, CollectionItem
from hubq.hub.retry import Retries
from tests.fakes import WRITER

pytest.importorskip("starlette")

from hubq.localhub.faults import Entry, Fault
from hubq.localhub.server import LocalHub

NUMBERS = itertools.count(1)


class Scene(NamedTuple):
    """What the calls below are about."""

    hub: HuggingFaceHub
    repo: str
    head: str
    shelf: Collection


class Act(NamedTuple):
    """A call of the port, the request that it stands and falls with, and what shows it is done."""

    name: str
    match: str
    call: Callable[[Scene], object]
    done: Callable[[Scene], bool]


CHANGES = [
    Act(
        "create",
        "POST /api/repos/create",
        lambda s: s.hub.create(f"{s.repo}-new", private=True),
        lambda s: s.hub.info(f"{s.repo}-new").private,
    ),
    Act(
        "delete",
        "DELETE /api/repos/delete",
        lambda s: s.hub.delete(s.repo),
        lambda s: s.hub.head(s.repo) is None,
    ),
    Act(
        "set_private",
        "PUT .*/settings",
        lambda s: s.hub.set_private(s.repo, private=True),
        lambda s: s.hub.info(s.repo).private,
    ),
    Act(
        "set_gate",
        "PUT .*/settings",
        lambda s: s.hub.set_gate(s.repo, "manual"),
        lambda s: s.hub.info(s.repo).gate == "manual",
    ),
    Act(
        "create_branch",
        "POST .*/branch/",
        lambda s: s.hub.create_branch(s.repo, "hubq/one", s.head),
        lambda s: s.hub.refs(s.repo).branches["hubq/one"] == s.head,
    ),
    Act(
        "delete_branch",
        "DELETE .*/branch/",
        lambda s: s.hub.delete_branch(s.repo, "old"),
        lambda s: set(s.hub.refs(s.repo).branches) == {"main"},
    ),
    Act(
        "create_tag",
        "POST .*/tag/",
        lambda s: s.hub.create_tag(s.repo, "v1", s.head, "First"),
        lambda s: s.hub.refs(s.repo).tags == {"v1": s.head},
    ),
    Act(
        "create_collection",
        "POST /api/collections$",
        lambda s: s.hub.create_collection("acme", f"New of {s.repo}", private=True),
        lambda s: [c.title for c in s.hub.collections("acme")].count(f"New of {s.repo}") == 1,
    ),
    Act(
        "add_item",
        "POST .*/items",
        lambda s: s.hub.add_item(s.shelf.slug, s.repo, "8 bits"),
        lambda s: [item.repo for item in items(s)] == ["acme/shelved", s.repo],
    ),
    Act(
        "set_note",
        "PATCH .*/items/",
        lambda s: s.hub.set_note(s.shelf.slug, s.shelf.items[0], "better"),
        lambda s: items(s)[0].note == "better",
    ),
    Act(
        "set_collection_private",
        "PATCH /api/collections/[^/]+/[^/]+$",
        lambda s: s.hub.set_collection_private(s.shelf.slug, private=True),
        lambda s: bool((shelf := s.hub.collection(s.shelf.slug)) and shelf.private),
    ),
]
LOOK_UPS = [
    Act("whoami", "GET .*/whoami", lambda s: s.hub.whoami(), lambda _: True),
    Act("info", "GET .*/revision/main", lambda s: s.hub.info(s.repo), lambda _: True),
    Act("head", "GET .*/revision/main", lambda s: s.hub.head(s.repo), lambda _: True),
    Act("tree", "GET .*/tree/", lambda s: s.hub.tree(s.repo), lambda _: True),
    Act("refs", "GET .*/refs", lambda s: s.hub.refs(s.repo), lambda _: True),
    Act("history", "GET .*/commits/", lambda s: s.hub.history(s.repo), lambda _: True),
    Act(
        "pull_requests",
        "GET .*/discussions",
        lambda s: s.hub.pull_requests(s.repo, author="alice"),
        lambda _: True,
    ),
    Act("collections", "GET .*/collections", lambda s: s.hub.collections("acme"), lambda _: True),
    Act(
        "collection",
        "GET .*/collections/",
        lambda s: s.hub.collection(s.shelf.slug),
        lambda _: True,
    ),
]
ONCE = [
    Act(
        "commit",
        "POST .*/commit/main$",
        lambda s: s.hub.commit(s.repo, {"x": b"x"}, message="Add x", parent=s.head),
        lambda s: [past.title for past in s.hub.history(s.repo)].count("Add x") == 1,
    ),
    Act(
        "propose",
        "POST .*/commit/main",
        lambda s: s.hub.propose(s.repo, {"x": b"x"}, title="Add x", base=s.head),
        lambda s: len(s.hub.pull_requests(s.repo, author="alice")) == 1,
    ),
]


def items(scene: Scene) -> tuple[CollectionItem, ...]:
    shelf = scene.hub.collection(scene.shelf.slug)
    assert shelf
    return shelf.items


def each(acts: list[Act]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("act", acts, ids=[act.name for act in acts])


def rarely(*values: object) -> list[Any]:
    """Values that are tried in the long suite only."""
    return [pytest.param(value, marks=pytest.mark.long) for value in values]


@pytest.fixture
def scene(alice: HuggingFaceHub, server: LocalHub) -> Scene:
    repo, storage = f"acme/lost-{next(NUMBERS)}", server.storage
    stored = storage.create_repo(repo, author="alice")
    head = stored.head()
    stored.add_ref("heads", "old", head)
    shelf = storage.collections.create("acme", f"Shelf of {repo}")
    storage.collections.add_item(shelf.slug, "acme/shelved", "model", "4 bits")
    found = alice.collection(shelf.slug)
    assert found
    return Scene(alice, repo, head, found)


@pytest.fixture
def fresh(scene: Scene, server: LocalHub, retries: Retries) -> Scene:
    """The scene, seen by an adapter that knows nothing yet."""
    assert server.faults is not None
    server.faults.clear_log()
    return scene._replace(hub=HuggingFaceHub(server.url, WRITER, retries=retries))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client library does not wait between its own attempts."""
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)


def plan(server: LocalHub, match: str, **more: object) -> None:
    assert server.faults is not None
    server.faults.add(Fault(match=match, **more))  # type: ignore[arg-type]


def faulty(server: LocalHub, status: int) -> list[Entry]:
    assert server.faults is not None
    return [entry for entry in server.faults.log() if entry.fault and entry.status == status]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("lost", [{"status": 504}, *rarely({"drop": True})], ids=["504", "dropped"])
@each(CHANGES)
def test_a_change_whose_answer_is_lost_is_made_once(
    act: Act, lost: dict[str, object], when: str, fresh: Scene, server: LocalHub
) -> None:
    plan(server, act.match, when=when, **lost)
    act.call(fresh)
    assert len(faulty(server, int(str(lost.get("status", 0))))) == 1
    assert act.done(fresh)


@pytest.mark.parametrize(
    "headers",
    [{"RateLimit": '"api";r=0;t=7'}, *rarely({"Retry-After": "7"})],
    ids=["limit", "retry"],
)
@each([*CHANGES, *LOOK_UPS])
def test_a_busy_hub_is_given_the_time_it_asks_for(
    act: Act,
    headers: dict[str, str],
    fresh: Scene,
    server: LocalHub,
    waits: list[float],
) -> None:
    plan(server, act.match, status=429, headers=headers)
    act.call(fresh)
    assert waits == [7]
    assert act.done(fresh)


@pytest.mark.long
@each([*CHANGES, *LOOK_UPS, *ONCE])
def test_a_wait_beyond_all_patience_is_the_users(
    act: Act, fresh: Scene, server: LocalHub, waits: list[float]
) -> None:
    plan(server, act.match, status=429, headers={"Retry-After": "3600"})
    with pytest.raises(Unavailable, match="answered 429") as caught:
        act.call(fresh)
    assert caught.value.retry_after == 3600
    assert waits == []
    assert caught.value.remedy


@pytest.mark.long
@pytest.mark.parametrize("status", [500, 502, 503])
@each([*CHANGES, *LOOK_UPS])
def test_a_server_error_passes(act: Act, status: int, fresh: Scene, server: LocalHub) -> None:
    plan(server, act.match, status=status, times=2)
    act.call(fresh)
    assert len(faulty(server, status)) == 2
    assert act.done(fresh)


@pytest.mark.long
@each([*CHANGES, *LOOK_UPS])
def test_a_hub_that_stays_away_is_given_up(
    act: Act, fresh: Scene, server: LocalHub, waits: list[float]
) -> None:
    plan(server, act.match, status=503, times=99)
    with pytest.raises(Unavailable, match="answered 503"):
        act.call(fresh)
    assert waits == [1, 2, 4, 8]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "lost",
    [{"status": 429}, {"status": 500}, {"status": 504}, {"drop": True}],
    ids=["429", "500", "504", "dropped"],
)
@each(ONCE)
def test_a_commit_is_never_sent_twice(
    act: Act,
    lost: dict[str, object],
    when: str,
    fresh: Scene,
    server: LocalHub,
) -> None:
    plan(server, act.match, when=when, **lost)
    with pytest.raises(Unavailable):
        act.call(fresh)
    assert server.faults is not None
    sent = [entry for entry in server.faults.log() if "/commit/" in entry.path]
    assert len(sent) == 1
    assert act.done(fresh) is (when == "after")


@pytest.mark.parametrize("status", [403, *rarely(400, 402, 413, 418, 422)])
@each([*CHANGES, *LOOK_UPS[1:], *ONCE])
def test_a_no_is_final_and_says_what_to_do(
    act: Act, status: int, fresh: Scene, server: LocalHub, waits: list[float]
) -> None:
    plan(server, act.match, status=status)
    with pytest.raises(UserError) as caught:
        act.call(fresh)
    assert type(caught.value) in {BadInput, HubProblem}
    assert waits == []
    assert len(faulty(server, status)) == 1
    named = (fresh.repo, fresh.shelf.slug, "acme:")
    assert any(name in caught.value.message for name in named)
    assert caught.value.remedy


def test_a_full_storage_is_told_apart_from_a_wrong_token(fresh: Scene, server: LocalHub) -> None:
    plan(
        server,
        "POST .*/commit/",
        status=403,
        headers={"X-Error-Message": "Private repository storage limit reached"},
    )
    with pytest.raises(BadInput, match="storage limit reached") as caught:
        ONCE[0].call(fresh)
    assert caught.value.remedy.startswith(f"Free storage of acme at {server.url}/acme")


@pytest.fixture
def impatient(fresh: Scene, server: LocalHub, retries: Retries) -> Iterator[Scene]:
    yield fresh._replace(hub=HuggingFaceHub(server.url, WRITER, retries=retries, timeout=0.3))
    client.prepare(server.url, client.TIMEOUT)


@pytest.mark.long
@pytest.mark.usefixtures("quick")
@each([*CHANGES, *LOOK_UPS])
def test_no_request_waits_for_ever(act: Act, impatient: Scene, server: LocalHub) -> None:
    plan(server, act.match, delay=1.5, status=503)
    act.call(impatient)
    client.prepare(server.url, client.TIMEOUT)
    assert act.done(impatient)


@pytest.mark.long
@each(ONCE)
def test_a_commit_without_an_answer_is_given_up(
    act: Act, impatient: Scene, server: LocalHub
) -> None:
    plan(server, act.match, delay=1.5, status=503)
    with pytest.raises(Unavailable, match="did not answer in time"):
        act.call(impatient)

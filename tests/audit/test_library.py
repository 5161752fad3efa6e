from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from hubq.audit.cache import Cache
from hubq.audit.library import Library
from hubq.errors import BadInput
from tests.fakes import FakeHub, safetensors

REPO = "acme/nano-AWQ"
FILES = {
    "README.md": b"# Nano\n",
    "config.json": b"{}",
    "model.safetensors": safetensors(seed=1),
}


@pytest.fixture
def hub(tmp_path: Path) -> FakeHub:
    hub = FakeHub(tmp_path / "hub")
    hub.add(REPO, FILES)
    return hub


@pytest.fixture
def cache(hub: FakeHub, tmp_path: Path) -> Cache:
    return Cache(hub.endpoint, tmp_path / "cache")


def test_a_commit_is_looked_up_once_for_all_time(hub: FakeHub, cache: Cache) -> None:
    first = Library(hub, cache).repo(REPO)
    hub.asked.clear()
    assert Library(hub, cache).repo(REPO) == first
    assert hub.asked == [f"info {REPO}"]
    hub.asked.clear()
    assert Library(hub, cache).repo(REPO, commit=first.commit) == first
    assert hub.asked == []


def test_a_new_commit_is_looked_up_anew(hub: FakeHub, cache: Cache) -> None:
    old = Library(hub, cache).repo(REPO)
    hub.add(REPO, {"README.md": b"# Better\n"})
    new = Library(hub, cache).repo(REPO)
    assert (old.card, new.card) == ("# Nano\n", "# Better\n")
    assert Library(hub, cache).repo(REPO, old.commit) == old


def test_offline_the_last_look_answers(hub: FakeHub, cache: Cache) -> None:
    first = Library(hub, cache).repo(REPO)
    offline = Library(None, cache)
    assert offline.repo(REPO) == first
    assert offline.repo(REPO, first.commit) == first
    with pytest.raises(BadInput, match="was not looked up before"):
        offline.repo("acme/other")
    assert not offline.gone("acme/other")
    with pytest.raises(BadInput, match="only the Hub knows"):
        offline.models("acme", "nano")


def test_kin_needs_less_and_takes_more(hub: FakeHub, cache: Cache) -> None:
    kin = Library(hub, cache).kin(REPO)
    assert kin
    assert not kin.headers
    whole = Library(hub, cache).repo(REPO)
    assert whole.headers
    assert Library(hub, cache).kin(REPO) == whole


def test_kin_that_is_not_there_is_none_and_asked_for_once(hub: FakeHub, cache: Cache) -> None:
    library = Library(hub, cache)
    hub.asked.clear()
    assert [library.kin("acme/nothing") for _ in range(3)] == [None, None, None]
    assert hub.asked == ["info acme/nothing"]
    assert library.gone("acme/nothing")
    assert not library.gone(REPO)


def test_several_who_ask_at_once_ask_once(hub: FakeHub, cache: Cache) -> None:
    library = Library(hub, cache)
    hub.meanwhile("info", lambda: time.sleep(0.05))
    threads = [threading.Thread(target=library.kin, args=(REPO,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert hub.asked.count(f"info {REPO}") == 1


def test_what_had_problems_is_asked_again_after_an_hour(hub: FakeHub, cache: Cache) -> None:
    hub.fail("read_range", BadInput("no access"), skip=1)
    library = Library(hub, cache)
    assert library.repo(REPO).problems
    assert library.repo(REPO).problems
    (entry,) = [path for path in cache.folder.rglob("*.json") if path.name != "heads.json"]
    long_ago = time.time() - 7200
    os.utime(entry, (long_ago, long_ago))
    assert not library.repo(REPO).problems


def test_an_entry_that_is_broken_is_made_again(hub: FakeHub, cache: Cache) -> None:
    first = Library(hub, cache).repo(REPO)
    for path in cache.folder.rglob("*.json"):
        path.write_text("{", encoding="utf-8")
    assert Library(hub, cache).repo(REPO) == first


def test_hubs_are_kept_apart_and_can_be_forgotten(hub: FakeHub, cache: Cache) -> None:
    commit = Library(hub, cache).repo(REPO).commit
    other = Cache("https://other.test", cache.folder.parent)
    assert other.find(REPO, commit) is None
    cache.clear()
    assert cache.find(REPO, commit) is None


def test_an_owner_whose_repos_were_listed_is_not_asked_again(hub: FakeHub, cache: Cache) -> None:
    library = Library(hub, cache)
    hub.asked.clear()
    assert [one.repo for one in library.models("acme")] == [REPO]
    assert [one.repo for one in library.models("acme", "nano awq", 5)] == [REPO]
    assert library.models("acme", "gptq", 5) == ()
    assert hub.asked == ["models acme"]
    library.models("alice", "nano", 5)
    assert hub.asked[1:] == ["models alice nano"]


def test_the_address_is_that_of_the_hub_that_answers_now(hub: FakeHub, cache: Cache) -> None:
    Library(hub, cache).repo(REPO)
    moved = FakeHub(hub.folder, endpoint="https://moved.test")
    moved.state = hub.state
    assert Library(moved, cache).repo(REPO).url == f"https://moved.test/{REPO}"

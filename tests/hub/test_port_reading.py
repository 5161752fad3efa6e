"""Looking around on a hub: what the hub in memory and the real adapter have in common."""

from __future__ import annotations

from pathlib import Path

import pytest

from hubq.errors import BadInput
from hubq.hub.huggingface import HuggingFaceHub
from hubq.localhub.server import LocalHub
from hubq.localhub.values import RepoRecord
from tests.fakes import safetensors

pytest.importorskip("starlette")

from tests.hub.worlds import MODEL, NUMBERS, World

WEIGHTS = "model.safetensors"


def test_a_piece_of_a_file_is_read(world: World, model: str) -> None:
    head = world.alice.head(model)
    assert head
    whole = world.alice.read_range(model, head, WEIGHTS)
    assert whole == MODEL[WEIGHTS]
    assert world.alice.read_range(model, head, WEIGHTS, 8, 20) == whole[8:20]
    assert world.alice.read_range(model, head, WEIGHTS, 0, 10**6) == whole
    assert world.alice.read_range(model, head, WEIGHTS, len(whole), len(whole) + 9) == b""
    assert world.bob.read_range(model, head, "config.json", 0, 1) == b"{"


def test_an_empty_file_is_read(world: World, model: str) -> None:
    head = world.write(model, "empty.txt", b"")
    assert world.alice.read_range(model, head, "empty.txt", 0, 100) == b""


def test_a_file_that_is_not_there_cannot_be_read(world: World, model: str) -> None:
    head = world.alice.head(model)
    assert head
    with pytest.raises(BadInput, match=r"no file nothing\.json"):
        world.alice.read_range(model, head, "nothing.json")


def test_models_are_listed_by_owner_and_words(world: World) -> None:
    mark = f"w{next(NUMBERS)}"
    names = [f"acme/{mark}-Nano-GPTQ", f"acme/{mark}-Nano-AWQ", f"alice/{mark}-Nano-GPTQ"]
    for name in names:
        world.alice.create(name, private=False)
    found = {one.repo: one.commit for one in world.bob.models(author="acme", search=mark)}
    assert found == {name: world.alice.head(name) for name in names[:2]}
    assert {one.repo for one in world.bob.models(search=f"{mark} gptq")} == {names[0], names[2]}
    assert len(world.bob.models(search=mark, limit=2)) == 2
    assert world.bob.models(author="acme", search="nobody-has-this") == ()


def test_hidden_models_are_not_listed(world: World) -> None:
    name = f"acme/hidden-{next(NUMBERS)}"
    world.alice.create(name, private=True)
    assert [one.repo for one in world.alice.models(search=name.partition("/")[2])] == [name]
    assert world.bob.models(search=name.partition("/")[2]) == ()


def test_dates_of_files_are_those_of_their_last_change(world: World, model: str) -> None:
    before = world.alice.head(model)
    assert before
    after = world.write(model, "README.md", b"# New\n")
    dates = world.alice.changed(model, after, ["README.md", "config.json", "nothing"])
    assert set(dates) == {"README.md", "config.json"}
    assert dates["README.md"] > dates["config.json"]
    old = world.alice.changed(model, before, ["README.md", "config.json"])
    assert old["README.md"] == old["config.json"] == dates["config.json"]


def test_large_files_are_read_by_one_request_of_each_server(
    alice: HuggingFaceHub, server: LocalHub, repo: str
) -> None:
    content = safetensors(seed=3)
    alice.create(repo, private=False)
    head = alice.commit(repo, {WEIGHTS: content}, message="W", parent=None)
    assert server.faults is not None
    server.faults.clear_log()
    assert alice.read_range(repo, head, WEIGHTS, 0, 10) == content[:10]
    log = [(one.method, one.path.split("/")[-1], one.status) for one in server.faults.log()]
    assert log == [("GET", WEIGHTS, 302), ("GET", "_blob", 206)]


def test_pages_of_a_listing_are_followed(tmp_path: Path) -> None:
    with LocalHub(tmp_path / "hub", page_size=3, faults=True, durable=False) as served:
        assert served.faults is not None
        hub = HuggingFaceHub(served.url, served.token)
        for number in range(7):
            hub.create(f"acme/nano-{number}", private=False)
        served.faults.clear_log()
        assert len({one.repo for one in hub.models(author="acme")}) == 7
        assert len(served.faults.log()) == 3
        assert len(hub.models(author="acme", limit=2)) == 2
        assert len(served.faults.log()) == 4


def test_gated_files_are_refused_and_say_so(
    alice: HuggingFaceHub, bob: HuggingFaceHub, server: LocalHub, repo: str
) -> None:
    alice.create(repo, private=False)
    head = alice.commit(repo, {"config.json": b"{}"}, message="C", parent=None)
    alice.set_gate(repo, "auto")
    assert isinstance(server.storage.repo(repo).record, RepoRecord)
    with pytest.raises(BadInput, match="gated"):
        bob.read_range(repo, head, "config.json")

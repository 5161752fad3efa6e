from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hubq.hub.huggingface import HuggingFaceHub
from hubq.hub.port import Content
from hubq.hub.retry import Retries
from tests.fakes import READER, WRITER, FakeHub, model_files, write_files

if TYPE_CHECKING:
    from hubq.localhub.server import LocalHub
    from tests.hub.worlds import World


@pytest.fixture
def own_cache() -> Path:
    """Where hubq's cache is in this test."""
    return Path(os.environ["HUBQ_CACHE"])


@pytest.fixture
def hub(tmp_path: Path) -> FakeHub:
    return FakeHub(tmp_path / "snapshots")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a small model."""
    return write_files(tmp_path / "nano", model_files())


@pytest.fixture
def waits() -> list[float]:
    """The seconds that `retries` would have waited."""
    return []


@pytest.fixture
def retries(waits: list[float]) -> Retries:
    return Retries(sleep=waits.append)


@pytest.fixture(scope="module")
def running_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    """An embedded Hub with a writer (alice) and a reader (bob)."""
    pytest.importorskip("starlette")
    from hubq.localhub.server import LocalHub

    with LocalHub(tmp_path_factory.mktemp("hub"), faults=True, durable=False) as running:
        running.storage.accounts.add("alice", role="write", orgs=("acme",), token=WRITER)
        running.storage.accounts.add("bob", role="read", token=READER)
        yield running


@pytest.fixture
def server(running_hub: LocalHub) -> LocalHub:
    """The embedded Hub, without planned failures and with an empty log."""
    assert running_hub.faults is not None
    running_hub.faults.clear()
    running_hub.faults.clear_log()
    return running_hub


@pytest.fixture
def alice(server: LocalHub, retries: Retries) -> HuggingFaceHub:
    return HuggingFaceHub(server.url, WRITER, retries=retries)


@pytest.fixture
def bob(server: LocalHub, retries: Retries) -> HuggingFaceHub:
    return HuggingFaceHub(server.url, READER, retries=retries)


@pytest.fixture
def repo(request: pytest.FixtureRequest) -> str:
    """A repo of this test's own."""
    name = str(request.node.name)
    return "acme/" + name[-80:].strip("_").replace("[", "-").replace("]", "")


@pytest.fixture
def files(folder: Path) -> dict[str, Content]:
    """A release: files of a folder, and one made in memory."""
    names = ("README.md", "config.json", "model.safetensors")
    return {**{name: folder / name for name in names}, "hubq.json": b"{}"}


@pytest.fixture
def released(alice: HuggingFaceHub, repo: str, files: dict[str, Content]) -> str:
    """The repo, with the files in it."""
    alice.create(repo, private=False)
    alice.commit(repo, files, message="Release", parent=alice.head(repo))
    return repo


@pytest.fixture(params=["memory", "served"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    pytest.importorskip("starlette")
    from tests.hub.worlds import Memory, Served

    if request.param == "memory":
        return Memory(tmp_path)
    alice, bob = (request.getfixturevalue(name) for name in ("alice", "bob"))
    return Served(request.getfixturevalue("server"), alice, bob)


@pytest.fixture
def model(world: World) -> str:
    """A public repo of acme's that holds a model, on either hub."""
    from tests.hub.worlds import MODEL, NUMBERS

    name = f"acme/contract-{next(NUMBERS)}"
    world.alice.create(name, private=False)
    world.alice.commit(name, MODEL, message="A model", parent=world.alice.head(name))
    return name

"""The two hubs that tests know, each with a person who works on it in a browser."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from pathlib import Path

from hubq.hub.port import Content, Hub
from hubq.localhub.discussion import DiscussionLog
from hubq.localhub.server import LocalHub
from tests.fakes import BOB, FakeHub, model_files

NUMBERS = itertools.count(1)
NOBODY = "acme/nobody-made-this"
MODEL: dict[str, Content] = dict(model_files())


class World(ABC):
    """A hub as two accounts see it, and a person who works on it in a browser."""

    def __init__(self, alice: Hub, bob: Hub) -> None:
        self.alice = alice
        self.bob = bob

    @abstractmethod
    def write(self, repo: str, path: str, content: bytes) -> str:
        """Let a person change a file."""

    @abstractmethod
    def merge(self, repo: str, num: int) -> None:
        """Let a person merge a pull request."""


class Memory(World):
    def __init__(self, folder: Path) -> None:
        self._hub = FakeHub(folder)
        super().__init__(self._hub, self._hub.seen_by(BOB))

    def write(self, repo: str, path: str, content: bytes) -> str:
        return self._hub.add(repo, {path: content}, author="carol", title="By hand")

    def merge(self, repo: str, num: int) -> None:
        self._hub.merge(repo, num)


class Served(World):
    def __init__(self, server: LocalHub, alice: Hub, bob: Hub) -> None:
        self._storage = server.storage
        super().__init__(alice, bob)

    def write(self, repo: str, path: str, content: bytes) -> str:
        entry = self._storage.store_file(content)
        stored = self._storage.repo(repo)
        return stored.advance("main", {path: entry}, author="carol", title="By hand")

    def merge(self, repo: str, num: int) -> None:
        DiscussionLog(self._storage.repo(repo)).merge(num, "alice")

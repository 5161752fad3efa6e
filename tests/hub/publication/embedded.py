"""Embedded Hubs for publications: prepared once, copied for every try, and what they hold."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hubq.localhub.collection import CollectionShelf
from hubq.localhub.faults import Entry, Fault, Faults
from hubq.localhub.server import LocalHub
from hubq.localhub.storage import Storage
from tests.hub.publication.families import RepoView, View
from tests.hub.publication.worker import Job

MUTATING = re.compile(r"^(POST|PUT|DELETE|PATCH) ")


class Ending(Faults):
    """Ends a client at its n-th request that changes something, before or after it took effect."""

    def __init__(self, point: int, *, after: bool, end: Callable[[], None]) -> None:
        super().__init__()
        self._point = point
        self._after = after
        self._end = end
        self._count = 0
        self.reached = False

    def take(self, line: str) -> Fault | None:
        """Count the requests, and cut the connection of the one that counts."""
        if not MUTATING.match(line):
            return None
        with self._lock:
            self._count += 1
            if self._count != self._point:
                return None
            self.reached = True
        if not self._after:
            self._end()
        return Fault(match="", drop=True, when="after" if self._after else "before")

    def record(self, entry: Entry, began: int) -> None:
        """Hear of a request that is done, and end the client before it has its answer."""
        super().record(entry, began)
        if entry.fault and self._after:
            self._end()


def view_of_storage(storage: Storage) -> View:
    """What an embedded Hub holds, whoever may see it."""
    shelf: CollectionShelf = storage.collections
    return View(
        repos={
            repo.id: RepoView(
                private=repo.record.private,
                mains=tuple(
                    {path: _sha(storage, entry.blob) for path, entry in commit.files.items()}
                    for _, commit in repo.history("main")
                ),
                branches=frozenset(repo.refs("heads")),
            )
            for repo in storage.repos()
        },
        collections=tuple(
            (one.title, one.private, tuple(sorted((item.id, item.note) for item in one.items)))
            for one in shelf.all()
        ),
    )


def _sha(storage: Storage, blob: str) -> str:
    """The SHA-256 of the bytes that are there, whatever the blob is called."""
    return hashlib.sha256(storage.blobs.read(blob)).hexdigest()


@contextmanager
def copied(prepared: Path, place: Path, faults: Faults | None = None) -> Iterator[LocalHub]:
    """Serve a copy of a Hub's folder."""
    if prepared.exists():
        shutil.copytree(prepared, place, ignore=shutil.ignore_patterns("server.lock"))
    hub = LocalHub(place, faults=True, durable=False)
    hub.faults = faults or hub.faults
    with hub:
        yield hub
    shutil.rmtree(place, ignore_errors=True)


def job_of(hub: LocalHub, place: Path, edition: int, number: int = 1) -> Job:
    """The job of publishing an edition to a Hub."""
    return Job(
        url=hub.url,
        token=hub.token,
        folder=str(place / f"publications-{number}"),
        files=str(place / f"files-{number}"),
        edition=edition,
        number=number,
    )


class Failing(Faults):
    """Lets the n-th request fail, and some that follow, once it is armed; look-ups count too."""

    def __init__(self, fault: Fault, point: int, times: int) -> None:
        super().__init__()
        self._fault = fault
        self._range = range(point, point + times)
        self._count = 0
        self.armed = False
        self.struck: list[str] = []

    def take(self, line: str) -> Fault | None:
        """Count the requests."""
        if not self.armed:
            return None
        with self._lock:
            self._count += 1
            if self._count not in self._range:
                return None
            self.struck.append(line)
        return self._fault


def stride(usual: int) -> int:
    """Return which points of a matrix are tried: every one when the environment says so.

    HUBQ_EVERY_POINT=1 tries all of them, which takes a quarter of an hour.
    """
    return 1 if os.environ.get("HUBQ_EVERY_POINT") else usual

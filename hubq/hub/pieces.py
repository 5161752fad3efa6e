"""Contents on their way: read in pieces, counted, and sent by a few threads that end when told to.

A file of any size takes one piece of memory for each thread.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from hubq.errors import BadInput
from hubq.hub.port import Content, FileProgress

PIECE = 256 << 10
"""Bytes read and handed to the network at once."""

_GRACE_S = 3.0
_LOOK_S = 0.2


class Stopped(Exception):  # noqa: N818 - not an error: the others have failed, or Ctrl-C
    """The rest is not wanted any more."""


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """A content to be sent, and the paths it has in the repo.

    Attributes:
        oid: its SHA-256.
        size: in bytes.
    """

    paths: tuple[str, ...]
    content: Content
    oid: str
    size: int

    @property
    def name(self) -> str:
        """The path that messages name."""
        return self.paths[0]


class Meter:
    """Counts the bytes of one parcel that have arrived, part by part, and tells them.

    What is told never falls: a part that is sent again is told when it gets further than before.

    Args:
        parcel: what is sent.
        tell: told of each of the parcel's paths; none to tell nobody.
    """

    def __init__(self, parcel: Parcel, tell: FileProgress | None) -> None:
        self._parcel = parcel
        self._tell = tell
        self._parts: dict[int, int] = {}
        self._told = -1
        self._lock = threading.Lock()

    def set(self, part: int, done: int) -> None:
        """Say how many bytes of a part are done."""
        with self._lock:
            self._parts[part] = done
            self._show(min(sum(self._parts.values()), self._parcel.size))

    def begin(self, parts: Mapping[int, int]) -> None:
        """Start, or start again, with these bytes of these parts done."""
        with self._lock:
            self._parts = dict(parts)
            self._show(sum(parts.values()))

    def finish(self) -> None:
        """Say that all of it is there."""
        with self._lock:
            self._show(self._parcel.size)

    def _show(self, done: int) -> None:
        """Tell under the lock, so that numbers leave in order."""
        if done <= self._told or self._tell is None or not done:
            return
        self._told = done
        for path in self._parcel.paths:
            self._tell(path, done, self._parcel.size)


@contextmanager
def slot(slots: threading.Semaphore, stop: threading.Event) -> Iterator[None]:
    """Hold one of a few slots, once there is one.

    Raises:
        Stopped: `stop` was set meanwhile.
    """
    while not slots.acquire(timeout=_LOOK_S):
        if stop.is_set():
            raise Stopped
    try:
        yield
    finally:
        slots.release()


def pieces(
    content: Content, start: int, length: int, told: Callable[[int], None], stop: threading.Event
) -> Iterator[bytes]:
    """Yield a stretch of a content, telling after each piece how much of it has been taken.

    Raises:
        Stopped: `stop` was set.
        BadInput: the file is shorter than it was.
    """
    done = 0
    for piece in _read(content, start, length):
        if stop.is_set():
            raise Stopped
        yield piece
        done += len(piece)
        told(done)
    if done != length:
        name = content if isinstance(content, Path) else "a content"
        raise BadInput(f"{name} was changed while it was sent", remedy="Run the command again.")


def sample(content: Content, count: int = 512) -> bytes:
    """Return the first bytes of a content."""
    return next(_read(content, 0, count), b"")


def in_parallel(
    jobs: Sequence[Callable[[threading.Event], None]],
    threads: int,
    outer: threading.Event | None = None,
) -> None:
    """Do all jobs in a few threads.

    The first that fails stops the others, and its exception is raised. Ctrl-C does the same: the
    threads are given a moment, and never hold up the end of the process.

    Args:
        jobs: in the order that they are begun in; each is given an event that is set when the rest
            is not wanted, and may then raise `Stopped`.
        threads: how many at most.
        outer: set when the jobs as a whole are not wanted any more.

    Raises:
        Stopped: `outer` was set.
    """
    waiting = deque(jobs)
    failed: list[BaseException] = []
    halt = threading.Event()

    def work() -> None:
        while not halt.is_set():
            try:
                job = waiting.popleft()
            except IndexError:
                return
            try:
                job(halt)
            except Stopped:
                return
            except BaseException as error:  # noqa: BLE001 - raised again by the one who waits
                failed.append(error)
                halt.set()

    workers = [
        threading.Thread(target=work, name=f"upload-{i}", daemon=True)
        for i in range(min(threads, len(jobs)))
    ]
    try:
        for worker in workers:
            worker.start()
        _join(workers, halt, outer)
    finally:
        halt.set()
    if failed:
        raise failed[0]


def _join(
    workers: Sequence[threading.Thread], halt: threading.Event, outer: threading.Event | None
) -> None:
    """Wait for threads, and only a moment once they were told to end."""
    deadline = float("inf")
    for worker in workers:
        while worker.is_alive() and time.monotonic() < deadline:
            worker.join(_LOOK_S)
            if outer is not None and outer.is_set():
                raise Stopped
            if halt.is_set() and deadline == float("inf"):
                deadline = time.monotonic() + _GRACE_S


def _read(content: Content, start: int, length: int) -> Iterator[bytes]:
    """Yield a stretch of a content, less where it ends before."""
    if isinstance(content, bytes):
        for at in range(start, start + length, PIECE):
            yield content[at : min(at + PIECE, start + length)]
        return
    try:
        file = content.open("rb", buffering=0)
    except OSError as error:
        raise BadInput(f"{content}: {error.strerror}", remedy="Run the command again.") from None
    with file:
        file.seek(start)
        left = length
        while left > 0 and (piece := file.read(min(PIECE, left))):
            left -= len(piece)
            yield piece

"""One builder at a time: a lock file that says who holds it and outlives a killed hubq's uv.

The lock belongs to an open file, and uv inherits that file: when hubq is killed while uv is still
writing into an environment, the next hubq waits until uv is gone too.
"""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

#: How often a waiting process tries again, in seconds.
RETRY_S = 0.2


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds a lock: process id, host name, and since when (UTC, ISO 8601)."""

    pid: int
    host: str
    since: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {self.since}"


@contextmanager
def build_lock(
    path: Path, *, waiting: Callable[[str], None] | None = None, timeout_s: float | None = None
) -> Iterator[int]:
    """Hold a lock file; yield its descriptor, for child processes to inherit.

    Args:
        path: of the lock file; it stays when the lock is given back.
        waiting: told once who holds the lock, when it is held.
        timeout_s: how long to wait; None waits for ever.

    Raises:
        TimeoutError: somebody else held it all the time; the message says who.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _acquire(descriptor, path, waiting, timeout_s)
        _write_holder(descriptor)
        yield descriptor
    finally:
        os.close(descriptor)


def holder(path: Path) -> str:
    """Return who last took a lock, in words."""
    try:
        return str(msgspec.json.decode(path.read_bytes(), type=Holder))
    except (OSError, msgspec.DecodeError):
        return "another process"


def _acquire(
    descriptor: int, path: Path, waiting: Callable[[str], None] | None, timeout_s: float | None
) -> None:
    end = None if timeout_s is None else time.monotonic() + timeout_s
    told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if end is not None and time.monotonic() >= end:
                raise TimeoutError(f"held by {holder(path)}") from None
            if waiting is not None and not told:
                waiting(holder(path))
                told = True
            time.sleep(RETRY_S)
        else:
            return


def _write_holder(descriptor: int) -> None:
    since = datetime.now(UTC).isoformat(timespec="seconds")
    said = msgspec.json.encode(Holder(pid=os.getpid(), host=socket.gethostname(), since=since))
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, said, 0)

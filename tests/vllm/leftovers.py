"""What servers leave on a machine: processes, ports, memory that processes share."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable
from pathlib import Path

LARGE = 100_000_000


class Left:
    """What there is of servers on this machine that was not there before."""

    def __init__(self) -> None:
        self._engines, self._shared = set(engines()), shared()

    def nothing(self) -> bool:
        """Return whether there is nothing: no process, and no memory that processes shared."""
        return set(engines()) <= self._engines and shared() <= self._shared

    def ports(self) -> list[int]:
        """Return where the servers listen."""
        words = [words for pid, words in engines().items() if pid not in self._engines]
        found = {one[one.index(b"--port") + 1] for one in words if b"--port" in one}
        return sorted(map(int, found))


def engines() -> dict[int, list[bytes]]:
    """Return the processes that serve or ask, with their command lines."""
    found = {}
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = place.read_bytes().split(b"\0")
        except OSError:  # it has ended meanwhile
            continue
        names = (b"bench_serve.py", b"bench_client.py")
        if words[0].startswith(b"VLLM::") or any(word.endswith(names) for word in words):
            found[int(place.parent.name)] = words
    return found


def is_free(port: int) -> bool:
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) != 0


def shared() -> set[str]:
    """Return the names of memory that vLLM's processes share: buffers of more than 100 MB."""
    found = set()
    for path in Path("/dev/shm").glob("psm_*"):  # noqa: S108
        with contextlib.suppress(OSError):  # it has been removed meanwhile
            if path.stat().st_size > LARGE:
                found.add(path.name)
    return found


def comes(true: Callable[[], bool], limit_s: float = 20.0) -> bool:
    """Wait until something is true."""
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        if true():
            return True
        time.sleep(0.1)
    return true()

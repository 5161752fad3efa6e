"""Keep a program for as long as the worker lives: a process group of its own, ended as a whole.

    python -I side/snippet_keeper.py WORKER_PID PROGRAM ARGUMENT...

A program of a card's may start others and leave them behind. They all stay in this process's group,
which the worker kills at the end; when the worker itself is gone, this process does it. SIGTERM is
passed on. The exit status is the program's, by the same signal where there was one.

Memory that Python's processes share lies in files, which are removed by a process that is in the
group as well. So who kills the group removes them (`shared`): a vLLM server has 250 MB of them.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

PARENT_EVERY_S = 0.1
#: Segments and locks of Python's multiprocessing, as a process's memory map has them.
_SHARED = re.compile(r" (/dev/shm/(?:psm_|sem\.mp-)\S+)$", re.MULTILINE)


def main(arguments: Sequence[str]) -> int:
    """Run a program to its end and return its exit status, negative for a signal."""
    worker, program = int(arguments[0]), list(arguments[1:])
    process = subprocess.Popen(program)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    while True:
        try:
            return process.wait(PARENT_EVERY_S)
        except subprocess.TimeoutExpired:
            if os.getppid() != worker:
                end_others()
                os.killpg(0, signal.SIGKILL)


def end_others() -> None:
    """Kill all that is in this process's group but itself, and remove what they shared."""
    left = shared(members(os.getpid()))
    while found := list(members(os.getpid())):
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, 0)
    remove(left)


def members(leader: int) -> Iterator[int]:
    """Yield the processes of a group that are not its leader and have not ended."""
    for place in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            fields = place.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if int(fields[2]) == leader != int(place.parent.name) and fields[0] != "Z":
                yield int(place.parent.name)


def shared(pids: Iterable[int]) -> set[Path]:
    """Return the files in which processes have memory that they share."""
    found: set[Path] = set()
    for pid in pids:
        with contextlib.suppress(OSError):
            maps = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8", errors="replace")
            found.update(map(Path, _SHARED.findall(maps)))
    return found


def remove(found: Iterable[Path]) -> None:
    """Remove files in which memory was shared, where nobody has done so."""
    for path in found:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


if __name__ == "__main__":
    ended = main(sys.argv[1:])
    if ended < 0:
        if -ended != signal.SIGKILL:  # nobody may ask for another action of that one
            signal.signal(-ended, signal.SIG_DFL)
        os.kill(os.getpid(), -ended)
    os._exit(ended)

"""A worker that needs no backend: it does the steps that its job lists and says what it saw.

It exists to try out everything around a worker (events, logs, stops, crashes) without a model:

    {"steps": [{"say": "hello"}, {"write": {"a.txt": "text"}}, {"sleep": 0.1}, {"fail": "why"}]}

Steps may also stand under the job's `settings`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import events


def run(job: dict[str, Any], work: Path) -> dict[str, Any]:
    """Do the job's steps in order.

    Returns:
        The job, the process id, the working directory, the environment variables and the number
        of jobs that this process has run.
    """
    steps = job.get("steps") or job.get("settings", {}).get("steps", [])
    _Served.jobs += 1
    for done, step in enumerate(steps):
        events.progress(done, len(steps), "steps")
        ((name, value),) = step.items()
        _STEPS[name](value, work)
    if steps:
        events.progress(len(steps), len(steps), "steps")
    return {
        "job": job,
        "pid": os.getpid(),
        "directory": str(Path.cwd()),
        "variables": dict(os.environ),
        "path": sys.path,
        "jobs": _Served.jobs,
    }


class _Served:
    jobs = 0


def _say(text: str, _work: Path) -> None:
    print(text)
    os.write(2, b"noise from below: " + text.encode() + b"\n")


def _write(files: dict[str, str], work: Path) -> None:
    for name, text in files.items():
        path = work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _sleep(seconds: float, _work: Path) -> None:
    """Sleep in short naps with a safe point between them."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        events.check()
        time.sleep(min(0.02, left))


def _hang(seconds: float, _work: Path) -> None:
    """Sleep without a safe point, deaf to SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(seconds)


def _fail(message: str, _work: Path) -> None:
    raise ValueError(message)


def _infeasible(reason: str, _work: Path) -> None:
    raise events.Infeasible(reason)


def _exit(status: int, _work: Path) -> None:
    sys.exit(status)


def _vanish(status: int, _work: Path) -> None:
    os._exit(status)


def _crash(number: str, _work: Path) -> None:
    os.kill(os.getpid(), signal.Signals[number])
    _sleep(5, _work)


def _allocate(count: int, _work: Path) -> None:
    """Allocate this many bytes; under `limit` it raises MemoryError."""
    events.metric("allocated", len(bytearray(count)), step="allocate")
    events.memory()


def _limit(count: int, _work: Path) -> None:
    """Allow this many more bytes of address space than are in use."""
    import resource

    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    most = pages * os.sysconf("SC_PAGE_SIZE") + count
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _phase(name: str, _work: Path) -> None:
    events.phase(name)


def _child(seconds: float, work: Path) -> None:
    """Start a child process that outlives the step, and note its id."""
    child = subprocess.Popen([sys.executable, "-I", "-c", f"import time; time.sleep({seconds})"])
    (work / "child").write_text(str(child.pid), encoding="ascii")


_STEPS: dict[str, Callable[[Any, Path], None]] = {
    "say": _say,
    "write": _write,
    "sleep": _sleep,
    "hang": _hang,
    "fail": _fail,
    "infeasible": _infeasible,
    "exit": _exit,
    "vanish": _vanish,
    "crash": _crash,
    "allocate": _allocate,
    "limit": _limit,
    "phase": _phase,
    "child": _child,
}

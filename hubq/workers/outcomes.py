"""How a job ended, read from what the worker left: out.json, its exit status, its log."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from typing import Any

import msgspec

from hubq.model.outcome import Done, Failed, Infeasible, Oom, Outcome, Stopped, Usage

LOG_TAIL_LINES = 30
_LOG_TAIL_BYTES = 1 << 15
_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


class _Out(msgspec.Struct, frozen=True):
    """out.json as `side/main.py` writes it."""

    state: str
    result: dict[str, Any] = {}
    error: dict[str, str] = {}
    usage: Usage = Usage()


def read_outcome(control: Path) -> Outcome | None:
    """Return what a job's out.json says, or None when there is no whole one."""
    try:
        out = msgspec.json.decode((control / "out.json").read_bytes(), type=_Out)
    except (OSError, msgspec.DecodeError):
        return None
    if out.state == "done":
        return Done(result=out.result, files=written_files(control / "files"), usage=out.usage)
    if out.state == "stopped":
        return Stopped(usage=out.usage)
    message, tail = out.error.get("message", ""), log_tail(control / "log.txt")
    if out.state == "oom":
        return Oom(message=message or "memory ran out", log_tail=tail, usage=out.usage)
    if out.state == "infeasible":
        return Infeasible(message=message, log_tail=tail, usage=out.usage)
    return Failed(
        error=out.error.get("type", "Error"),
        message=message,
        log_tail=tail,
        traceback=out.error.get("traceback", ""),
        usage=out.usage,
    )


def exit_outcome(control: Path, status: int, *, out_of_memory: bool) -> Outcome:
    """Return the outcome of a worker that ended without an out.json.

    Args:
        control: the job's folder.
        status: its exit status, negative for the signal that killed it.
        out_of_memory: whether the kernel killed processes for memory meanwhile.
    """
    tail = log_tail(control / "log.txt")
    if status == -signal.SIGKILL and out_of_memory:
        return Oom(message="the kernel killed the worker because memory ran out", log_tail=tail)
    if status < 0:
        name = signal_name(-status)
        return Failed(error="Killed", message=f"the worker was killed by {name}", log_tail=tail)
    message = f"the worker ended with status {status} and no result"
    return Failed(error="Ended", message=message, log_tail=tail)


def signal_name(number: int) -> str:
    """Return `SIGSEGV` for 11; `signal 99` for a number without a name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def written_files(folder: Path) -> tuple[str, ...]:
    """Return the files under a folder, relative, sorted, with forward slashes."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return tuple(sorted(path.relative_to(folder).as_posix() for path in paths))


def log_tail(path: Path, lines: int = LOG_TAIL_LINES) -> str:
    """Return the last lines of a log without colours and redrawn bars; "" without a log."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _LOG_TAIL_BYTES))
            text = file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
    shown = (line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    kept = [line.rstrip() for line in (_ANSI.sub("", line) for line in shown) if line.strip()]
    return "\n".join(kept[-lines:])


def kernel_oom_kills() -> int:
    """Return how many processes this kernel has killed for memory so far; 0 where it cannot tell.

    Containers' own limits count here too (`oom_kill` of /proc/vmstat, since Linux 4.13).
    """
    try:
        text = Path("/proc/vmstat").read_text(encoding="ascii")
    except OSError:
        return 0
    for line in text.splitlines():
        name, _, count = line.partition(" ")
        if name == "oom_kill":
            return int(count)
    return 0

"""What a worker says while it works, and how its job ended."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec


class Progress(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="progress"):
    """A count: `done` of `total`, in `unit` (plural)."""

    done: int
    total: int
    unit: str


class Phase(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="phase"):
    """What the job does from now on: `load`, `quantize`, `save`."""

    name: str


class Metric(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="metric"):
    """A number to watch, such as a module's loss, and what it is about."""

    name: str
    value: float
    labels: dict[str, str | int] = {}


class Memory(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="memory"):
    """Memory in bytes: resident and its peak, and the accelerator's where the script knows it."""

    resident_bytes: int
    peak_bytes: int
    device_bytes: int = 0
    device_peak_bytes: int = 0


Event: TypeAlias = Progress | Phase | Metric | Memory


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What a job used.

    Attributes:
        seconds: wall time, imports that the job caused among it.
        cpu_seconds: of all threads of the process.
        peak_resident_bytes: during this job, where the kernel can tell; else as the next one.
        lifetime_peak_resident_bytes: since the process started, earlier jobs among it.
    """

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_resident_bytes: int = 0
    lifetime_peak_resident_bytes: int = 0


class Done(msgspec.Struct, frozen=True, kw_only=True, tag_field="state", tag="done"):
    """The job was done.

    Attributes:
        result: what the script returned.
        files: what it wrote, relative to the job's `files/`, sorted, with forward slashes.
        usage: what it used.
    """

    result: dict[str, Any]
    files: tuple[str, ...]
    usage: Usage = Usage()


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag_field="state", tag="failed"):
    """The job failed.

    Attributes:
        error: the exception's type; `Killed`, `Ended` or `Timeout` where there was none.
        message: why, in words.
        log_tail: the last lines of its log.
        traceback: the exception's; empty where there was none.
        usage: what it used, as far as known.
    """

    error: str
    message: str
    log_tail: str = ""
    traceback: str = ""
    usage: Usage = Usage()


class Oom(msgspec.Struct, frozen=True, kw_only=True, tag_field="state", tag="oom"):
    """Memory ran out: an allocation failed, or the kernel killed the worker for it."""

    message: str
    log_tail: str = ""
    usage: Usage = Usage()


class Infeasible(msgspec.Struct, frozen=True, kw_only=True, tag_field="state", tag="infeasible"):
    """This device, library or engine cannot do the job, and trying again will not change it."""

    message: str
    log_tail: str = ""
    usage: Usage = Usage()


class Stopped(msgspec.Struct, frozen=True, kw_only=True, tag_field="state", tag="stopped"):
    """The job was stopped on request; nothing it left is to be used."""

    usage: Usage = Usage()


Outcome: TypeAlias = Done | Failed | Oom | Infeasible | Stopped

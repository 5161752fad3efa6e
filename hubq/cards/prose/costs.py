"""Costs: what speed and memory say of a choice, in words, and silent where repeats overlap."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from hubq.cards.family import Family
from hubq.cards.ledger import RATE, Ledger, escape_pointer
from hubq.cards.prose.wording import grouped, listed
from hubq.cards.speeds import bench_measures
from hubq.cards.stacks import hardware_of
from hubq.cards.tables.speed import RATIO
from hubq.model.card import Claim
from hubq.model.recipe import BASELINE

Pace = Literal["faster", "slower", "open"]

_SHOWN = 0.25
"""The share of what the weights save that must show in peak memory before it counts as saved."""


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """One variant on one workload, beside the baseline.

    Attributes:
        workload: its name.
        pace: `faster` or `slower` where no repeat of one is as fast as any of the other.
        ratio: speed relative to the baseline's.
        memory: peak memory in percent of the baseline's.
        kept: whether what the weights save shows in peak memory; true where sizes are unknown.
        more: whether peak memory is higher than the baseline's.
    """

    workload: str
    pace: Pace
    ratio: Claim
    memory: Claim
    kept: bool
    more: bool


def costs_of(family: Family, ledger: Ledger, variant: str) -> tuple[Cost, ...]:
    """Return what a variant costs on each workload that both it and the baseline were timed on.

    Nothing where they were timed on different hardware.
    """
    if hardware_of(family, "bench", variant) != hardware_of(family, "bench", BASELINE):
        return ()
    share = ledger.document["sizes"].get(variant, {}).get("share")
    found = []
    for workload in (workload.name for workload in family.loaded.workloads.workloads):
        entry = ledger.document["speed"].get(workload, {}).get(variant)
        if entry is None:
            continue
        place = f"/speed/{escape_pointer(workload)}/{escape_pointer(variant)}"
        tail = f"{variant}.{workload}"
        saved = 1 - entry["memory"]
        found.append(
            Cost(
                workload=workload,
                pace=_pace(family, variant, workload, entry),
                ratio=ledger.own(f"speedup.{tail}", f"{place}/ratio", RATIO),
                memory=ledger.own(f"memory_share.{tail}", f"{place}/memory", RATE),
                kept=share is None or share >= 1 or saved >= (1 - share) * _SHOWN,
                more=saved < 0,
            )
        )
    return tuple(found)


def cost_sentences(costs: Mapping[str, Sequence[Cost]]) -> tuple[str, ...]:
    """Return what a reader must know of speed and memory before choosing.

    Args:
        costs: variant -> what it costs on each workload.
    """
    return (*_speed(costs), *_memory(costs))


def paces(found: Sequence[Cost]) -> Pace:
    """Return whether a variant is faster, or slower, than the baseline on every workload."""
    seen = {cost.pace for cost in found}
    return seen.pop() if len(seen) == 1 else "open"


def _speed(costs: Mapping[str, Sequence[Cost]]) -> Iterator[str]:
    for pace in ("slower", "faster"):
        told = []
        for variant, found in costs.items():
            ratios = grouped((f"{c.ratio}×", c.workload) for c in found if c.pace == pace)
            if ratios:
                where = listed(f"{ratio} on {listed(names)}" for ratio, names in ratios.items())
                told.append(f"{variant} ({where})")
        if told:
            yield f"{pace.capitalize()} than {BASELINE} here: {listed(told)}."


def _memory(costs: Mapping[str, Sequence[Cost]]) -> Iterator[str]:
    for more, what in ((True, "is higher"), (False, "hardly falls")):
        told = []
        for variant, found in costs.items():
            lost = ((f"{c.memory} %", c.workload) for c in found if not c.kept and c.more == more)
            peaks = grouped(lost)
            if peaks:
                where = listed(f"{peak} on {listed(names)}" for peak, names in peaks.items())
                told.append(f"{variant} ({where})")
        if told:
            yield (
                f"Although the weights are smaller, peak memory {what} here, in percent of "
                f"{BASELINE}'s: {listed(told)}."
            )


def _pace(family: Family, variant: str, workload: str, entry: dict[str, Any]) -> Pace:
    """Say which is faster beyond the spread of the repeats; a single repeat decides nothing.

    `low` and `high` hold the ratio of every repeat of the one to every repeat of the other.
    """
    if not all(_repeated(family, name, workload) for name in (variant, BASELINE)):
        return "open"
    if entry["low"] <= 1 <= entry["high"]:
        return "open"
    return "faster" if entry["low"] > 1 else "slower"


def _repeated(family: Family, name: str, workload: str) -> bool:
    measure = bench_measures(family, name).get(f"tokens_per_second/{workload}")
    return measure is not None and measure.n > 1 and None not in (measure.low, measure.high)

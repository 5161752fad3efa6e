"""Costs: what speed and memory say of a choice, in words, and silent where chance explains it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from hubq.cards.family import Family
from hubq.cards.ledger import RATE, Ledger, escape_pointer
from hubq.cards.prose.loads import load_words
from hubq.cards.prose.wording import grouped, listed
from hubq.cards.ratios import Pace
from hubq.cards.stacks import ENGINES
from hubq.cards.tables.speed import RATIO
from hubq.model.card import Claim
from hubq.model.recipe import BASELINE
from hubq.model.workload import Load

Regime = Literal["single", "load"]
Kind = Literal["single", "batched", "served single", "served load", "served rate"]

_SHOWN = 0.25
"""The share of what the weights save that must show in peak memory before it counts as saved."""

_VLLM = ENGINES["vllm"]
_WHERE: dict[Kind, str] = {
    "single": "for single requests",
    "batched": "in batches",
    "served single": f"for single requests in {_VLLM}",
    "served load": f"under load in {_VLLM}",
    "served rate": f"at a rate of requests in {_VLLM}, by the time to the last token",
}
REGIMES: dict[Regime, str] = {"single": "for single requests", "load": "under load"}
"""What speed may count for, in words."""


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """One variant on one workload, or under one load of a server, beside the baseline.

    Attributes:
        workload: its name.
        load: how requests came to a server, in words; empty of plain generation.
        kind: how requests came, and to what.
        pace: `faster` or `slower` where that is more than chance after Holm's correction.
        ratio: speed relative to the baseline's; of `served rate`, the time relative to its.
        memory: peak memory in percent of the baseline's; none where it is not known.
        kept: whether what the weights save shows in peak memory; true where that is not known.
        more: whether peak memory is higher than the baseline's.
    """

    workload: str
    kind: Kind
    pace: Pace
    ratio: Claim
    load: str = ""
    memory: Claim | None = None
    kept: bool = True
    more: bool = False

    @property
    def where(self) -> str:
        """The workload, with its load where that is not the same for all of its kind."""
        word = {"served load": "with", "served rate": "at"}.get(self.kind)
        return f"{self.workload} {word} {self.load}" if word else self.workload

    @property
    def regime(self) -> Regime:
        """What the speed is of: requests one after another, or side by side."""
        return "single" if self.kind in ("single", "served single") else "load"


def costs_of(family: Family, ledger: Ledger, variant: str) -> tuple[Cost, ...]:
    """Return what a variant costs wherever it and the baseline were timed in the same rounds."""
    return (*_plain(family, ledger, variant), *_served(family, ledger, variant))


def _plain(family: Family, ledger: Ledger, variant: str) -> Iterator[Cost]:
    share = ledger.document["sizes"].get(variant, {}).get("share")
    for workload in family.loaded.workloads.workloads:
        entry = ledger.document["speed"].get(workload.name, {}).get(variant)
        if entry is None:
            continue
        place = f"/speed/{escape_pointer(workload.name)}/{escape_pointer(variant)}"
        tail = f"{variant}.{workload.name}"
        saved = None if entry["memory"] is None else 1 - entry["memory"]
        yield Cost(
            workload=workload.name,
            kind="single" if workload.batch_size == 1 else "batched",
            pace=entry["verdict"],
            ratio=ledger.own(f"speedup.{tail}", f"{place}/ratio", RATIO),
            memory=ledger.maybe(f"memory_share.{tail}", f"{place}/memory", RATE),
            kept=saved is None or share is None or share >= 1 or saved >= (1 - share) * _SHOWN,
            more=saved is not None and saved < 0,
        )


def _served(family: Family, ledger: Ledger, variant: str) -> Iterator[Cost]:
    for index, served in enumerate(family.loaded.serving):
        for number, load in enumerate(served.loads):
            steps = ledger.document["serving"].get(served.name, {})
            entry: dict[str, Any] | None = steps.get(load.step, {}).get(variant)
            if entry is None:
                continue
            path = "/".join(escape_pointer(step) for step in (served.name, load.step, variant))
            place = f"{served.name}/{load.step}"
            yield Cost(
                workload=served.name,
                load=load_words(ledger, index, number, served),
                kind=_kind(load),
                pace=entry["verdict"],
                ratio=ledger.own(
                    f"served_ratio.{place}.{variant}", f"/serving/{path}/ratio", RATIO
                ),
            )


def _kind(load: Load) -> Kind:
    if load.rate is not None:
        return "served rate"
    return "served single" if load.concurrency == 1 else "served load"


def cost_sentences(costs: Mapping[str, Sequence[Cost]]) -> tuple[str, ...]:
    """Return what a reader must know of speed and memory before choosing.

    Args:
        costs: variant -> what it costs on each workload.
    """
    return (*_speed(costs), *_memory(costs))


def paces(found: Sequence[Cost], regime: Regime | None = None) -> Pace:
    """Return whether a variant is faster, or slower, than the baseline on every workload.

    Args:
        found: what the variant costs on each.
        regime: only where requests came like this; none for all.
    """
    seen = {cost.pace for cost in found if regime in (None, cost.regime)}
    return seen.pop() if len(seen) == 1 else "open"


def _speed(costs: Mapping[str, Sequence[Cost]]) -> Iterator[str]:
    for kind, where in _WHERE.items():
        for pace in ("slower", "faster"):
            told = []
            for variant, found in costs.items():
                own = [cost for cost in found if cost.kind == kind and cost.pace == pace]
                ratios = grouped((f"{c.ratio}×", c.where) for c in own)
                if ratios:
                    named = listed(f"{ratio} on {listed(names)}" for ratio, names in ratios.items())
                    told.append(f"{variant} ({named})")
            if told:
                yield f"{pace.capitalize()} than {BASELINE} {where}: {listed(told)}."


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

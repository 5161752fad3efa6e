"""Ranks: the variants of a family in order of a task's score, with the gap to the next."""

from __future__ import annotations

from typing import Any

import msgspec

from hubq.cards.family import Family
from hubq.cards.ledger import PERCENT, POINTS, Ledger, escape_pointer
from hubq.model.card import Claim


class RankStep(msgspec.Struct, frozen=True, kw_only=True):
    """A variant and how far it is ahead of the next one.

    Attributes:
        variant: its name; score: on the task.
        gap: to the next in points, with its interval; none for the last.
        sure: whether the order of the two is more than chance.
    """

    variant: str
    score: Claim
    gap: Claim | None
    low: Claim | None
    high: Claim | None
    sure: bool


class RankRow(msgspec.Struct, frozen=True, kw_only=True):
    """One task: the quantized variants from the best to the worst."""

    task: str
    steps: tuple[RankStep, ...]


def rank_rows(family: Family, ledger: Ledger, names: tuple[str, ...]) -> tuple[RankRow, ...]:
    """Return the order of the named variants on each task where two of them have a score.

    Controls have no rank, on the report neither: they are damaged so that it shows.
    """
    ranks: dict[str, list[dict[str, Any]]] = ledger.document["ranks"]
    found = []
    for task in family.tasks:
        steps = [step for step in ranks.get(task.name, ()) if step["variant"] in names]
        if len(steps) > 1:
            entered = tuple(_step(ledger, task.name, at, step) for at, step in enumerate(steps))
            found.append(RankRow(task=task.name, steps=entered))
    return tuple(found)


def _step(ledger: Ledger, task: str, at: int, step: dict[str, Any]) -> RankStep:
    name, gap = step["variant"], step["gap"]
    score = ledger.measure(f"score.{name}.{task}", f"score/{name}/{task}", "score", PERCENT)
    if gap is None:
        return RankStep(variant=name, score=score, gap=None, low=None, high=None, sure=False)
    place = f"/ranks/{escape_pointer(task)}/{at}/gap"
    tail = f"{name}.{task}"
    return RankStep(
        variant=name,
        score=score,
        gap=ledger.own(f"gap.{tail}", f"{place}/delta", POINTS),
        low=ledger.own(f"gap_low.{tail}", f"{place}/low", POINTS),
        high=ledger.own(f"gap_high.{tail}", f"{place}/high", POINTS),
        sure=gap["sure"],
    )

"""Spreads: how far apart the variants of a family are on each task (sensitivity)."""

from __future__ import annotations

from typing import Any

import msgspec

from hubq.cards.ledger import PERCENT, POINTS, Ledger
from hubq.model.card import Claim


class SpreadRow(msgspec.Struct, frozen=True, kw_only=True):
    """One task.

    Attributes:
        task: its name.
        lowest, highest: the variants that score least and most, the baseline among them.
        low, high: their scores.
        range: between them, in points.
        range_low, range_high: its interval; none for published numbers, which have no items.
        sure: whether the two ends differ by more than chance, by the correction over all pairs;
            none where that is not known.
    """

    task: str
    lowest: str
    highest: str
    low: Claim
    high: Claim
    range: Claim
    range_low: Claim | None = None
    range_high: Claim | None = None
    sure: bool | None = None


def spread_rows(ledger: Ledger) -> tuple[SpreadRow, ...]:
    """Return a row for each task, the widest range first."""
    return tuple(
        _row(ledger, number, entry) for number, entry in enumerate(ledger.document["sensitivity"])
    )


def _row(ledger: Ledger, number: int, entry: dict[str, Any]) -> SpreadRow:
    task, place = entry["task"], f"/sensitivity/{number}"
    known = entry["low"] is not None

    def score(name: str) -> Claim:
        return ledger.measure(f"score.{name}.{task}", f"score/{name}/{task}", "score", PERCENT)

    return SpreadRow(
        task=task,
        lowest=entry["lowest"],
        highest=entry["highest"],
        low=score(entry["lowest"]),
        high=score(entry["highest"]),
        range=ledger.own(f"range.{task}", f"{place}/range", POINTS),
        range_low=ledger.own(f"range_low.{task}", f"{place}/low", POINTS) if known else None,
        range_high=ledger.own(f"range_high.{task}", f"{place}/high", POINTS) if known else None,
        sure=entry["sure"],
    )

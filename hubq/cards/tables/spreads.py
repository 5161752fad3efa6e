"""Spreads: how far apart the variants of a family are on each task (sensitivity)."""

from __future__ import annotations

import msgspec

from hubq.cards.ledger import Ledger
from hubq.model.card import Claim


class SpreadRow(msgspec.Struct, frozen=True, kw_only=True):
    """One task.

    Attributes:
        task: its name.
        lowest, highest: the variants that score least and most, the baseline among them.
        low, high: their scores.
        range: between them, in points.
    """

    task: str
    lowest: str
    highest: str
    low: Claim
    high: Claim
    range: Claim


def spread_rows(ledger: Ledger) -> tuple[SpreadRow, ...]:
    """Return a row for each task, the widest range first."""
    del ledger
    return ()

"""Ranks: the variants of a family in order of a task's score, with the gap to the next."""

from __future__ import annotations

import msgspec

from hubq.cards.family import Family
from hubq.cards.ledger import Ledger
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
    """Return the order of the named variants on each task."""
    del family, ledger, names
    return ()

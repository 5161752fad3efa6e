"""Margins: which of two variants of the same bits leads on each task, and by how much."""

from __future__ import annotations

from typing import Literal

import msgspec

from hubq.cards.family import Family
from hubq.cards.footnotes import Footnote, Footnotes
from hubq.cards.ledger import Ledger
from hubq.model.card import Cell, Claim

Leader = Literal["first", "second", "open"]


class MarginRow(msgspec.Struct, frozen=True, kw_only=True):
    """One task.

    Attributes:
        task: its name.
        first, second: the two scores; a state where one is missing.
        margin: first - second in points; none where one is missing.
        low, high: its interval; none for published numbers, which have no items.
        leader: which is better beyond chance, by the statistics; `open` where they do not decide.
        ahead: the variant with the higher printed score, whatever chance says; empty for none.
        note: what the numbers can tell, in words; a marked sentence, or empty.
    """

    task: str
    first: Cell
    second: Cell
    margin: Claim | None
    low: Claim | None
    high: Claim | None
    leader: Leader
    ahead: str = ""
    note: str = ""


class MarginTable(msgspec.Struct, frozen=True, kw_only=True):
    """Two variants of the same bits side by side.

    Attributes:
        first, second: their names.
        bits: of both; none where unknown.
        rows: one for each task.
        notes: the footnotes first referred to here.
    """

    first: str
    second: str
    rows: tuple[MarginRow, ...]
    bits: Claim | None = None
    notes: tuple[Footnote, ...] = ()


def margin_tables(
    family: Family, ledger: Ledger, notes: Footnotes, names: tuple[str, ...]
) -> tuple[MarginTable, ...]:
    """Return a table for each pair of the named variants that have the same, lowest bits."""
    del family, ledger, notes, names
    return ()

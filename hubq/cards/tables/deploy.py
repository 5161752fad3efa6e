"""Deploying: what answering the evaluation's items took, beside what it scored."""

from __future__ import annotations

import msgspec

from hubq.cards.family import Family
from hubq.cards.footnotes import Footnote, Footnotes
from hubq.cards.ledger import Ledger
from hubq.model.card import Cell


class DeployRow(msgspec.Struct, frozen=True, kw_only=True):
    """One run.

    Attributes:
        run: the variant, or what was run.
        this: whether the card is this variant's.
        score: the mean over tasks.
        wall: the whole run's time; per_item: milliseconds an item.
        relative: time as a multiple of the first row's, or its speed; words such as `slower`
            belong to the cell's mark.
        delta: of the score to the first row's, in points.
    """

    run: str
    this: bool
    score: Cell | None
    wall: Cell | None
    per_item: Cell | None
    relative: Cell | None
    delta: Cell | None


class DeployTable(msgspec.Struct, frozen=True, kw_only=True):
    """Runs side by side; the first is what the others are held against."""

    reference: str
    rows: tuple[DeployRow, ...]
    notes: tuple[Footnote, ...] = ()


def deploy_table(
    family: Family, ledger: Ledger, notes: Footnotes, names: tuple[str, ...], this: str
) -> DeployTable | None:
    """Return what answering took; none unless at least two variants tell their seconds."""
    del family, ledger, notes, names, this
    return None

"""Held numbers: printed numbers beside what the card's other numbers give."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Literal

import msgspec

from hubq.cards.published.exact import Span
from hubq.cards.published.sheets import Block, Place, Sheet
from hubq.model.finding import Severity

Kind = Literal["average", "delta", "recovery", "ratio", "reduction"]


class Held(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A printed number that follows from others on the card.

    Attributes:
        kind: what it is.
        sheet, block: where it stands.
        place: its cell.
        variant, task: the cell's names.
        shown: the number as printed.
        at: line and column of it.
        right: what the other numbers give.
        digits: to how many decimals that is worth printing.
        unit: that it is printed with.
        agrees: whether rounding explains what is between the two.
        how: what it was worked out from, as it goes on behind "it is not".
        severity: of a finding, should it be wrong.
    """

    kind: Kind
    sheet: Sheet
    block: Block
    place: Place
    variant: str
    task: str
    shown: str
    at: tuple[int, int]
    right: Span
    digits: int
    unit: str = ""
    agrees: bool
    how: str
    severity: Severity = "error"

    @property
    def where(self) -> str:
        """Its table's heading, its row and its column, in words."""
        return where(self.block, self.variant, self.task, sheet=self.sheet)

    @property
    def right_text(self) -> str:
        """What the others give, ready to print."""
        signed = self.kind == "delta" and self.right.value > 0
        return f"{'+' if signed else ''}{rounded(self.right.value, self.digits)}{self.unit}"


def rounded(value: Decimal, digits: int) -> str:
    """Return a number with so many decimals."""
    try:
        return str(value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP))
    except InvalidOperation:
        return f"{value:.3e}"


def where(block: Block, *names: str, sheet: Sheet | None = None) -> str:
    """Return a cell's place in words."""
    heading = sheet.table.heading if sheet is not None and not block.title else ""
    parts = (block.title or heading, *names)
    return ", ".join(dict.fromkeys([" ".join(part.split()) for part in parts if part]))


def severity_of(agreeing: int, count: int, *, alone: Severity | None = None) -> Severity | None:
    """Return how sure it is that numbers which do not agree are wrong; none where it is not.

    How the numbers of a column were worked out is known from those that agree.

    Args:
        agreeing: how many of them agree.
        count: how many there are.
        alone: what to return where none agrees.
    """
    if not agreeing:
        return alone
    return "error" if 2 * agreeing >= count else "warning"


def plainly(texts: Sequence[str], most: int = 6, between: str = ", ") -> str:
    """Return some texts as a list in words, cut off where there are too many."""
    kept = list(texts[:most])
    rest = len(texts) - len(kept)
    return between.join(kept) + (f"{between}and {rest} more" if rest else "")

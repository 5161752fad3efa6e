"""Averages: means that a published table prints, worked out again from their cells."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from hubq.cards.ledger import Shape
from hubq.cards.published import exact
from hubq.cards.published.exact import Span
from hubq.cards.published.notebook import Notebook, outside, step
from hubq.cards.published.sheets import Block, Place
from hubq.model.card import Claim

_NAMED_MEANS = ("avg", "average", "mean")


class Average(msgspec.Struct, frozen=True, kw_only=True):
    """A mean that a table prints, worked out again.

    Attributes:
        variant, task: its cell.
        printed: where it stands.
        mean: of the cells that it is over; none where one of them holds no number.
        count: how many cells these are.
        agrees: whether rounding explains what is between the two.
    """

    variant: str
    task: str
    printed: Place
    mean: Span | None
    count: int
    agrees: bool


def averages(block: Block) -> tuple[Average, ...]:
    """Return every mean that a block prints, worked out again.

    A column `Overall` is taken for a mean only where it is one in at least half of its rows.
    """
    found = [
        _average(block, line.name, task)
        for task in block.of("average")
        for line in block.variants
        if block.place(line.name, task) is not None
    ]
    kept = []
    for task in block.of("average"):
        own = [one for one in found if one.task == task]
        right = sum(one.agrees for one in own)
        if any(word in task.lower() for word in _NAMED_MEANS) or 2 * right >= len(own):
            kept += own
    return tuple(kept)


def _average(block: Block, variant: str, task: str) -> Average:
    printed = block.cells[variant, task]
    members = [
        block.score(variant, one)
        for one in block.of("score")
        if block.groups[one] == block.groups[task] and (variant, one) in block.cells
    ]
    spans = [exact.span_of(one.found) for one in members if one is not None]
    whole = len(spans) == len(members) > 1
    mean = exact.mean(spans) if whole else None
    value, unit = exact.decimal_of(printed.found), exact.unit_of(printed.found)
    agrees = mean is None or mean.agrees(value, unit)
    return Average(
        variant=variant, task=task, printed=printed, mean=mean, count=len(members), agrees=agrees
    )


def mean_claim(book: Notebook, block: Block, one: Average) -> Claim | None:
    """Enter a mean as its cells give it; none where one of them holds no number."""
    if one.mean is None:
        return None
    path = f"{block.path}/averages/{step(one.task)}/{step(one.variant)}"
    digits = max(one.printed.found.decimals, 2)
    return book.derived(path, float(one.mean.value), Shape(digits=digits, unit="score"))


def reversals(block: Block) -> tuple[tuple[Average, Average], ...]:
    """Return each pair of lines that the printed means put in another order than the cells do."""
    found = []
    every = averages(block)
    for task in block.of("average"):
        own = [one for one in every if one.task == task and one.mean is not None]
        for position, first in enumerate(own):
            for second in own[position + 1 :]:
                printed = exact.decimal_of(first.printed.found) - exact.decimal_of(
                    second.printed.found
                )
                right = _value(first) - _value(second)
                if printed * right < 0:
                    ahead = (first, second) if right > 0 else (second, first)
                    found.append(ahead)
    return tuple(found)


def reversal_text(book: Notebook, block: Block, ahead: Average, behind: Average) -> str:
    """Say that two means change places, in one sentence."""
    names = outside(ahead.variant), outside(behind.variant)
    ours = mean_claim(book, block, ahead), mean_claim(book, block, behind)
    title = f"{outside(block.title)}: " if block.title else ""
    return (
        f"{title}the printed means put {names[1]} ({book.printed(behind.printed)}) before "
        f"{names[0]} ({book.printed(ahead.printed)}); their own cells put {names[0]} ({ours[0]}) "
        f"before {names[1]} ({ours[1]})."
    )


def _value(one: Average) -> Decimal:
    return one.mean.value if one.mean is not None else Decimal()

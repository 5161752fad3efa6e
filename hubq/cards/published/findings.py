"""Findings: numbers of a published table that do not follow from the others in it.

A number is only called wrong where no rounding of the printed ones, and no cutting of its own last
digit, could have given it.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from hubq.cards.ledger import Shape
from hubq.cards.published import exact
from hubq.cards.published.averages import averages, mean_claim, reversal_text, reversals
from hubq.cards.published.notebook import COUNT, Notebook, outside, step
from hubq.cards.published.operands import Worked, ratios, worked, worked_claim
from hubq.cards.published.sheets import Block, Place, Sheet


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One number that does not add up.

    Attributes:
        sheet: the number of its table in the report.
        where: its row and column, ready to print.
        printed: the cell, ready to print.
        right: what the other cells give; empty where they give nothing.
        why: one sentence.
    """

    sheet: int
    where: str
    printed: str
    right: str
    why: str


def findings(book: Notebook, sheet: Sheet) -> tuple[Finding, ...]:
    """Return every number of a table that does not follow from its other cells."""
    return tuple(
        finding
        for block in sheet.blocks
        for check in (_averages, _worked, _brackets, _ratios, _counts)
        for finding in check(book, sheet, block)
    )


def checked(sheet: Sheet) -> int:
    """Return how many numbers of a table follow from its other cells."""
    return sum(
        sum(one.mean is not None for one in averages(block))
        + len(worked(block))
        + len(list(_bracketed(block)))
        + len(ratios(block))
        for block in sheet.blocks
    )


def turned(book: Notebook, sheet: Sheet) -> tuple[str, ...]:
    """Return a sentence on each pair of lines that wrong means put in the wrong order."""
    return tuple(
        reversal_text(book, block, *pair) for block in sheet.blocks for pair in reversals(block)
    )


def where(block: Block, variant: str, task: str) -> str:
    """Return a cell's place in words, ready to print."""
    return ", ".join(outside(part) for part in (block.title, variant, task) if part)


def _averages(book: Notebook, sheet: Sheet, block: Block) -> Iterator[Finding]:
    for one in averages(block):
        right = None if one.agrees else mean_claim(book, block, one)
        if right is None:
            continue
        path = f"{block.path}/averaged/{step(one.task)}/{step(one.variant)}"
        yield Finding(
            sheet=sheet.number,
            where=where(block, one.variant, one.task),
            printed=str(book.printed(one.printed)),
            right=str(right),
            why=f"It is not the plain mean of its {book.derived(path, one.count, COUNT)} cells.",
        )


def _worked(book: Notebook, sheet: Sheet, block: Block) -> Iterator[Finding]:
    for one in worked(block):
        if one.agrees:
            continue
        unit = outside(one.printed.found.unit)
        yield Finding(
            sheet=sheet.number,
            where=where(block, one.variant, one.task),
            printed=f"{book.printed(one.printed)}{unit}",
            right=f"{worked_claim(book, block, one)}{unit}",
            why=_why(book, one),
        )


def _why(book: Notebook, one: Worked) -> str:
    first, second = book.printed(one.first), book.printed(one.second)
    if one.role == "recovery":
        return f"It is not {first} in percent of {second}."
    return f"It is not {first} less {second}."


def _bracketed(block: Block) -> Iterator[tuple[str, str, Place, Place]]:
    """Yield variant, task, score and the baseline's of each difference behind a score."""
    for line in block.variants:
        for task in block.of("score", "average"):
            place, base = block.score(line.name, task), block.score(block.baseline, task)
            if place is None or base is None or place.found.delta is None:
                continue
            if line.name != block.baseline:
                yield line.name, task, place, base


def _brackets(book: Notebook, sheet: Sheet, block: Block) -> Iterator[Finding]:
    """Check differences that stand in brackets behind a score."""
    for variant, task, place, base in _bracketed(block):
        right = exact.minus(exact.span_of(place.found), exact.span_of(base.found))
        printed = exact.decimal_of(place.found, "delta")
        # How many digits the brackets had is not kept; a last zero may be missing here.
        if right.agrees(printed, Decimal(1).scaleb(int(printed.as_tuple().exponent))):
            continue
        path = f"{block.path}/bracketed/{step(task)}/{step(variant)}"
        shape = Shape(digits=place.found.decimals, unit="score", signed=True)
        yield Finding(
            sheet=sheet.number,
            where=where(block, variant, task),
            printed=str(book.printed(place, "delta")),
            right=str(book.derived(path, float(right.value), shape)),
            why=f"It is not {book.printed(place)} less {book.printed(base)}.",
        )


def _ratios(book: Notebook, sheet: Sheet, block: Block) -> Iterator[Finding]:
    """Check how many times faster or slower a line is said to be."""
    for one in ratios(block):
        if one.agrees:
            continue
        unit = outside(one.printed.found.unit)
        path = f"{block.path}/ratios/{step(one.task)}/{step(one.variant)}"
        shape = Shape(digits=one.printed.found.decimals, unit="ratio")
        yield Finding(
            sheet=sheet.number,
            where=where(block, one.variant, one.task),
            printed=f"{book.printed(one.printed)}{unit}",
            right=f"{book.derived(path, float(one.right.value), shape)}{unit}",
            why=f"It is not the ratio of {book.printed(one.first)} and {book.printed(one.second)}.",
        )


def _counts(book: Notebook, sheet: Sheet, block: Block) -> Iterator[Finding]:
    """Find scores that no number of right answers gives."""
    for task in block.of("score"):
        found = [
            place
            for (_, of), place in block.cells.items()
            if of == task and place.found.certainty is not None and _fits_none(place)
        ]
        if found:
            count = book.known(found[0], "n")
            yield Finding(
                sheet=sheet.number,
                where=", ".join(outside(part) for part in (block.title, task) if part),
                printed=", ".join(str(book.printed(place)) for place in found),
                right="",
                why=f"No number of right answers to {count} questions is printed so.",
            )


def _fits_none(place: Place) -> bool:
    known = place.found.certainty
    return known is not None and known.what == "count" and bool(known.n) and not known.counts

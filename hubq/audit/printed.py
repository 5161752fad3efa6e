"""Printed numbers: everything that a card's tables print or imply, to hold its prose against."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from decimal import Decimal

import msgspec

from hubq.audit.arithmetic import held
from hubq.audit.document import Document
from hubq.audit.kept import kept
from hubq.cards.published import exact
from hubq.cards.published.sheets import Block, Place
from hubq.evaluate.formats.known import plain
from hubq.evaluate.formats.remembering import remembered

#: Differences of each two numbers of a column are known for columns of at most so many.
_PAIRS = 60


class Column(msgspec.Struct, frozen=True, kw_only=True, eq=False, dict=True):
    """The numbers of one task in one block.

    Attributes:
        names: how prose may call the task, in lower-case letters and digits.
        block: it stands in.
        task: its name in the table.
        average: whether it is a mean of others.
        cells: variant -> cell.
    """

    names: tuple[str, ...]
    block: Block
    task: str
    average: bool
    cells: dict[str, Place]

    @property
    def values(self) -> tuple[Decimal, ...]:
        """What it prints."""
        return tuple(exact.decimal_of(place.found) for place in self.cells.values())


@kept
def columns(document: Document) -> tuple[Column, ...]:
    """Return every column of scores and averages of a card."""
    return tuple(_columns(document))


def _columns(document: Document) -> Iterator[Column]:
    for sheet in document.sheets:
        for block in sheet.blocks:
            for task in block.of("score", "average"):
                cells = {
                    line.name: place
                    for line in block.variants
                    if (place := block.score(line.name, task)) is not None
                }
                if cells:
                    yield Column(
                        names=_names(task),
                        block=block,
                        task=task,
                        average=block.roles[task] == "average",
                        cells=cells,
                    )


@remembered
def _names(task: str) -> tuple[str, ...]:
    last = task.rpartition(" / ")[2]
    bare = last.partition("(")[0].strip()
    split = bare.partition("_")[0]
    found = (plain(one) for one in (last, bare, split))
    return tuple(dict.fromkeys(one for one in found if len(one) > 2))


def explains(value: Decimal, digits: int, numbers: AbstractSet[Decimal]) -> bool:
    """Say whether a number is one of some, rounded or cut to its own digits."""
    if value in numbers:
        return True
    unit = Decimal(1).scaleb(-digits)
    return any(abs(abs(one) - abs(value)) <= unit for one in numbers)


@kept
def implied(column: Column) -> frozenset[Decimal]:
    """Return what a column prints, with the differences and ratios of each two of its numbers."""
    values = column.values
    found = set(values)
    fraction = any(place.found.scale == "fraction" for place in column.cells.values())
    if len(values) <= _PAIRS:
        for one in values:
            for two in values:
                found |= {one - two}
                if two:
                    ratio = one / two
                    found |= {ratio, ratio * 100, (ratio - 1) * 100}
    return frozenset(found | ({one * 100 for one in found} if fraction else set()))


@kept
def means(document: Document) -> frozenset[Decimal]:
    """Return the averages of a card: as printed, and as their cells give them."""
    found = {value for one in columns(document) if one.average for value in one.values}
    found |= {one.right.value for one in held(document) if one.kind == "average"}
    return frozenset(found)


def recoveries(
    document: Document, *, averages: bool
) -> tuple[tuple[Decimal, ...], frozenset[Decimal]]:
    """Return the recoveries that a card prints, and all that its cells give.

    Args:
        document: the card.
        averages: only those of averages, where it has some.
    """
    return _of_averages(document) if averages else _of_all(document)


@kept
def _of_averages(document: Document) -> tuple[tuple[Decimal, ...], frozenset[Decimal]]:
    return _recoveries(document, averages=True)


@kept
def _of_all(document: Document) -> tuple[tuple[Decimal, ...], frozenset[Decimal]]:
    return _recoveries(document, averages=False)


def _recoveries(
    document: Document, *, averages: bool
) -> tuple[tuple[Decimal, ...], frozenset[Decimal]]:
    every = [
        (block, name, task, exact.decimal_of(place.found))
        for sheet in document.sheets
        for block in sheet.blocks
        for (name, task), place in block.cells.items()
        if "recovery" in {block.roles.get(task), block.roles.get(name)}
        and place.found.value is not None
    ]
    means_only = [one for one in every if averages and one[0].roles.get(one[2]) == "average"]
    shown = {value for *_, value in means_only or every}
    known = set(shown)
    for one in held(document):
        if one.kind == "recovery" and (
            not means_only or exact.decimal_of(one.place.found) in shown
        ):
            known.add(one.right.value)
    for column in columns(document) if shown else ():
        if not means_only or column.average:
            known |= implied(column)
    return tuple(sorted(shown)), frozenset(known)


@kept
def all_numbers(document: Document) -> frozenset[Decimal]:
    """Return every number of every table, as printed."""
    return frozenset(
        exact.decimal_of(place.found)
        for sheet in document.sheets
        for block in sheet.blocks
        for place in block.cells.values()
        if place.found.value is not None
    )

"""Operands: which two cells a printed difference, recovery or gap was worked out from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from hubq.cards.ledger import Shape
from hubq.cards.published import exact, roles
from hubq.cards.published.exact import Span
from hubq.cards.published.notebook import Notebook, step
from hubq.cards.published.roles import Role
from hubq.cards.published.sheets import Block, Place
from hubq.model.card import Claim

_BRACKETS = re.compile(r"[(\[]([^()\[\]]+)[)\]]")
_LOSS = re.compile(r"drop|degrad|loss", re.IGNORECASE)
_POINTS = re.compile(r"p(oin)?ts?\b|pp\b|%", re.IGNORECASE)


class Worked(msgspec.Struct, frozen=True, kw_only=True):
    """A printed number that was worked out from two others.

    Attributes:
        variant, task: its cell.
        role: `delta` or `recovery`.
        printed: where it stands.
        first, second: what it was worked out from.
        right: what these give, on the scale that it is printed on.
        agrees: whether rounding explains what is between the two.
    """

    variant: str
    task: str
    role: Role
    printed: Place
    first: Place
    second: Place
    right: Span
    agrees: bool


def worked(block: Block) -> tuple[Worked, ...]:
    """Return every difference and recovery of a block whose operands are known."""
    found = []
    for name, role in block.roles.items():
        if role not in ("delta", "recovery"):
            continue
        for variant, task in _cells(block, name):
            pair = _pair(block, name, variant, task)
            if pair is not None:
                one = _worked(name, role, (variant, task), block, pair)
                found += [one] if one is not None else []
    return tuple(found)


class Ratio(msgspec.Struct, frozen=True, kw_only=True):
    """A printed ratio of speeds or times, and what these give.

    Attributes:
        variant, task: its cell.
        printed: where it stands.
        first, second: the line's own and the baseline's.
        right: their ratio, the way round that is nearer to what is printed.
        agrees: whether rounding explains what is between the two.
    """

    variant: str
    task: str
    printed: Place
    first: Place
    second: Place
    right: Span
    agrees: bool


def ratios(block: Block) -> tuple[Ratio, ...]:
    """Return every printed ratio of a block whose speeds or times stand beside it."""
    measured = (*block.of("per-item"), *block.of("time"), *block.of("speed"))
    found = []
    for task in block.of("relative") if measured and block.baseline else ():
        for line in block.variants:
            printed = block.place(line.name, task)
            first = block.place(line.name, measured[0])
            second = block.place(block.baseline, measured[0])
            if printed is not None and first is not None and second is not None:
                found += _ratio((line.name, task), printed, first, second)
    return tuple(found)


def _ratio(cell: tuple[str, str], printed: Place, first: Place, second: Place) -> list[Ratio]:
    one, two = exact.span_of(first.found), exact.span_of(second.found)
    ways = [way for way in (exact.over(one, two), exact.over(two, one)) if way is not None]
    if not ways:
        return []
    value, unit = exact.decimal_of(printed.found), exact.unit_of(printed.found)
    right = min(ways, key=lambda way: abs(way.value - value))
    return [
        Ratio(
            variant=cell[0],
            task=cell[1],
            printed=printed,
            first=first,
            second=second,
            right=right,
            agrees=right.agrees(value, unit),
        )
    ]


def worked_claim(book: Notebook, block: Block, one: Worked) -> Claim:
    """Enter what the two cells give, printed to the digits of the table's own number."""
    path = f"{block.path}/{one.role}/{step(one.task)}/{step(one.variant)}"
    unit, digits = one.printed.found.unit, one.printed.found.decimals
    shape = Shape(digits=digits, unit=unit, signed=one.role == "delta")
    return book.derived(path, float(one.right.value), shape)


def _worked(
    name: str, role: Role, cell: tuple[str, str], block: Block, pair: tuple[Place, Place]
) -> Worked | None:
    printed, (first, second) = block.cells[cell], pair
    value, unit = exact.decimal_of(printed.found), exact.unit_of(printed.found)
    rights = list(_rights(name, role, printed, first, second))
    if not rights:
        return None
    agreeing = [right for right in rights if right.agrees(value, unit)]
    return Worked(
        variant=cell[0],
        task=cell[1],
        role=role,
        printed=printed,
        first=first,
        second=second,
        right=(agreeing or rights)[0],
        agrees=bool(agreeing),
    )


def _rights(name: str, role: Role, printed: Place, first: Place, second: Place) -> Iterator[Span]:
    """Return what the printed number may have been meant as, the likeliest first."""
    one, two = exact.span_of(first.found), exact.span_of(second.found)
    ratio = exact.over(one, two)
    if role == "recovery":
        in_percent = printed.found.unit == "%" or abs(exact.decimal_of(printed.found)) > 2
        if ratio is not None:
            yield exact.times(ratio, 100) if in_percent else ratio
        return
    points = exact.minus(one, two)
    if first.found.scale == "fraction" and _in_points(printed):
        points = exact.times(points, 100)
    yield points
    if _LOSS.search(name):
        yield Span(-points.value, -points.high, -points.low)
    if printed.found.unit == "%" and ratio is not None:
        share = exact.times(ratio, 100)
        yield Span(share.value - 100, share.low - 100, share.high - 100)


def _in_points(printed: Place) -> bool:
    return bool(_POINTS.search(printed.found.unit)) or abs(exact.decimal_of(printed.found)) > 1


def _cells(block: Block, name: str) -> tuple[tuple[str, str], ...]:
    return tuple(
        cell
        for cell, place in block.cells.items()
        if name in cell and place.found.value is not None
    )


def _pair(block: Block, name: str, variant: str, task: str) -> tuple[Place, Place] | None:
    minus = roles.minus_of(name)
    if name == task:
        names = _of_tasks(block, name, variant, minus)
        cells = [block.score(*cell) for cell in names]
    else:
        cells = [block.score(one, task) for one in _of_variants(block, name, minus)]
    if len(cells) != 2 or cells[0] is None or cells[1] is None:
        return None
    return cells[0], cells[1]


def _of_tasks(
    block: Block, name: str, variant: str, minus: tuple[str, str] | None
) -> tuple[tuple[str, str], ...]:
    """Return the two cells that a derived column's cell was worked out from."""
    scores = block.of("score", "average")
    if minus:
        found = [_meant(side, scores) for side in minus]
        return tuple((variant, task) for task in found if task)
    if not block.baseline or variant == block.baseline:
        return ()
    before = [task for task in scores if block.tasks.index(task) < block.tasks.index(name)]
    means = block.of("average")
    target = means[0] if len(means) == 1 else (before or list(scores) or [""])[-1]
    return (variant, target), (block.baseline, target)


def _of_variants(block: Block, name: str, minus: tuple[str, str] | None) -> tuple[str, ...]:
    """Return the two variants that a derived line was worked out from."""
    every = [line.name for line in block.lines]
    own = [line.name for line in block.variants]
    if minus:
        return tuple(found for side in minus if (found := _meant(side, own)))
    others = [variant for variant in own if variant != block.baseline]
    if not block.baseline:
        return tuple(own) if len(own) == 2 else ()
    said = _BRACKETS.search(name)
    within = [one for one in others if said and said[1].lower() in one.lower()]
    before = [one for one in others if every.index(one) < every.index(name)]
    target = (within if len(within) == 1 else before or others)[-1:]
    return (*target, block.baseline)


def _meant(name: str, names: Sequence[str]) -> str:
    """Return the shortest of some names that a short one begins; empty for none."""
    begins = re.compile(rf"{re.escape(name)}(?![\w-])", re.IGNORECASE)
    return min((one for one in names if begins.match(one)), key=len, default="")

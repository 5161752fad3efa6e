"""Differences: deltas and recoveries that a card prints, held against their two cells.

Cards print a loss as -1.2, as 1.2 or as a percentage; what most cells of a column agree with is
taken for how it was meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

import msgspec

from hubq.audit.held import Held, severity_of
from hubq.audit.pairing import base_of
from hubq.cards.published import exact, roles
from hubq.cards.published.exact import Span
from hubq.cards.published.operands import Worked, worked
from hubq.cards.published.sheets import Block, Place, Sheet
from hubq.evaluate.formats.sides import is_task

#: A derived column is tried against at most so many scores.
_CHOICES = 30


class _Case(msgspec.Struct, frozen=True, kw_only=True):
    """A printed difference with the two cells that it is of."""

    kind: str
    variant: str
    task: str
    place: Place
    shown: str
    printed: Decimal
    unit: Decimal
    right: Span
    first: Place
    second: Place
    agrees: bool


def differences(sheet: Sheet, block: Block) -> Iterator[Held]:
    """Yield every difference and recovery of a block whose two cells are known."""
    groups: dict[tuple[str, str], list[_Case]] = {}
    for one in worked(block):
        name = one.variant if one.variant in block.roles else one.task
        groups.setdefault((one.role, name), []).append(_case(one))
    bracketed = list(_bracketed(block))
    if bracketed:
        groups["delta", ""] = bracketed
    for (_, name), cases in groups.items():
        meant = _column(block, name, cases) if name in block.tasks else cases
        yield from _settled(sheet, block, meant)


def _column(block: Block, name: str, cases: list[_Case]) -> list[_Case]:
    """Return a derived column read with the score that agrees with most of it."""
    if roles.minus_of(name) or all(one.agrees for one in cases):
        return cases
    choices = [cases]
    for task in block.of("average", "score")[:_CHOICES]:
        found = [_against(block, one, task) for one in cases]
        choices.append([one for one in found if one is not None])
    return max(choices, key=lambda some: sum(one.agrees for one in some))


def _against(block: Block, one: _Case, task: str) -> _Case | None:
    """Return a case read as the difference, or the ratio, of one score to the baseline's."""
    first, second = block.score(one.variant, task), block.score(base_of(block, one.variant), task)
    if first is None or second is None or first is second:
        return None
    mine, theirs = exact.span_of(first.found), exact.span_of(second.found)
    share = exact.over(mine, theirs)
    if one.kind == "recovery":
        rights = [] if share is None else [exact.times(share, 100), share]
    else:
        rights = list(_meant(exact.minus(mine, theirs), second))
    agreeing = [right for right in rights if right.agrees(one.printed, one.unit)]
    if not rights:
        return None
    return msgspec.structs.replace(
        one,
        first=first,
        second=second,
        right=(agreeing or rights)[0],
        agrees=bool(agreeing),
    )


def _case(one: Worked) -> _Case:
    found = one.printed.found
    return _Case(
        kind=one.role,
        variant=one.variant,
        task=one.task,
        place=one.printed,
        shown=found.shown,
        printed=exact.decimal_of(found),
        unit=exact.unit_of(found),
        right=one.right,
        first=one.first,
        second=one.second,
        agrees=one.agrees,
    )


def _bracketed(block: Block) -> Iterator[_Case]:
    """Yield each difference behind a score, with the baseline's score."""
    if not block.baseline or not _has_brackets(block):
        return
    for line in block.variants:
        for task in block.of("score", "average"):
            place = block.score(line.name, task)
            if place is None or place.found.delta is None:
                continue
            base = block.score(base_of(block, line.name), task)
            if base is None or place is base:
                continue
            printed = exact.decimal_of(place.found, "delta")
            unit = Decimal(1).scaleb(int(printed.as_tuple().exponent))
            right = exact.minus(exact.span_of(place.found), exact.span_of(base.found))
            yield _Case(
                kind="delta",
                variant=line.name,
                task=task,
                place=place,
                shown=place.found.shown,
                printed=printed,
                unit=unit,
                right=right,
                first=place,
                second=base,
                agrees=any(one.agrees(printed, unit) for one in _meant(right, base)),
            )


def _has_brackets(block: Block) -> bool:
    for one in block.scores.values():  # noqa: SIM110
        if one.found.delta is not None:
            return True
    return False


def _meant(points: Span, base: Place) -> Iterator[Span]:
    """Yield what a difference in brackets may be: of scores, in points, or in percent."""
    yield points
    if base.found.scale == "fraction":
        yield exact.times(points, 100)
    share = exact.over(points, exact.span_of(base.found))
    if share is not None:
        yield exact.times(share, 100)


def _settled(sheet: Sheet, block: Block, cases: Sequence[_Case]) -> Iterator[Held]:
    cases = _as_most(cases)
    agreeing = sum(one.agrees for one in cases)
    scores = block.of("score", "average")
    # Of which two variants a derived line is, is known; of which columns a derived one, is not.
    simple = all(one.variant in block.roles for one in cases) or (
        len(scores) == 1 and is_task(scores[0])
    )
    severity = severity_of(agreeing, len(cases), alone="warning" if simple else None)
    if severity == "warning" and agreeing:
        severity = None
    for one in cases:
        if one.agrees or severity is not None:
            yield _held(sheet, block, one, severity or "info")


def _as_most(cases: Sequence[_Case]) -> Sequence[_Case]:
    """Return cases as most of them were meant: with signs, the other way round, or without."""
    if all(one.agrees for one in cases) or cases[0].kind == "recovery":
        return cases
    turned = [_replaced(one, _negative(one.right)) for one in cases]
    unsigned = not any(sign in one.shown for one in cases for sign in "+-−–")
    bare = [_replaced(one, _absolute(one.right)) for one in cases] if unsigned else []
    # All are read one way: where most were printed the other way round, one sign alone is wrong.
    return max((cases, turned, bare), key=lambda some: sum(one.agrees for one in some))


def _replaced(one: _Case, right: Span) -> _Case:
    agrees = right.agrees(one.printed, one.unit)
    return msgspec.structs.replace(one, right=right, agrees=agrees)


def _negative(one: Span) -> Span:
    return Span(-one.value, -one.high, -one.low)


def _absolute(one: Span) -> Span:
    return _negative(one) if one.value < 0 else one


def _held(sheet: Sheet, block: Block, one: _Case, severity: str) -> Held:
    first, second = one.first.found.shown, one.second.found.shown
    if one.kind == "recovery":
        how = f"{first} in percent of {second}"
    else:
        how = f"the difference of {first} and {second}"
    found = one.place.found
    bracketed = found.delta is not None and found.shown == one.shown and one.place is one.first
    digits = max(0, -int(one.unit.as_tuple().exponent))
    return Held(
        kind="recovery" if one.kind == "recovery" else "delta",
        sheet=sheet,
        block=block,
        place=one.place,
        variant=one.variant,
        task=one.task,
        shown=one.shown,
        at=found.at,
        right=one.right,
        digits=max(digits, found.decimals) if bracketed else found.decimals,
        unit="" if bracketed or found.unit != "%" else "%",
        agrees=one.agrees,
        how=how,
        severity=severity,  # type: ignore[arg-type]
    )

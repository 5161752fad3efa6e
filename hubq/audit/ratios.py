"""Ratios: speed-ups, relative speeds and reductions of memory, held against the measured cells."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

import msgspec

from hubq.audit.held import Held, severity_of
from hubq.audit.pairing import base_of
from hubq.cards.published import exact
from hubq.cards.published.exact import Span
from hubq.cards.published.sheets import Block, Place, Sheet
from hubq.evaluate.formats.remembering import remembered
from hubq.evaluate.published import PublishedMeasure

_REDUCTION = re.compile(
    r"reduc|saving|\bsaved?\b|smaller|compress|shrink|(memory|size|vram)\b.*\b(vs|ratio|relative)\b"
    r"|relative (memory|size)|\bless\b",
    re.IGNORECASE,
)
_SIZE = re.compile(r"size|memory|v?ram\b|disk|footprint|\(?\bgi?b\b|usage|peak", re.IGNORECASE)
_ASIDE = re.compile(
    r"\([~≈]?(?P<much>\d{1,4}(?:\.\d{1,4})?)\s?(?P<unit>%|x|×)\s(?P<what>reduction|less|smaller|lower"
    r"|saved|savings?|speed-?ups?|faster|higher)\b",
    re.IGNORECASE,
)
_FASTER = re.compile(r"speed|faster|higher", re.IGNORECASE)
_TIMES = frozenset({"x", "×"})
_ONE, _HUNDRED = Decimal(1), Decimal(100)
_Ways = Callable[[Span, str], Iterator[Span]]


class _Case(msgspec.Struct, frozen=True, kw_only=True):
    """A printed ratio with the two cells that it may be of."""

    variant: str
    task: str
    place: Place
    first: Place
    second: Place
    right: Span
    agrees: bool


def ratios(sheet: Sheet, block: Block) -> Iterator[Held]:
    """Yield every relative speed or time of a block that its measured cells give."""
    measured = [*block.of("per-item"), *block.of("time"), *block.of("speed")]
    for task in block.tasks if measured else ():
        if _is_relative(block, task) and not _is_reduction(task):
            yield from _best(sheet, block, task, measured, _relative)


def _is_relative(block: Block, task: str) -> bool:
    """Say whether a column holds ratios: by its name, or by the unit of its cells."""
    role = block.roles.get(task)
    if role != "other":
        return role == "relative"
    units = [place.found.unit for (_, of), place in block.cells.items() if of == task]
    return any(units) and all(unit[:1] in _TIMES for unit in units if unit)


def reductions(sheet: Sheet, block: Block) -> Iterator[Held]:
    """Yield every reduction of memory or size of a block that its measured cells give."""
    names = [task for task in block.tasks if _is_reduction(task)]
    sizes = [
        task
        for task in (block.tasks if names else ())
        if not _is_reduction(task) and _is_size(block, task)
    ]
    for task in names if sizes else ():
        yield from _best(sheet, block, task, sizes, _reduced)


def asides(sheet: Sheet, block: Block) -> Iterator[Held]:
    """Yield every change that stands in brackets behind a number: `2.98 GB (67% reduction)`."""
    cases: list[tuple[Held, bool]] = []
    for (name, task), place in block.cells.items() if block.baseline else ():
        shown = place.found.shown
        if "(" not in shown or name == block.baseline or place.found.value is None:
            continue
        found = _ASIDE.search(shown)
        base = block.place(base_of(block, name), task) if found is not None else None
        if found is None or base is None or not _same_unit(place.found, base.found):
            continue
        share = exact.over(exact.span_of(place.found), exact.span_of(base.found))
        if share is not None and share.low > 0:
            cases.append(_aside((sheet, block, name, task), place, base, found, share))
    agreeing = sum(agrees for _, agrees in cases)
    severity = severity_of(agreeing, len(cases), alone="warning")
    for one, _ in cases:
        yield msgspec.structs.replace(one, severity=severity or "warning")


def _aside(
    cell: tuple[Sheet, Block, str, str],
    place: Place,
    base: Place,
    found: re.Match[str],
    share: Span,
) -> tuple[Held, bool]:
    sheet, block, name, task = cell
    text = found["much"]
    value, unit = Decimal(text), Decimal(1).scaleb(-len(text.partition(".")[2]))
    faster = bool(_FASTER.search(found["what"]))
    ways = _relative if faster else _reduced
    right, agrees = _nearest(ways(share, found["unit"]), value, unit)
    own, theirs = place.found.shown.partition("(")[0].strip(), base.found.shown
    held = Held(
        kind="ratio" if faster else "reduction",
        sheet=sheet,
        block=block,
        place=place,
        variant=name,
        task=task,
        shown=f"{text}{found['unit']}",
        at=place.found.at,
        right=right,
        digits=len(text.partition(".")[2]),
        unit=found["unit"],
        agrees=agrees,
        how=f"what {own} and {theirs} give",
    )
    return held, agrees


def _is_size(block: Block, task: str) -> bool:
    role = block.roles.get(task)
    return role == "memory" or (role in ("other", "setting") and _names_size(task))


@remembered
def _names_size(task: str) -> bool:
    return bool(_SIZE.search(task))


@remembered
def _is_reduction(task: str) -> bool:
    return bool(_REDUCTION.search(task))


def _best(
    sheet: Sheet, block: Block, task: str, measured: Sequence[str], ways: _Ways
) -> Iterator[Held]:
    """Yield a column held against the measured one that agrees with most of it."""
    every = [_cases(block, task, one, ways) for one in measured]
    every = [cases for cases in every if cases]
    if not every:
        return
    cases = max(every, key=lambda some: sum(one.agrees for one in some))
    own = [one for one in cases if one.first is not one.second]
    agreeing = sum(one.agrees for one in cases)
    alone = "warning" if len(every) == 1 and len(own) > 1 else None
    severity = severity_of(agreeing, len(cases), alone=alone)  # type: ignore[arg-type]
    for one in cases:
        found = one.place.found
        if not one.agrees and severity is None:
            continue
        yield Held(
            kind="ratio" if ways is _relative else "reduction",
            sheet=sheet,
            block=block,
            place=one.place,
            variant=one.variant,
            task=task,
            shown=found.shown,
            at=found.at,
            right=one.right,
            digits=found.decimals,
            unit="%" if found.unit == "%" else "×" if found.unit[:1] in _TIMES else "",
            agrees=one.agrees,
            how=f"what {one.first.found.shown} and {one.second.found.shown} give",
            severity=severity or "info",
        )


def _cases(block: Block, task: str, measured: str, ways: _Ways) -> list[_Case]:
    bases: dict[str, str] | None = None
    found = []
    for line in block.variants:
        printed = block.place(line.name, task)
        if printed is None or printed.found.bound:
            continue
        if bases is None:
            bases = {one.line.name: one.base.name for one in block.pairs if one.base is not None}
        base = bases.get(line.name) or base_of(block, line.name) or line.name
        first, second = block.place(line.name, measured), block.place(base, measured)
        if first is None or second is None:
            continue
        share = exact.over(exact.span_of(first.found), exact.span_of(second.found))
        if share is None or share.low <= 0 or not _same_unit(first.found, second.found):
            continue
        value, unit = exact.decimal_of(printed.found), exact.unit_of(printed.found)
        right, agrees = _nearest(ways(share, printed.found.unit), value, unit)
        found.append(
            _Case(
                variant=line.name,
                task=task,
                place=printed,
                first=first,
                second=second,
                right=right,
                agrees=agrees,
            )
        )
    return found


def _nearest(ways: Iterator[Span], value: Decimal, unit: Decimal) -> tuple[Span, bool]:
    """Return the first way that gives a printed number, or the one that comes nearest to it."""
    tried = []
    for one in ways:
        if one.agrees(value, unit):
            return one, True
        tried.append(one)
    return min(tried, key=lambda one: abs(one.value - value)), False


def _same_unit(first: PublishedMeasure, second: PublishedMeasure) -> bool:
    return first.unit.lower() == second.unit.lower()


def _relative(share: Span, unit: str) -> Iterator[Span]:
    """Yield what a relative speed may be meant as."""
    yield share
    turned = _turned(share)
    yield turned
    if unit == "%":
        for one in (share, turned):
            yield exact.times(one, 100)
            yield _less(exact.times(one, 100), _HUNDRED)
        yield _less(_HUNDRED, exact.times(share, 100))


def _reduced(share: Span, unit: str) -> Iterator[Span]:
    """Yield what a reduction may be meant as: what is saved, what is left, how many times less."""
    if unit != "%":
        yield _turned(share)
        yield share
        yield _less(_ONE, share)
    if unit[:1] not in _TIMES:
        yield exact.times(_less(_ONE, share), 100)
        yield exact.times(share, 100)
        yield _less(exact.times(share, 100), _HUNDRED)


def _turned(share: Span) -> Span:
    return Span(_ONE / share.value, _ONE / share.high, _ONE / share.low)


def _less(first: Span | Decimal, second: Span | Decimal) -> Span:
    one = first if isinstance(first, Span) else Span(first, first, first)
    two = second if isinstance(second, Span) else Span(second, second, second)
    return exact.minus(one, two)

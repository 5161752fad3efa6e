"""Spreads, losses, margins and ranks of published scores, in the forms of a card's tables."""

from __future__ import annotations

from itertools import combinations

import msgspec

from hubq.cards.ledger import Shape
from hubq.cards.published import exact, roles
from hubq.cards.published.cells import as_cell, difference, points_shape
from hubq.cards.published.notebook import COUNT, SHARE, Notebook, outside, step
from hubq.cards.published.sheets import Block, Line, Place, Sheet
from hubq.cards.published.telling import Tell, tell
from hubq.cards.tables.losses import LossRow, LossTable
from hubq.cards.tables.margins import Leader, MarginRow, MarginTable
from hubq.cards.tables.ranks import RankRow, RankStep
from hubq.cards.tables.spreads import SpreadRow
from hubq.model.card import Cell, CellState
from hubq.model.marks import without_signs

_CHANGE = Shape(digits=1, scale=100, unit="percent", signed=True)
#: More variants of the same bits than this are shown in no pairs: there would be too many.
_MOST = 3


class Spreads(msgspec.Struct, frozen=True, kw_only=True):
    """How far apart the variants of a block are on each task.

    Attributes:
        rows: a range over all variants, the baseline among them where there is one.
        own: sentences on ranges that are another without the baseline.
    """

    rows: tuple[SpreadRow, ...]
    own: tuple[str, ...]


def spreads(book: Notebook, block: Block) -> Spreads:
    """Return the range of scores on each task, the widest first.

    None of two variants: their differences say the same.
    """
    rows, own = [], []
    for task in block.of("score", "average"):
        scores = _scores(block, task)
        if len(scores) < 3:
            continue
        rows.append((_range(scores), _spread(book, block, task, scores, "ranges")))
        quantized = [one for one in scores if one[0].name != block.baseline]
        if len(quantized) > 1 and _range(quantized) != _range(scores):
            within = _spread(book, block, task, quantized, "ranges_without")
            own.append(f"{outside(task)} {within.range}")
    ordered = sorted(rows, key=lambda row: -row[0])
    return Spreads(rows=tuple(row for _, row in ordered), own=tuple(own))


def _scores(block: Block, task: str) -> list[tuple[Line, Place]]:
    found = [(line, block.score(line.name, task)) for line in block.variants]
    return [(line, place) for line, place in found if place is not None]


def _ends(scores: list[tuple[Line, Place]]) -> tuple[tuple[Line, Place], tuple[Line, Place]]:
    ordered = sorted(scores, key=lambda one: one[1].found.fraction or 0)
    return ordered[0], ordered[-1]


def _range(scores: list[tuple[Line, Place]]) -> float:
    (_, low), (_, high) = _ends(scores)
    return difference(high, low)


def _spread(
    book: Notebook, block: Block, task: str, scores: list[tuple[Line, Place]], kind: str
) -> SpreadRow:
    (lowest, low), (highest, high) = _ends(scores)
    path = f"{block.path}/{kind}/{step(task)}"
    return SpreadRow(
        task=without_signs(task),
        lowest=without_signs(lowest.name),
        highest=without_signs(highest.name),
        low=book.printed(low),
        high=book.printed(high),
        range=book.derived(path, difference(high, low), points_shape(low, high)),
    )


def losses(book: Notebook, sheet: Sheet, block: Block) -> LossTable | None:
    """Return each variant's relative loss and recovery.

    None without a baseline, and none where the table itself has recoveries.
    """
    before = len(book.notes)
    tasks = tuple(t for t in block.of("score", "average") if block.score(block.baseline, t))
    others = [line for line in block.variants if line.name != block.baseline]
    if not tasks or not others or "recovery" in block.roles.values():
        return None
    rows = tuple(_loss(book, sheet, block, line, tasks) for line in others)
    names = tuple(without_signs(task) for task in tasks)
    return LossTable(tasks=names, rows=rows, notes=book.notes.since(before))


def _loss(
    book: Notebook, sheet: Sheet, block: Block, line: Line, tasks: tuple[str, ...]
) -> LossRow:
    changes: list[Cell | None] = []
    recoveries: list[Cell | None] = []
    for task in tasks:
        place, base = block.score(line.name, task), block.cells[block.baseline, task]
        if place is None:
            changes.append(as_cell(book, sheet, block.cells.get((line.name, task))))
            recoveries.append(None)
            continue
        share = exact.over(exact.span_of(place.found), exact.span_of(base.found))
        if share is None:
            changes.append(None)
            recoveries.append(None)
            continue
        path = f"{block.path}/relative/{step(task)}/{step(line.name)}"
        change = book.derived(f"{path}/change", float(share.value - 1), _CHANGE)
        whole = book.derived(f"{path}/recovery", float(share.value), SHARE)
        changes.append(Cell(state=CellState.MEASURED, claim=change))
        recoveries.append(Cell(state=CellState.MEASURED, claim=whole))
    return LossRow(
        variant=without_signs(line.name),
        this=False,
        cells=tuple(changes),
        recovery=tuple(recoveries),
    )


def margins(book: Notebook, sheet: Sheet, block: Block) -> tuple[MarginTable, ...]:
    """Return a table for each pair of a block's variants that have the same, fewest bits."""
    bits = {
        line.name: count
        for line in block.variants
        if line.name != block.baseline and (count := roles.bits_of(line.name)) is not None
    }
    fewest = min(
        (count for count in bits.values() if list(bits.values()).count(count) > 1), default=None
    )
    names = [name for name, count in bits.items() if count == fewest]
    if fewest is None or len(names) > _MOST:
        return ()
    return tuple(_margins(book, sheet, block, pair, fewest) for pair in combinations(names, 2))


def _margins(
    book: Notebook, sheet: Sheet, block: Block, pair: tuple[str, str], bits: int
) -> MarginTable:
    before = len(book.notes)
    tasks = [task for task in block.of("score") if any((n, task) in block.cells for n in pair)]
    rows = tuple(_margin(book, sheet, block, pair, task) for task in tasks)
    return MarginTable(
        first=without_signs(pair[0]),
        second=without_signs(pair[1]),
        rows=rows,
        bits=book.derived(f"{block.path}/bits", bits, COUNT),
        notes=book.notes.since(before),
    )


def _margin(
    book: Notebook, sheet: Sheet, block: Block, pair: tuple[str, str], task: str
) -> MarginRow:
    cells = [as_cell(book, sheet, block.cells.get((name, task))) for name in pair]
    empty = Cell(state=CellState.NOT_RUN)
    first, second = block.score(pair[0], task), block.score(pair[1], task)
    found = tell(book, block, (pair[1], pair[0]), task)
    margin, ahead = None, ""
    leader: Leader = "open"
    if first is not None and second is not None and found is not None:
        path = f"{block.path}/margins/{step(task)}/{step(pair[0])}/{step(pair[1])}"
        shape = points_shape(first, second, signed=True)
        value = difference(first, second)
        margin = book.derived(path, value, shape)
        ahead = pair[0] if value > 0 else pair[1] if value < 0 else ""
        if found.kind == "decided":
            leader = "first" if found.gain else "second"
    return MarginRow(
        task=without_signs(task),
        first=cells[0] or empty,
        second=cells[1] or empty,
        margin=margin,
        low=None,
        high=None,
        leader=leader,
        ahead=without_signs(ahead),
        note=told_text(found) if found is not None else "",
    )


def told_text(found: Tell) -> str:
    """Return what a difference can tell, in a clause: marked and ready to print."""
    if found.kind == "unknown":
        return f"nothing: {outside(found.why)}"
    if found.kind == "chance":
        return "too small to be told from chance, however few answers changed"
    if found.limit is None:
        return "more than chance, however many answers changed"
    clause = "more than chance unless" if found.kind == "decided" else "more than chance only if"
    side = f"{found.limit} % or more" if found.kind == "decided" else f"fewer than {found.limit} %"
    return f"{clause} {side} of the answers changed"


def ranks(book: Notebook, block: Block) -> tuple[RankRow, ...]:
    """Return the lines of a block from best to worst, for a table without a baseline.

    `sure` says that the order of two lines is decided; without items it hardly ever is.
    """
    found = []
    for task in block.of("score"):
        scores = _scores(block, task)
        ordered = sorted(scores, key=lambda one: -(one[1].found.fraction or 0))
        if len(ordered) > 1:
            steps = tuple(
                _step(book, block, task, ordered, position) for position in range(len(ordered))
            )
            found.append(RankRow(task=without_signs(task), steps=steps))
    return tuple(found)


def _step(
    book: Notebook, block: Block, task: str, ordered: list[tuple[Line, Place]], position: int
) -> RankStep:
    line, place = ordered[position]
    gap, sure = None, False
    if position + 1 < len(ordered):
        following, below = ordered[position + 1]
        path = f"{block.path}/gaps/{step(task)}/{position + 1}"
        gap = book.derived(path, difference(place, below), points_shape(place, below))
        found = tell(book, block, (following.name, line.name), task)
        sure = found is not None and found.kind == "decided"
    return RankStep(
        variant=without_signs(line.name),
        score=book.printed(place),
        gap=gap,
        low=None,
        high=None,
        sure=sure,
    )

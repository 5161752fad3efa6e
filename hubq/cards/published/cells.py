"""Cells: what a published cell says, as claims and with its footnotes."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from hubq.cards.footnotes import EMPTY, Footnote, sign_of, state_word
from hubq.cards.ledger import Shape
from hubq.cards.published import exact
from hubq.cards.published.notebook import Notebook, outside, step
from hubq.cards.published.sheets import Block, Line, Place, Sheet
from hubq.evaluate.formats.notes import split_label
from hubq.model.card import Cell, CellState, Claim
from hubq.model.marks import without_signs

_STATES = {
    "oom": CellState.OOM,
    "timeout": CellState.TIMEOUT,
    "running": CellState.RUNNING,
    "pending": CellState.PENDING,
    "failed": CellState.FAILED,
    "infeasible": CellState.INFEASIBLE,
    "suspect": CellState.SUSPECT,
}


class PrintedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row; `title` stands over the rows that follow and has no cells."""

    cells: tuple[str, ...] = ()
    title: str = ""


class PrintedTable(msgspec.Struct, frozen=True, kw_only=True):
    """A table ready to print: every text is escaped, every number a marked claim.

    Attributes:
        heads: the columns' headings; `labels` of them stand at the left.
        rows: in order.
        notes: the footnotes first referred to here.
    """

    heads: tuple[str, ...]
    labels: int
    rows: tuple[PrintedRow, ...]
    notes: tuple[Footnote, ...] = ()


def score_shape(place: Place, *, signed: bool = False) -> Shape:
    """Return how a difference of scores is printed on their own scale, from a fraction."""
    scale = 100.0 if place.found.scale == "percent" else 1.0
    return Shape(digits=place.found.decimals, scale=scale, unit="score", signed=signed)


def points_shape(*places: Place, signed: bool = False) -> Shape:
    """Return how a difference of scores is printed in points, to the digits that they have."""
    digits = max(one.found.decimals - (2 if one.found.scale == "fraction" else 0) for one in places)
    return Shape(digits=max(digits, 0), scale=100, unit="points", signed=signed)


def difference(first: Place, second: Place) -> float:
    """Return first - second as a fraction, without what floating point would add to it."""
    factors = [100 if one.found.scale == "percent" else 1 for one in (first, second)]
    one, two = exact.decimal_of(first.found), exact.decimal_of(second.found)
    return float(one / factors[0] - two / factors[1])


def delta_claim(
    book: Notebook, block: Block, variant: str, task: str, *, points: bool
) -> Claim | None:
    """Enter a variant's difference to the baseline; none where there is none.

    Args:
        book: the report's claims.
        block: the variant's.
        variant: whose difference.
        task: on which.
        points: in percent points; else on the table's own scale.
    """
    place, base = block.score(variant, task), block.score(block.baseline, task)
    if place is None or base is None or variant == block.baseline:
        return None
    wide = max(place, base, key=lambda one: one.found.decimals)
    shape = points_shape(place, base, signed=True) if points else score_shape(wide, signed=True)
    path = f"{block.path}/deltas/{step(task)}/{step(variant)}"
    return book.derived(path, difference(place, base), shape)


def label_text(book: Notebook, sheet: Sheet, block: Block, line: Line) -> str:
    """Return a line's label with the footnotes that it refers to."""
    cells = [place.found for (name, _), place in block.cells.items() if name == line.name]
    suspect = any(one.state == "suspect" for one in cells)
    state = CellState.SUSPECT if suspect else CellState.MEASURED
    return outside(line.label) + _signs(book, sheet, line.marks, state, f"{block.path}/{line.name}")


def task_text(book: Notebook, sheet: Sheet, block: Block, task: str) -> str:
    """Return a task's name with the footnotes that it refers to."""
    printed = next((p.found.task for (_, of), p in block.cells.items() if of == task), task)
    marks = split_label(printed)[1]
    return outside(task) + _signs(book, sheet, marks, CellState.MEASURED, f"{block.path}/{task}")


def _signs(book: Notebook, sheet: Sheet, marks: Iterable[str], state: CellState, cell: str) -> str:
    """Return our signs for a page's; a sign that the page does not explain is printed as it is."""
    signs = ""
    for mark in marks:
        text = sheet.table.notes.get(mark)
        if text is None:
            signs += outside(mark)
        else:
            signs += sign_of(state, book.notes.add(state, without_signs(text), cell))
    return signs


def cell_text(book: Notebook, sheet: Sheet, place: Place | None) -> str:
    """Return what a cell says, as it stands: `41.55`, `OOM¹`, `27,600`, `3.02× slower`."""
    if place is None:
        return EMPTY
    found, cell = place.found, _cell_id(place)
    if found.value is not None:
        return number_text(book, place) + _signs(book, sheet, place.marks, CellState.MEASURED, cell)
    if found.state not in _STATES:
        return EMPTY if found.state == "missing" else outside(found.shown)
    return state_text(book, sheet, place)


def state_text(book: Notebook, sheet: Sheet, place: Place) -> str:
    """Return a cell without a number: its state, with the footnote that says why."""
    state = _STATES[place.found.state]
    note = book.notes.add(state, _reason(sheet, place), _cell_id(place))
    word = f"({state_word(state)})" if state is CellState.SUSPECT else state_word(state)
    return word + sign_of(state, note)


def as_cell(book: Notebook, sheet: Sheet, place: Place | None) -> Cell | None:
    """Return a cell in the form that tables of cards have; none for an empty one."""
    if place is None or place.found.state in ("missing", "text"):
        return None
    if place.found.value is not None:
        return Cell(state=CellState.MEASURED, claim=book.printed(place))
    state = _STATES[place.found.state]
    return Cell(state=state, note=book.notes.add(state, _reason(sheet, place), _cell_id(place)))


def number_text(book: Notebook, place: Place) -> str:
    """Return a printed number with its bound and unit."""
    found = place.found
    text = f"{outside(found.bound)}{book.printed(place)}"
    if found.upper is not None:
        text += f"–{book.printed(place, 'upper')}"
    unit = outside(found.unit)
    if not unit:
        return text
    return f"{text}{unit}" if unit[0] in "%×x°" else f"{text}\N{NO-BREAK SPACE}{unit}"


def _reason(sheet: Sheet, place: Place) -> str:
    """Return why there is no number: the page's footnote of the cell, else of its row."""
    row = split_label(place.found.variant)[1]
    for mark in (*place.marks, *place.found.row_marks, *row):
        if mark in sheet.table.notes:
            return without_signs(sheet.table.notes[mark])
    return f"The page prints {without_signs(place.found.shown)} here and gives no reason."


def _cell_id(place: Place) -> str:
    return f"printed.{place.source}.{place.table}.{place.measure}"

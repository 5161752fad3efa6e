"""Layouts: which cells of a grid are headings, labels, groups and numbers.

Tables on pages are drawn, not declared: headings take two rows, a row with one text names the group
of those below it, a label stands once for the rows that follow, and rows that were taken out of a
page have slipped to the left. All of that is put right here, so that every number has its names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from hubq.evaluate.formats.grids import Grid, GridCell
from hubq.evaluate.formats.printed import Printed, read_cell

Row = tuple[GridCell, ...]


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """One cell that says something, with its names.

    Attributes:
        row, column: in the grid, from 0.
        group: the heading above a block of rows, else empty.
        row_label, column_label: its names.
        labels: what the row's name is made of, one for each column of labels.
        row_marks: the footnotes that the row's labels refer to by raised signs.
        printed: what it says.
        bold: whether it is printed so.
        at: line and column in the file, from 1; zeros where they are not known.
    """

    row: int
    column: int
    group: str
    row_label: str
    column_label: str
    printed: Printed
    bold: bool = False
    labels: tuple[str, ...] = ()
    row_marks: tuple[str, ...] = ()
    at: tuple[int, int] = (0, 0)


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """A grid understood.

    Attributes:
        places: the cells that hold numbers or say why there is none, row by row.
        rows: the labels of the rows, in order, each once.
        columns: the labels of the columns with numbers, in order.
        heads: the headings of the columns of labels.
        lines: every cell's text, headings and rows put right included, as places count them.
        body: how many of the lines are headings.
        remarks: what was put right, or could not be.
    """

    places: tuple[Place, ...]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    heads: tuple[str, ...] = ()
    lines: tuple[tuple[str, ...], ...] = ()
    body: int = 0
    remarks: tuple[str, ...] = ()


def lay_out(grid: Grid) -> Layout:
    """Return a grid with its headings, labels and numbers told apart."""
    return _Reader(grid).layout()


class _RowNames(NamedTuple):
    label: str
    labels: tuple[str, ...]
    marks: tuple[str, ...]


class _Reader:
    def __init__(self, grid: Grid) -> None:
        self.remarks: list[str] = []
        self.group = ""
        heads, body = list(grid.rows[: grid.head]), list(grid.rows[grid.head :])
        first = len(heads)
        if heads and body and _is_group(heads[-1]) and not _has_number(body[0]):
            # The only heading names the whole table; the columns' names follow it.
            self.group = _text(heads.pop()[0])
            heads.append(body.pop(0))
            first += 1
        self.numeric = _numeric_columns(body, grid.width)
        if _is_second_head(body, self.numeric):
            heads.append(self._slipped_head(body.pop(0)))
            first += 1
        self.heading = _column_names(heads, grid.width)
        self.names = _unique(self.heading)
        self.lines = [(row, self._shifted(cells, row)) for row, cells in enumerate(body, first)]
        self.first = first
        self.grid = grid
        self.labels = self._label_columns([cells for _, cells in self.lines], grid.width)

    def layout(self) -> Layout:
        places: list[Place] = []
        rows: list[str] = []
        above: list[str] = []
        for row, cells in self.lines:
            if [_text(cell) for cell in cells] == self.heading or not any(map(_text, cells)):
                continue
            if _is_group(cells) and len(cells) > 1:
                self.group, above = _text(cells[0]), []
                continue
            above = self._filled([_text(cell) for cell in cells[: self.labels]], above)
            label = _joined(above)
            rows.append(label)
            marks = tuple(mark for cell in cells[: self.labels] for mark in cell.marks)
            names = _RowNames(label, tuple(above), marks)
            places.extend(self._places(row, cells, names))
        with_numbers = {place.column for place in places}
        columns = [name for column, name in enumerate(self.names) if column in with_numbers]
        return Layout(
            places=tuple(places),
            rows=tuple(dict.fromkeys(rows)),
            columns=tuple(columns),
            heads=tuple(self.heading[: self.labels]),
            lines=self._texts(),
            body=self.first,
            remarks=tuple(dict.fromkeys(self.remarks)),
        )

    def _texts(self) -> tuple[tuple[str, ...], ...]:
        put_right = dict(self.lines)
        rows = (put_right.get(row, cells) for row, cells in enumerate(self.grid.rows))
        return tuple(tuple(_text(cell) for cell in cells) for cells in rows)

    def _places(self, row: int, line: Row, names: _RowNames) -> Iterator[Place]:
        for column in range(self.labels, len(line)):
            cell = line[column]
            if column not in self.numeric or not cell.text:
                continue
            yield Place(
                row=row,
                column=column,
                group=self.group,
                row_label=names.label,
                column_label=self.names[column],
                printed=read_cell(cell.text, cell.marks),
                bold=cell.bold,
                labels=names.labels,
                row_marks=names.marks,
                at=cell.at,
            )

    def _label_columns(self, body: Sequence[Row], width: int) -> int:
        """Return how many columns on the left are names and not numbers.

        A column of numbers between two of names is one as well, when its numbers repeat: the input
        length in front of four precisions.
        """
        rows = [row for row in body if not _is_group(row)]
        count = 1
        for column in range(1, min(width - 1, max(self.numeric, default=0))):
            if column in self.numeric or not _texts(rows, column):
                continue
            if not all(_repeats(rows, middle) for middle in range(count, column)):
                break
            count = column + 1
        return min(count, width)

    def _shifted(self, cells: Row, row: int) -> Row:
        """Return a row that slipped to the left, because a label above it spans rows, put back."""
        empties = _trailing(cells)
        if not empties or _is_group(cells) or _fits(cells, self.numeric):
            return cells
        moved = (GridCell(),) * empties + cells[: len(cells) - empties]
        if not _fits(moved, self.numeric):
            return cells
        self.remarks.append(f"row {row + 1} was moved {empties} to the right")
        return moved

    def _slipped_head(self, cells: Row) -> Row:
        empties = _trailing(cells)
        first = min(self.numeric, default=0)
        if empties and _text(cells[0]) and empties == first:
            self.remarks.append(f"the second row of headings was moved {empties} to the right")
            return (GridCell(),) * empties + cells[: len(cells) - empties]
        return cells

    def _filled(self, labels: list[str], above: Sequence[str]) -> list[str]:
        """Return labels with those that are left out taken from the row above."""
        filled = list(labels)
        for column in range(len(labels) - 1):
            if labels[column] or not above or not any(labels):
                break
            filled[column] = above[column]
        return filled


def _text(cell: GridCell) -> str:
    return " ".join(cell.text.split())


def _joined(labels: Sequence[str]) -> str:
    return " / ".join(dict.fromkeys(label for label in labels if label))


def _unique(names: Sequence[str]) -> list[str]:
    """Return names with a number behind those that stand more than once."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(f"{name} ({seen[name]})" if name and seen[name] > 1 else name)
    return found


def _column_names(heads: Sequence[Row], width: int) -> list[str]:
    if len(heads) < 2:
        return [_text(cell) for cell in heads[0]] if heads else [""] * width
    names = []
    left = ""
    for column in range(width):
        top = _text(heads[0][column])
        # An empty place over a named column belongs to the heading at its left.
        left = top or (left if column and _text(heads[-1][column]) else "")
        names.append(_joined([left, *(_text(row[column]) for row in heads[1:])]))
    return names


def _is_group(cells: Row) -> bool:
    """Say whether a row holds one text and nothing else: the name of the rows below it."""
    if not cells or not _text(cells[0]):
        return False
    if any(_text(cell) and cell.origin != cells[0].origin for cell in cells[1:]):
        return False
    return not read_cell(cells[0].text).values


def _has_number(cells: Row) -> bool:
    return any(read_cell(cell.text).state not in ("text", "missing") for cell in cells)


def _is_second_head(body: Sequence[Row], numeric: frozenset[int]) -> bool:
    if len(body) < 2 or not numeric or _has_number(body[0]) or _is_group(body[0]):
        return False
    named = sum(bool(_text(cell)) for cell in body[0])
    return named > 1 and any(_has_number(row) for row in body[1:])


def _numeric_columns(body: Sequence[Row], width: int) -> frozenset[int]:
    """Return the columns in which numbers, or reasons for none, are more than half of the texts."""
    rows = [row for row in body if not _is_group(row)]
    # Rows that slipped to the left would make numbers of a column of names.
    rows = [row for row in rows if not _trailing(row)] or rows
    found = set()
    for column in range(1, width):
        states = [read_cell(row[column].text).state for row in rows if column < len(row)]
        numbers = sum(state not in ("text", "missing") for state in states)
        if numbers and numbers >= states.count("text"):
            found.add(column)
    return frozenset(found)


def _texts(rows: Sequence[Row], column: int) -> bool:
    return any(read_cell(row[column].text).state == "text" for row in rows)


def _repeats(rows: Sequence[Row], column: int) -> bool:
    texts = [_text(row[column]) for row in rows]
    return len({text for text in texts if text}) <= len(texts) / 2


def _trailing(cells: Row) -> int:
    count = 0
    for cell in reversed(cells):
        if _text(cell):
            break
        count += 1
    return count


def _fits(cells: Row, numeric: frozenset[int]) -> bool:
    """Say whether texts stand in columns of texts, and numbers in columns of numbers."""
    for column, cell in enumerate(cells):
        state = read_cell(cell.text).state
        if state == "measured" and column not in numeric and column > 0 and numeric:
            return False
        if state == "text" and column in numeric:
            return False
    return True

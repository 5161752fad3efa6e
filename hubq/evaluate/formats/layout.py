"""Layouts: which cells of a grid are headings, labels, groups and numbers.

Tables on pages are drawn, not declared: headings take two rows, a row with one text names the group
of those below it, a label stands once for the rows that follow, and rows that were taken out of a
page have slipped to the left. All of that is put right here, so that every number has its names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from hubq.evaluate.formats.cells import GridCell
from hubq.evaluate.formats.grids import Grid
from hubq.evaluate.formats.printed import Printed, State, plain_cell, read_cell

Row = tuple[GridCell, ...]


class Place(msgspec.Struct, frozen=True, kw_only=True, gc=False):
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


class _Line(NamedTuple):
    """A row of cells, each read once.

    Attributes:
        cells: of the row.
        texts: of the cells, each in one line.
        read: what the cells say, but for their footnotes.
        states: of what they say.
        group: whether the row holds one text and nothing else: the name of the rows below it.
    """

    cells: Row
    texts: list[str]
    read: list[Printed]
    states: list[State]
    group: bool


_NOTHING = GridCell()


class _Reader:
    def __init__(self, grid: Grid) -> None:
        self.remarks: list[str] = []
        self.group = ""
        rows = [_line(cells) for cells in grid.rows]
        self.texts = [tuple(line.texts) for line in rows]
        heads, body = rows[: grid.head], rows[grid.head :]
        first = len(heads)
        if heads and body and heads[-1].group and not _has_number(body[0]):
            # The only heading names the whole table; the columns' names follow it.
            self.group = heads.pop().texts[0]
            heads.append(body.pop(0))
            first += 1
        self.numeric = _numeric_columns(body)
        if _is_second_head(body, self.numeric):
            heads.append(self._slipped_head(body.pop(0)))
            first += 1
        self.heading = _column_names([line.texts for line in heads], grid.width)
        self.names = _unique(self.heading)
        self.lines = [(row, self._shifted(line, row)) for row, line in enumerate(body, first)]
        self.first = first
        self.labels = self._label_columns([line for _, line in self.lines], grid.width)

    def layout(self) -> Layout:
        places: list[Place] = []
        rows: list[str] = []
        above: list[str] = []
        wanted = [column for column in sorted(self.numeric) if column >= self.labels]
        for row, line in self.lines:
            self.texts[row] = tuple(line.texts)
            if line.texts == self.heading or not any(line.texts):
                continue
            if line.group and len(line.cells) > 1:
                self.group, above = line.texts[0], []
                continue
            above = self._filled(line.texts[: self.labels], above)
            label = _joined(above)
            rows.append(label)
            marks = tuple(mark for cell in line.cells[: self.labels] for mark in cell.marks)
            names = _RowNames(label, tuple(above), marks)
            places += self._places(row, line, names, wanted)
        with_numbers = {place.column for place in places}
        columns = [name for column, name in enumerate(self.names) if column in with_numbers]
        return Layout(
            places=tuple(places),
            rows=tuple(dict.fromkeys(rows)),
            columns=tuple(columns),
            heads=tuple(self.heading[: self.labels]),
            lines=tuple(self.texts),
            body=self.first,
            remarks=tuple(dict.fromkeys(self.remarks)),
        )

    def _places(
        self, row: int, line: _Line, names: _RowNames, wanted: Sequence[int]
    ) -> Iterator[Place]:
        label, labels, marks = names
        for column in wanted:
            cell = line.cells[column]
            if not cell.text:
                continue
            yield Place(
                row=row,
                column=column,
                group=self.group,
                row_label=label,
                column_label=self.names[column],
                printed=read_cell(cell.text, cell.marks) if cell.marks else line.read[column],
                bold=cell.bold,
                labels=labels,
                row_marks=marks,
                at=cell.at,
            )

    def _label_columns(self, body: Sequence[_Line], width: int) -> int:
        """Return how many columns on the left are names and not numbers.

        A column of numbers between two of names is one as well, when its numbers repeat: the input
        length in front of four precisions.
        """
        rows = [line for line in body if not line.group]
        count = 1
        for column in range(1, min(width - 1, max(self.numeric, default=0))):
            if column in self.numeric or not any(line.states[column] == "text" for line in rows):
                continue
            if not all(_repeats(rows, middle) for middle in range(count, column)):
                break
            count = column + 1
        return min(count, width)

    def _shifted(self, line: _Line, row: int) -> _Line:
        """Return a row that slipped to the left, because a label above it spans rows, put back."""
        empties = _trailing(line)
        if not empties or line.group or _fits(line, self.numeric):
            return line
        moved = _moved(line, empties)
        if not _fits(moved, self.numeric):
            return line
        self.remarks.append(f"row {row + 1} was moved {empties} to the right")
        return moved

    def _slipped_head(self, line: _Line) -> _Line:
        empties = _trailing(line)
        first = min(self.numeric, default=0)
        if empties and line.texts[0] and empties == first:
            self.remarks.append(f"the second row of headings was moved {empties} to the right")
            return _moved(line, empties)
        return line

    def _filled(self, labels: list[str], above: Sequence[str]) -> list[str]:
        """Return labels with those that are left out taken from the row above."""
        filled = list(labels)
        for column in range(len(labels) - 1):
            if labels[column] or not above or not any(labels):
                break
            filled[column] = above[column]
        return filled


def _line(cells: Row) -> _Line:
    read = [plain_cell(cell.text) for cell in cells]
    texts = [one.shown for one in read]
    states = [one.state for one in read]
    return _Line(cells, texts, read, states, _is_group(cells, texts, read))


def _moved(line: _Line, count: int) -> _Line:
    """Return a row moved to the right, over the empty places at its end."""
    return _line((_NOTHING,) * count + line.cells[: len(line.cells) - count])


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


def _column_names(heads: Sequence[list[str]], width: int) -> list[str]:
    if len(heads) < 2:
        return list(heads[0]) if heads else [""] * width
    names = []
    left = ""
    for column in range(width):
        top = heads[0][column]
        # An empty place over a named column belongs to the heading at its left.
        left = top or (left if column and heads[-1][column] else "")
        names.append(_joined([left, *(texts[column] for texts in heads[1:])]))
    return names


def _is_group(cells: Row, texts: Sequence[str], read: Sequence[Printed]) -> bool:
    """Say whether a row holds one text and nothing else: the name of the rows below it."""
    if not cells or not texts[0] or read[0].values:
        return False
    origin = cells[0].origin
    for cell, text in zip(cells, texts, strict=True):
        if text and cell.origin != origin:
            return False
    return True


def _has_number(line: _Line) -> bool:
    return any(state not in ("text", "missing") for state in line.states)


def _is_second_head(body: Sequence[_Line], numeric: frozenset[int]) -> bool:
    if len(body) < 2 or not numeric or _has_number(body[0]) or body[0].group:
        return False
    named = sum(map(bool, body[0].texts))
    return named > 1 and any(map(_has_number, body[1:]))


def _numeric_columns(body: Sequence[_Line]) -> frozenset[int]:
    """Return the columns in which numbers, or reasons for none, are more than half of the texts."""
    rows = [line for line in body if not line.group]
    # Rows that slipped to the left would make numbers of a column of names.
    rows = [line for line in rows if not _trailing(line)] or rows
    found = set()
    for column, states in enumerate(zip(*(line.states for line in rows), strict=True)):
        texts = states.count("text")
        numbers = len(states) - texts - states.count("missing")
        if column and numbers and numbers >= texts:
            found.add(column)
    return frozenset(found)


def _repeats(rows: Sequence[_Line], column: int) -> bool:
    texts = [line.texts[column] for line in rows]
    return len({text for text in texts if text}) <= len(texts) / 2


def _trailing(line: _Line) -> int:
    count = 0
    for text in reversed(line.texts):
        if text:
            break
        count += 1
    return count


def _fits(line: _Line, numeric: frozenset[int]) -> bool:
    """Say whether texts stand in columns of texts, and numbers in columns of numbers."""
    for column, state in enumerate(line.states):
        if state == "measured" and column not in numeric and column > 0 and numeric:
            return False
        if state == "text" and column in numeric:
            return False
    return True

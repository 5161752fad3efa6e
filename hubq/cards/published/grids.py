"""Grids, as published: speed-ups by workload, hardware and regime; tables nobody understands."""

from __future__ import annotations

import msgspec

from hubq.cards.published.cells import PrintedRow, PrintedTable, cell_text, number_text
from hubq.cards.published.notebook import Notebook, outside
from hubq.cards.published.sheets import Place, Sheet


class Grid(msgspec.Struct, frozen=True, kw_only=True):
    """A table of ratios with what stands out in it, or a table as it stands.

    Attributes:
        table: as published.
        sentences: marked and ready to print.
    """

    table: PrintedTable
    sentences: tuple[str, ...] = ()


def grid(book: Notebook, sheet: Sheet) -> Grid:
    """Return speed-ups by the labels that the table has, with the largest of each column."""
    places = _places(sheet)
    columns = sorted({place.found.column for place in places.values()})
    heads = _heads(sheet)
    labels = len(sheet.table.heads) or 1
    before = len(book.notes)
    rows: list[PrintedRow] = []
    group = ""
    for row in sorted({place.found.row for place in places.values()}):
        first = next(p.found for p in places.values() if p.found.row == row)
        if first.group != group:
            group = first.group
            rows.append(PrintedRow(title=outside(group)))
        texts = [outside(label) for label in first.labels]
        texts += ["–"] * (labels - len(texts))
        texts += [cell_text(book, sheet, places.get((row, column))) for column in columns]
        rows.append(PrintedRow(cells=tuple(texts)))
    names = tuple(outside(heads.get(column, "")) for column in columns)
    table = PrintedTable(
        heads=(*(outside(head) for head in sheet.table.heads), *names),
        labels=labels,
        rows=tuple(rows),
        notes=book.notes.since(before),
    )
    return Grid(table=table, sentences=_sentences(book, list(places.values()), heads))


def _places(sheet: Sheet) -> dict[tuple[int, int], Place]:
    return {
        (found.row, found.column): Place(
            source=sheet.source, table=sheet.index, measure=number, found=found
        )
        for number, found in reversed(list(enumerate(sheet.table.measures)))
    }


def _heads(sheet: Sheet) -> dict[int, str]:
    """Return column -> its name; the importer's, where it took the column for a task or variant."""
    by_column = sheet.table.tasks_in == "columns"
    return {
        found.column: found.task if by_column else found.variant
        for found in reversed(sheet.table.measures)
    }


def _sentences(book: Notebook, places: list[Place], heads: dict[int, str]) -> tuple[str, ...]:
    """Say each column's largest ratio, and which lines are slower than the baseline."""
    told = []
    for column in sorted({place.found.column for place in places}):
        own = [p for p in places if p.found.column == column and p.found.value is not None]
        if len(own) > 1:
            best = max(own, key=lambda one: one.found.upper or one.found.value or 0)
            told.append(
                f"{outside(heads[column])}: the largest is {number_text(book, best)} "
                f"({_where(best)})."
            )
    slow = [p for p in places if p.found.value is not None and p.found.value < 1]
    if slow:
        cells = ", ".join(
            f"{outside(heads[p.found.column])} {number_text(book, p)} ({_where(p)})" for p in slow
        )
        told.append(f"Slower than the baseline: {cells}.")
    return tuple(told)


def _where(place: Place) -> str:
    labels = [label for label in place.found.labels if label]
    return ", ".join(outside(label) for label in dict.fromkeys(labels))


def as_it_stands(book: Notebook, sheet: Sheet) -> Grid:
    """Return a table with every cell as the page has it; what is a number is a claim."""
    places: dict[tuple[int, int], list[Place]] = {}
    for number, found in enumerate(sheet.table.measures):
        place = Place(source=sheet.source, table=sheet.index, measure=number, found=found)
        places.setdefault((found.row, found.column), []).append(place)
    before = len(book.notes)
    lines = sheet.table.lines
    width = max((len(line) for line in lines), default=0)
    head = lines[sheet.table.body - 1] if lines and sheet.table.body else ("",) * width
    rows = tuple(
        PrintedRow(
            cells=tuple(
                _cell(book, sheet, places.get((row, column), []), text)
                for column, text in enumerate(line)
            )
        )
        for row, line in enumerate(lines)
        if row >= sheet.table.body
    )
    labels = min((column for _, column in places), default=1)
    table = PrintedTable(
        heads=tuple(outside(text) for text in head),
        labels=labels,
        rows=rows,
        notes=book.notes.since(before),
    )
    return Grid(table=table)


def _cell(book: Notebook, sheet: Sheet, places: list[Place], text: str) -> str:
    if not places:
        return outside(text)
    return " / ".join(cell_text(book, sheet, place) for place in places)

"""Scores: a published table of scores with what can be worked out from it."""

from __future__ import annotations

from collections.abc import Mapping

from hubq.cards.footnotes import EMPTY
from hubq.cards.published.averages import averages, mean_claim
from hubq.cards.published.cells import (
    PrintedRow,
    PrintedTable,
    cell_text,
    delta_claim,
    label_text,
    task_text,
)
from hubq.cards.published.notebook import Notebook, outside
from hubq.cards.published.operands import Worked, worked, worked_claim
from hubq.cards.published.sheets import Block, Line, Sheet
from hubq.cards.published.telling import Tell

LOSS, GAIN = "▼", "▲"
NO_BREAK = "\N{NO-BREAK SPACE}"


def score_table(book: Notebook, sheet: Sheet, told: Mapping[str, tuple[Tell, ...]]) -> PrintedTable:
    """Return a table of scores in its own direction, with the differences to the baseline.

    Means and what the table works out from its cells are printed as the cells give them; where the
    table says otherwise, that is a finding.

    Args:
        book: the report's claims.
        sheet: the table.
        told: path of a block -> what can be told of its differences.
    """
    before = len(book.notes)
    parts = [_Scores(book, sheet, block, told.get(block.path, ())) for block in sheet.blocks]
    build = _across if sheet.table.tasks_in == "columns" else _down
    heads, rows = build(parts)
    return PrintedTable(heads=heads, labels=1, rows=rows, notes=book.notes.since(before))


class _Scores:
    """A block with what is worked out of its cells.

    Args:
        book: the report's claims.
        sheet: the table.
        block: the part of it.
        told: what can be told of its differences.
    """

    def __init__(self, book: Notebook, sheet: Sheet, block: Block, told: tuple[Tell, ...]) -> None:
        self.book, self.sheet, self.block = book, sheet, block
        self.derived = {(one.variant, one.task): one for one in worked(block)}
        self.means = {(one.variant, one.task): one for one in averages(block)}
        self.signs = {
            (one.second, one.task): f"{NO_BREAK}{GAIN if one.gain else LOSS}"
            for one in told
            if one.kind == "decided"
        }

    def text(self, variant: str, task: str) -> str:
        """Return a cell: a score with its difference, or what the table works out from others."""
        place = self.block.cells.get((variant, task))
        derived = self.derived.get((variant, task))
        if derived is not None:
            return self._derived(derived)
        text = cell_text(self.book, self.sheet, place)
        if place is None or place.found.fraction is None:
            return text
        delta = delta_claim(self.book, self.block, variant, task, points=False)
        return text if delta is None else f"{text} ({delta}{self.signs.get((variant, task), '')})"

    def mean(self, variant: str, task: str) -> str:
        """Return a mean as its cells give it, bold where the table prints another."""
        one = self.means.get((variant, task))
        claim = mean_claim(self.book, self.block, one) if one is not None else None
        if one is None or claim is None:
            return EMPTY
        return str(claim) if one.agrees else f"**{claim}**"

    def is_wrong(self, variant: str, task: str) -> bool:
        """Say whether the table prints another mean than its cells give."""
        one = self.means.get((variant, task))
        return one is not None and not one.agrees

    def _derived(self, one: Worked) -> str:
        claim = worked_claim(self.book, self.block, one)
        unit = outside(one.printed.found.unit)
        text = f"{claim}{'' if unit[:1] in ('', '%', '×') else NO_BREAK}{unit}"
        return text if one.agrees else f"**{text}**"


_Parts = tuple[tuple[str, ...], tuple[PrintedRow, ...]]


def _across(parts: list[_Scores]) -> _Parts:
    """Return heads and rows of a table whose rows are variants."""
    tasks = {task: part for part in reversed(parts) for task in reversed(part.block.tasks)}
    split = {one.task for part in parts for one in part.means.values() if one.mean is not None}
    heads = ["Variant"]
    for task, part in reversed(tasks.items()):
        heads.append(task_text(part.book, part.sheet, part.block, task))
        heads += [f"{outside(task)}, worked out"] if task in split else []
    rows: list[PrintedRow] = []
    for part in parts:
        rows += [PrintedRow(title=outside(part.block.title))] if part.block.title else []
        rows += [_row(part, line, tuple(reversed(tasks)), split) for line in part.block.variants]
    return tuple(heads), tuple(rows)


def _row(part: _Scores, line: Line, tasks: tuple[str, ...], split: set[str]) -> PrintedRow:
    texts = [label_text(part.book, part.sheet, part.block, line)]
    for task in tasks:
        texts.append(part.text(line.name, task))
        texts += [part.mean(line.name, task)] if task in split else []
    return PrintedRow(cells=tuple(texts))


def _down(parts: list[_Scores]) -> _Parts:
    """Return heads and rows of a table whose rows are tasks."""
    (part,) = parts
    block = part.block
    heads = [label_text(part.book, part.sheet, block, line) for line in block.lines]
    rows: list[PrintedRow] = []
    group = ""
    for task in block.tasks:
        if block.groups[task] != group:
            group = block.groups[task]
            rows.append(PrintedRow(title=outside(group)))
        texts = [outside(task.removeprefix(f"{group} / ") if group else task)]
        for line in block.lines:
            text = part.text(line.name, task)
            if part.is_wrong(line.name, task):
                text += f"; worked out: {part.mean(line.name, task)}"
            texts.append(text)
        rows.append(PrintedRow(cells=tuple(texts)))
    return ("Task", *heads), tuple(rows)

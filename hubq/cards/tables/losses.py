"""Losses: what each variant loses relative to the baseline's score, in percent of it."""

from __future__ import annotations

from typing import Any

import msgspec

from hubq.cards.footnotes import Footnote, Footnotes, measured
from hubq.cards.ledger import RATE, Ledger, Shape, escape_pointer
from hubq.cards.tables.scores import FLOOR_TEXT
from hubq.model.card import Cell, CellState
from hubq.model.recipe import BASELINE

PERCENT_SIGN = "%"
CHANGE = Shape(digits=1, scale=100, unit="percent", signed=True)


class LossRow(msgspec.Struct, frozen=True, kw_only=True):
    """One variant.

    Attributes:
        variant: its name.
        this: whether the card is this variant's.
        cells: for each task, the relative change in percent; its state where there is none.
        recovery: for each task, the score in percent of the baseline's.
    """

    variant: str
    this: bool
    cells: tuple[Cell | None, ...]
    recovery: tuple[Cell | None, ...]


class LossTable(msgspec.Struct, frozen=True, kw_only=True):
    """The family's relative losses: `tasks` are the columns, the baseline has no row."""

    tasks: tuple[str, ...]
    rows: tuple[LossRow, ...]
    notes: tuple[Footnote, ...] = ()


def loss_table(
    ledger: Ledger, notes: Footnotes, names: tuple[str, ...], this: str
) -> LossTable | None:
    """Return the named variants' relative losses; none when nothing was compared."""
    before, scores = len(notes), ledger.document["scores"]
    tasks = tuple(
        task.name
        for task in ledger.family.tasks
        if any(_is_known(scores[task.name]["variants"].get(name)) for name in names)
    )
    if not tasks:
        return None
    rows = tuple(_row(ledger, notes, name, tasks, this=name == this) for name in names)
    return LossTable(tasks=tasks, rows=rows, notes=notes.since(before))


def _row(
    ledger: Ledger, notes: Footnotes, name: str, tasks: tuple[str, ...], *, this: bool
) -> LossRow:
    cells, recoveries = [], []
    for task in tasks:
        change = _change(ledger, notes, name, task)
        place = f"/scores/{escape_pointer(task)}/variants/{escape_pointer(name)}/recovery"
        cells.append(change)
        recoveries.append(
            measured(ledger.own(f"recovery.{name}.{task}", place, RATE)) if change.claim else None
        )
    return LossRow(variant=name, this=this, cells=tuple(cells), recovery=tuple(recoveries))


def _change(ledger: Ledger, notes: Footnotes, name: str, task: str) -> Cell:
    """Return the relative change of a score, or why there is none."""
    claim_id, entry = f"relative.{name}.{task}", ledger.document["scores"][task]
    found = entry["variants"].get(name)
    if not _is_known(found):
        if found is None:
            missing = name if f"score/{name}/{task}" not in ledger.family.results else BASELINE
            return notes.gap(ledger.family.gap(f"score/{missing}/{task}"), claim_id)
        text = found.get("reason", f"{BASELINE} scores nothing on this task.")
        note = notes.add(CellState.NOT_COMPARABLE, text, claim_id)
        return Cell(state=CellState.NOT_COMPARABLE, note=note)
    place = f"/scores/{escape_pointer(task)}/variants/{escape_pointer(name)}/relative"
    claim = ledger.own(claim_id, place, CHANGE)
    if entry["floor"]:
        note = notes.add(CellState.FLOOR, FLOOR_TEXT, claim_id)
        return Cell(state=CellState.FLOOR, claim=claim, note=note, mark=PERCENT_SIGN)
    return measured(claim)


def _is_known(found: dict[str, Any] | None) -> bool:
    return bool(found and found["comparable"] and found["recovery"] is not None)

"""Footnotes: why a cell is empty or doubtful, numbered in reading order, each with its twin."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from hubq.model.card import Cell, CellState, Claim
from hubq.model.gap import Gap

_PATH = re.compile(r"(?<![\w:/.])/(?:[\w.+-]+/)+([\w.+-]+)")
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


class Footnote(msgspec.Struct, frozen=True, kw_only=True):
    """One footnote.

    Attributes:
        number: from 1, in reading order.
        state: of the cells that refer to it.
        text: one sentence, plain text.
    """

    number: int
    state: CellState
    text: str

    @property
    def sign(self) -> str:
        """The number in superscript digits."""
        return superscript(self.number)


class Footnotes:
    """The footnotes of one card; the same reason is given one number."""

    def __init__(self) -> None:
        self._notes: dict[tuple[CellState, str], Footnote] = {}
        self._cells: dict[int, list[str]] = {}

    def add(self, state: CellState, text: str, cell: str) -> int:
        """Return the number of the footnote for a reason.

        Args:
            state: of the cell.
            text: why the cell is as it is.
            cell: the id of the claim that the cell would hold, or holds.
        """
        note = self._notes.setdefault(
            (state, text), Footnote(number=len(self._notes) + 1, state=state, text=text)
        )
        self._cells.setdefault(note.number, []).append(cell)
        return note.number

    def gap(self, gap: Gap, cell: str) -> Cell:
        """Return the cell of a number that is not there."""
        return Cell(state=gap.state, note=self.add(gap.state, _sentence(gap.reason), cell))

    def since(self, count: int) -> tuple[Footnote, ...]:
        """Return the footnotes after the first `count`."""
        return tuple(self._notes.values())[count:]

    def __len__(self) -> int:
        return len(self._notes)

    def twins(self) -> tuple[dict[str, Any], ...]:
        """Return the footnotes as data, each with the cells that refer to it."""
        return tuple(
            {
                "number": note.number,
                "state": note.state.value,
                "text": note.text,
                "cells": self._cells[note.number],
            }
            for note in self._notes.values()
        )


def _sentence(text: str) -> str:
    """Return one line of text as a sentence, with paths of this machine cut down to names."""
    line = _PATH.sub(r"\1", " ".join(text.split()))
    if not line:
        return "No reason was recorded."
    return line[0].upper() + line[1:] + ("" if line[-1] in ".!?" else ".")


def superscript(number: int) -> str:
    """Return a number in superscript digits."""
    return str(number).translate(_SUPERSCRIPTS)


_WORDS = {CellState.OOM: "OOM", CellState.NOT_COMPARABLE: "not comparable"}
EMPTY = "–"
NO_BREAK = "\N{NO-BREAK SPACE}"


def cell_text(cell: Cell | None) -> str:
    """Return a cell as it stands in a table: `75.15 (−3.10 ▼)`, `OOM¹`, `failed²`, `pending³`."""
    if cell is None:
        return EMPTY
    note = superscript(cell.note) if cell.note else ""
    if cell.claim is None:
        return _WORDS.get(cell.state, cell.state.value) + note
    text = str(cell.claim)
    mark = f"{NO_BREAK}{cell.mark}" if cell.mark else ""
    if cell.delta is not None:
        text += f" ({cell.delta}{mark})"
    else:
        text += mark
    if cell.state is CellState.SUSPECT:
        text += " (suspect)"
    return text + note


def measured(claim: Claim) -> Cell:
    """Return the cell of a plain number."""
    return Cell(state=CellState.MEASURED, claim=claim)

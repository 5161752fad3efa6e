"""Footnotes: why a cell is empty or doubtful, in reading order, each with its twin.

They are numbered; what a number must not be believed for, a suspect gain, has a dagger instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from hubq.model.card import Cell, CellState, Claim
from hubq.model.gap import Gap

_PATH = re.compile(r"(?<![\w:/.])/(?:[\w.+-]+/)+([\w.+-]+)")
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_DAGGERS = "†‡§¶"
_WORDS = {
    CellState.OOM: "OOM",
    CellState.NOT_COMPARABLE: "not comparable",
    CellState.NOT_RUN: "not run",
}
EMPTY = "–"
NO_BREAK = "\N{NO-BREAK SPACE}"


class Footnote(msgspec.Struct, frozen=True, kw_only=True):
    """One footnote.

    Attributes:
        number: from 1, in reading order, counted apart for daggers.
        state: of the cells that refer to it.
        text: one sentence, plain text.
    """

    number: int
    state: CellState
    text: str

    @property
    def sign(self) -> str:
        """What stands after its cells and before its text; no two have the same."""
        return sign_of(self.state, self.number)


class Footnotes:
    """The footnotes of one card; the same reason is given one number."""

    def __init__(self) -> None:
        self._notes: dict[tuple[CellState, str], Footnote] = {}
        self._cells: dict[str, list[str]] = {}

    def add(self, state: CellState, text: str, cell: str) -> int:
        """Return the number of the footnote for a reason and a state.

        Args:
            state: of the cell.
            text: why the cell is as it is.
            cell: the id of the claim that the cell would hold, or holds.
        """
        note = self._notes.get((state, text))
        if note is None:
            alike = sum(_is_dagger(known.state) == _is_dagger(state) for known in self)
            note = Footnote(number=alike + 1, state=state, text=text)
            self._notes[state, text] = note
        cells = self._cells.setdefault(note.sign, [])
        if cell not in cells:
            cells.append(cell)
        return note.number

    def gap(self, gap: Gap, cell: str) -> Cell:
        """Return the cell of a number that is not there."""
        return Cell(state=gap.state, note=self.add(gap.state, sentence(gap.reason), cell))

    def since(self, count: int) -> tuple[Footnote, ...]:
        """Return the footnotes after the first `count`."""
        return tuple(self)[count:]

    def __iter__(self) -> Iterator[Footnote]:
        return iter(self._notes.values())

    def __len__(self) -> int:
        return len(self._notes)

    def twins(self) -> tuple[dict[str, Any], ...]:
        """Return the footnotes as data, each with the cells that refer to it."""
        return tuple(
            {
                "number": note.number,
                "sign": note.sign,
                "state": note.state.value,
                "text": note.text,
                "cells": self._cells[note.sign],
            }
            for note in self
        )


def sentence(text: str) -> str:
    """Return one line of text as a sentence, with paths of this machine cut down to names."""
    line = _PATH.sub(r"\1", " ".join(text.split()))
    if not line:
        return "No reason was recorded."
    return line[0].upper() + line[1:] + ("" if line[-1] in ".!?" else ".")


def superscript(number: int) -> str:
    """Return a number in superscript digits."""
    return str(number).translate(_SUPERSCRIPTS)


def sign_of(state: CellState, number: int) -> str:
    """Return the sign of a footnote: superscript digits, or `†`, `‡`, ... for a suspect cell."""
    if not _is_dagger(state):
        return superscript(number)
    rounds, place = divmod(number - 1, len(_DAGGERS))
    return _DAGGERS[place] * (rounds + 1)


def _is_dagger(state: CellState) -> bool:
    return state is CellState.SUSPECT


def state_word(state: CellState) -> str:
    """Return a state as tables and sentences name it: `OOM`, `not run`, `pending`."""
    return _WORDS.get(state, state.value)


def cell_text(cell: Cell | None) -> str:
    """Return a cell as it stands in a table: `75.15 (−3.10 ▼)`, `OOM¹`, `48.71 (suspect)†`."""
    if cell is None:
        return EMPTY
    note = sign_of(cell.state, cell.note) if cell.note else ""
    if cell.claim is None:
        return state_word(cell.state) + note
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

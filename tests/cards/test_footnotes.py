from __future__ import annotations

import pytest

from hubq.cards.family import Family
from hubq.cards.footnotes import EMPTY, Footnotes, superscript
from hubq.cards.gathering import card_facts
from hubq.model.card import Cell, CellState, Claim
from hubq.model.gap import Gap
from tests.cards.reading import cell_text


def claim(shown: str) -> Claim:
    return Claim(
        id="x", shown=shown, value=0.0, unit="", key="k", file="f", pointer="/p", sha256="0"
    )


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, EMPTY),
        (Cell(state=CellState.OOM, note=1), "OOM¹"),
        (Cell(state=CellState.FAILED, note=12), "failed¹²"),
        (Cell(state=CellState.PENDING, note=3), "pending³"),
        (Cell(state=CellState.RUNNING, note=2), "running²"),
        (Cell(state=CellState.MEASURED, claim=claim("75.15")), "75.15"),
        (
            Cell(state=CellState.MEASURED, claim=claim("75.15"), delta=claim("−3.10"), mark="▼"),
            "75.15 (−3.10\N{NO-BREAK SPACE}▼)",
        ),
        (
            Cell(state=CellState.SUSPECT, claim=claim("48.71"), delta=claim("+3.07"), note=1),
            "48.71 (+3.07) (suspect)¹",
        ),
        (Cell(state=CellState.NOT_COMPARABLE, claim=claim("39.42"), note=2), "39.42²"),
        (Cell(state=CellState.NOT_COMPARABLE, note=2), "not comparable²"),
    ],
)
def test_cells_print_as_published_tables_print_them(cell: Cell | None, text: str) -> None:
    assert cell_text(cell) == text


def test_the_same_reason_is_one_footnote() -> None:
    notes = Footnotes()
    gap = Gap(state=CellState.OOM, reason="Too large.")
    assert [notes.gap(gap, "a").note, notes.gap(gap, "b").note] == [1, 1]
    assert notes.add(CellState.FAILED, "Too large.", "c") == 2
    assert notes.twins()[0] == {
        "number": 1,
        "state": "oom",
        "text": "Too large.",
        "cells": ["a", "b"],
    }


def test_footnotes_are_numbered_in_reading_order(gappy: Family) -> None:
    facts = card_facts(gappy, "GPTQ-Int4")
    numbers = [cell.note for row in facts.scores[0].rows for cell in row.cells if cell.note] + [
        row.speed.note for row in facts.speed.rows if row.speed.note
    ]
    assert list(dict.fromkeys(numbers)) == [1, 2, 3]
    assert [note.number for note in (*facts.scores[0].notes, *facts.speed.notes)] == [1, 2, 3]
    assert facts.sizes.notes == ()


def test_a_failed_variant_gives_its_reason_to_all_its_cells(gappy: Family) -> None:
    facts = card_facts(gappy, "GPTQ-Int4")
    failed = next(row for row in facts.scores[0].rows if row.variant == "AWQ")
    assert {cell_text(cell) for cell in failed.cells} == {"failed²"}
    assert failed.link == ""
    twin = facts.footnotes[1]
    assert twin["state"] == "failed"
    assert "score.AWQ.NanoDocs_VAL" in twin["cells"]
    assert "size.AWQ" in twin["cells"]


def test_numbers_are_raised() -> None:
    assert superscript(1907) == "¹⁹⁰⁷"


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ("it broke", "It broke."),
        ("Is it?", "Is it?"),
        ("no file /home/ann/.cache/hubq/rows.jsonl here", "No file rows.jsonl here."),
        ("see https://example.org/a/b", "See https://example.org/a/b."),
        ("3/4 of it,\n and/or more", "3/4 of it, and/or more."),
        ("", "No reason was recorded."),
    ],
)
def test_a_reason_becomes_a_sentence_without_paths(reason: str, text: str) -> None:
    notes = Footnotes()
    notes.gap(Gap(state=CellState.FAILED, reason=reason), "x")
    assert notes.since(0)[0].text == text

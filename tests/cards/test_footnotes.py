from __future__ import annotations

import re
from pathlib import Path

from hubq.cards.family import Family
from hubq.cards.footnotes import EMPTY, Footnotes, sign_of, superscript
from hubq.cards.gathering import card_facts
from hubq.cards.rendering import render_card
from hubq.model.card import Cell, CellState, Claim
from hubq.model.gap import Gap
from tests.cards.factory import Factory
from tests.cards.reading import cell_text
from tests.rows import each_row


def claim(shown: str) -> Claim:
    return Claim(
        id="x", shown=shown, value=0.0, unit="", key="k", file="f", pointer="/p", sha256="0"
    )


@each_row(
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
            "48.71 (+3.07) (suspect)†",
        ),
        (Cell(state=CellState.SUSPECT, claim=claim("48.71"), note=6), "48.71 (suspect)‡‡"),
        (Cell(state=CellState.FLOOR, claim=claim("25.10"), note=4), "25.10⁴"),
        (Cell(state=CellState.NOT_RUN, note=5), "not run⁵"),
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
        "sign": "¹",
        "state": "oom",
        "text": "Too large.",
        "cells": ["a", "b"],
    }


def test_suspect_cells_have_daggers_of_their_own_count() -> None:
    notes = Footnotes()
    reasons = [(CellState.OOM, "a"), (CellState.SUSPECT, "b"), (CellState.PENDING, "c")]
    numbers = [notes.add(state, text, text) for state, text in (*reasons, (CellState.SUSPECT, "d"))]
    assert numbers == [1, 1, 2, 2]
    assert [twin["sign"] for twin in notes.twins()] == ["¹", "†", "²", "‡"]
    assert [twin["cells"] for twin in notes.twins()] == [["a"], ["b"], ["c"], ["d"]]


def test_daggers_never_run_out() -> None:
    signs = [sign_of(CellState.SUSPECT, number) for number in range(1, 30)]
    assert signs[:5] == ["†", "‡", "§", "¶", "††"]
    assert len(set(signs)) == len(signs)


def test_a_cell_stands_once_in_its_footnote() -> None:
    notes = Footnotes()
    gap = Gap(state=CellState.OOM, reason="Too large.")
    assert notes.gap(gap, "a") == notes.gap(gap, "a")
    assert notes.twins()[0]["cells"] == ["a"]


def test_footnotes_stand_in_reading_order(gappy: Family, templates: tuple[Path, ...]) -> None:
    text = render_card(gappy, "GPTQ-Int4", templates, charts=False)["README.md"].decode()
    assert re.findall(r"^([¹²³⁴⁵]) ", text, flags=re.MULTILINE) == ["¹", "²", "³"]
    first = [text.index(word) for word in ("OOM¹", "failed²", "pending³")]
    assert first == sorted(first)


def test_every_state_of_a_cell_has_its_twin(gappy: Family) -> None:
    twins = {twin["sign"]: twin for twin in card_facts(gappy, "GPTQ-Int4").footnotes}
    assert [(t["state"], t["sign"]) for t in twins.values()] == [
        ("oom", "¹"),
        ("failed", "²"),
        ("pending", "³"),
    ]
    assert {"score.GPTQ-Int4.NanoMulti_VAL", "relative.GPTQ-Int4.NanoMulti_VAL"} <= set(
        twins["¹"]["cells"]
    )
    assert "speed.GPTQ-Int8.text" in twins["³"]["cells"]


def test_what_is_no_part_of_the_release_is_not_run(whole: Factory) -> None:
    lost = {"score/AWQ/NanoText_VAL", "score/AWQ/NanoMath_MINI"}
    family = whole.family(planned=frozenset(whole.results) - {"score/AWQ/NanoText_VAL"})
    for name in lost:
        del family.results[name], family.folders[name]
    row = card_facts(family, "AWQ").scores[0].rows[3]
    assert [cell_text(cell) for cell in row.cells[1::3]] == ["pending¹", "not run²"]


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


@each_row(
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

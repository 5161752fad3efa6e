from __future__ import annotations

from pathlib import Path

import pytest

from hubq.cards.family import Family
from hubq.cards.gathering import card_facts, report_facts
from hubq.cards.rendering import render_card
from hubq.cards.tables.margins import MarginRow, MarginTable
from hubq.model.card import Cell, CellState
from tests.cards.reading import cell_text
from tests.cards.tables.reading import cells, claim, number, printed


def test_the_variants_of_fewest_bits_stand_side_by_side(family: Family) -> None:
    (table,) = card_facts(family, "GPTQ-Int8").tables.margins
    assert (table.first, table.second) == ("GPTQ-Int4", "AWQ")
    assert table.bits is not None
    assert table.bits.shown == "4"
    assert [row.task for row in table.rows] == [task.name for task in family.tasks]


def test_a_margin_is_the_first_score_less_the_second(family: Family) -> None:
    (table,) = card_facts(family, "AWQ").tables.margins
    for row in table.rows:
        assert row.margin is not None
        assert row.first.claim is not None
        assert row.second.claim is not None
        assert row.margin.value == pytest.approx(row.first.claim.value - row.second.claim.value)
        assert row.ahead == ("GPTQ-Int4" if row.margin.value > 0 else "AWQ")


def test_ahead_is_not_leading(family: Family) -> None:
    (table,) = card_facts(family, "AWQ").tables.margins
    leaders = {row.task: row.leader for row in table.rows}
    assert leaders.pop("NanoMulti_VAL") == "first"
    assert set(leaders.values()) == {"open"}
    math = next(row for row in table.rows if row.task == "NanoMath_MINI")
    assert math.low is not None
    assert math.high is not None
    assert (math.ahead, math.low.shown, math.high.shown) == ("AWQ", "+0.99", "+8.01")


def test_the_report_has_the_same_margins(family: Family) -> None:
    report, card = (
        printed("margins", "margin_table", facts.tables.margins[0], "95")
        for facts in (report_facts(family), card_facts(family, "AWQ"))
    )
    assert report == card


def test_a_score_that_is_missing_has_its_state(family: Family) -> None:
    stage = "score/AWQ/NanoMath_MINI"
    del family.results[stage], family.folders[stage]
    (table,) = card_facts(family, "AWQ").tables.margins
    row = next(row for row in table.rows if row.task == "NanoMath_MINI")
    assert (cell_text(row.second), row.margin, row.leader, row.ahead) == (
        "pending¹",
        None,
        "open",
        "",
    )


def test_a_variant_that_was_not_made_has_no_margins(gappy: Family) -> None:
    assert card_facts(gappy, "GPTQ-Int4").tables.margins == ()


def test_printed_numbers_of_others_have_a_leader_in_print_alone() -> None:
    table = MarginTable(
        first="GPTQ-Int4",
        second="AWQ",
        rows=(
            MarginRow(
                task="MMMU_VAL",
                first=number("39.22"),
                second=number("41.33"),
                margin=claim("−2.11"),
                low=None,
                high=None,
                leader="open",
                ahead="AWQ",
                note="It depends.",
            ),
            MarginRow(
                task="Other",
                first=Cell(state=CellState.OOM, note=1),
                second=number("1.00"),
                margin=None,
                low=None,
                high=None,
                leader="open",
            ),
        ),
    )
    assert cells(printed("margins", "margin_table", table)) == [
        ["Task", "GPTQ-Int4", "AWQ", "Margin (points)", "What can be told"],
        ["MMMU_VAL", "39.22", "41.33", "AWQ +2.11", "It depends."],
        ["Other", "OOM¹", "1.00", "–", "–"],
    ]


def test_the_card_shows_it(family: Family, templates: tuple[Path, ...]) -> None:
    text = render_card(family, "AWQ", templates, charts=False)["README.md"].decode()
    assert "### GPTQ-Int4 or AWQ\n" in text
    assert "| NanoMulti_VAL | 62.25 | 56.75 | GPTQ-Int4 +5.50 |" in text
    assert text.count("| **GPTQ-Int4** |\n") == 1

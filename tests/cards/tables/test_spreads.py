from __future__ import annotations

from pathlib import Path

from hubq.cards.family import Family
from hubq.cards.gathering import card_facts
from hubq.cards.rendering import render_card
from hubq.cards.tables.spreads import SpreadRow
from tests.cards.tables.reading import cells, claim, printed


def test_the_widest_range_stands_first(family: Family) -> None:
    rows = card_facts(family, "AWQ").tables.spreads
    assert [row.task for row in rows] == [
        "NanoMath_MINI",
        "NanoMulti_VAL",
        "NanoDocs_VAL",
        "NanoText_VAL",
        "NanoChoice_DEV",
    ]
    for row in rows:
        assert round(row.high.value - row.low.value, 9) == round(row.range.value, 9)


def test_a_range_has_its_interval_and_says_whether_it_may_be_chance(family: Family) -> None:
    rows = {row.task: row for row in card_facts(family, "AWQ").tables.spreads}
    wide, narrow = rows["NanoMath_MINI"], rows["NanoChoice_DEV"]
    assert (wide.lowest, wide.highest, wide.range.shown) == ("GPTQ-Int4", "GPTQ-Int8", "7.25")
    assert wide.range_low is not None
    assert wide.range_low.value > 0
    assert (wide.sure, narrow.sure) == (True, False)


def test_numbers_of_others_have_no_interval() -> None:
    row = SpreadRow(
        task="DocVQA|VAL",
        lowest="AWQ",
        highest="BF16",
        low=claim("86.96"),
        high=claim("88.34"),
        range=claim("1.38"),
    )
    assert cells(printed("spreads", "spread_table", (row,))) == [
        ["Task", "Least", "Most", "Range (points)"],
        ["DocVQA|VAL", "AWQ 86.96", "BF16 88.34", "1.38"],
    ]


def test_the_card_shows_it(family: Family, templates: tuple[Path, ...]) -> None:
    text = render_card(family, "AWQ", templates, charts=False)["README.md"].decode()
    assert "### Sensitivity\n\n| Task | Least | Most | Range (points) | 95 % CI | Reading |" in text
    assert "| NanoMath_MINI | GPTQ-Int4 63.75 | GPTQ-Int8 71.00 | 7.25 |" in text

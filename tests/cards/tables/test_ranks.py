from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from hubq.cards.family import Family
from hubq.cards.gathering import card_facts, report_facts
from hubq.cards.rendering import render_card
from tests.cards.tables.reading import cells, printed


def test_variants_stand_from_the_best_down_with_their_gaps(family: Family) -> None:
    rows = {row.task: row.steps for row in card_facts(family, "AWQ").tables.ranks}
    steps = rows["NanoMulti_VAL"]
    assert [(step.variant, step.score.shown, step.sure) for step in steps] == [
        ("GPTQ-Int8", "62.50", False),
        ("GPTQ-Int4", "62.25", True),
        ("AWQ", "56.75", False),
    ]
    for step, after in pairwise(steps):
        assert step.gap is not None
        assert round(step.gap.value, 9) == round(step.score.value - after.score.value, 9)
        assert step.low is not None
        assert step.high is not None
        assert step.low.value < step.gap.value < step.high.value
    assert steps[-1].gap is None


def test_a_control_has_no_rank(family: Family) -> None:
    rows = report_facts(family).tables.ranks
    card = card_facts(family, "AWQ").tables.ranks
    assert printed("ranks", "rank_table", rows) == printed("ranks", "rank_table", card)
    assert all(step.variant != "RTN-Int3" for row in rows for step in row.steps)


def test_a_task_with_one_score_has_no_rank(gappy: Family) -> None:
    tasks = [row.task for row in card_facts(gappy, "GPTQ-Int4").tables.ranks]
    assert tasks == ["NanoDocs_VAL", "NanoMath_MINI", "NanoChoice_DEV", "NanoText_VAL"]


def test_neighbours_are_ordered_only_where_it_is_no_chance(family: Family) -> None:
    rows = card_facts(family, "AWQ").tables.ranks
    found = {row[0]: row[1:] for row in cells(printed("ranks", "rank_table", rows, "95"))}
    assert found["Task"] == ["Best to worst", "Gaps, in this order (points, 95 % CI)"]
    assert found["NanoMulti_VAL"] == [
        "GPTQ-Int8 62.50 ≈ GPTQ-Int4 62.25 > AWQ 56.75",
        "0.25 (−1.83 to 2.33); 5.50 (2.22 to 8.78)",
    ]


def test_the_card_shows_it(family: Family, templates: tuple[Path, ...]) -> None:
    text = render_card(family, "AWQ", templates, charts=False)["README.md"].decode()
    assert "### Ranking\n\n| Task | Best to worst |" in text

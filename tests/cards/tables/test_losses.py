from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hubq.cards.family import Family
from hubq.cards.gathering import card_facts
from hubq.cards.rendering import render_card
from tests.cards.factory import Factory
from tests.cards.nano import loaded_recipe
from tests.cards.reading import cell_text
from tests.cards.tables.reading import cells, printed


def test_a_loss_is_the_change_in_percent_of_the_baselines_score(family: Family) -> None:
    facts = card_facts(family, "AWQ")
    table = facts.tables.losses
    assert table is not None
    row = next(row for row in table.rows if row.this)
    found = {task: cell for task, cell in zip(table.tasks, row.cells, strict=True) if cell}
    for difference in (d for d in facts.differences if d.variant == "AWQ"):
        claim = found[difference.task].claim
        assert claim is not None
        share = difference.delta.value / difference.baseline.value * 100
        assert claim.value == pytest.approx(share)


def test_the_recovery_stands_beside_it(family: Family) -> None:
    table = card_facts(family, "AWQ").tables.losses
    assert table is not None
    for row in table.rows:
        for change, whole in zip(row.cells, row.recovery, strict=True):
            assert change is not None
            assert change.claim is not None
            assert whole is not None
            assert whole.claim is not None
            assert whole.claim.value == pytest.approx(100 + change.claim.value)


def test_what_is_missing_has_its_state(gappy: Family) -> None:
    table = card_facts(gappy, "GPTQ-Int4").tables.losses
    assert table is not None
    rows = cells(printed("losses", "loss_table", table))
    assert [row[4] for row in rows] == ["NanoMulti_VAL", "+0.4 % (100.4 %)", "OOM¹", "failed²"]


def test_what_was_not_compared_says_why(whole: Factory) -> None:
    family = whole.family()
    stage = "score/AWQ/NanoText_VAL"
    result = family.results[stage]
    facts = {**result.facts, "identity": {"engine": "another"}}
    family.results[stage] = msgspec.structs.replace(result, facts=facts)
    found = card_facts(family, "AWQ")
    table = found.tables.losses
    assert table is not None
    cell = table.rows[-1].cells[-1]
    assert cell_text(cell) == "not comparable¹"
    assert "engine is another, not not known" in found.footnotes[0]["text"]
    assert {"score.AWQ.NanoText_VAL", "relative.AWQ.NanoText_VAL"} <= set(
        found.footnotes[0]["cells"]
    )


def test_a_task_at_the_floor_says_so(whole: Factory) -> None:
    loaded = loaded_recipe()
    tasks = list(loaded.suite.tasks)
    tasks[3] = msgspec.structs.replace(tasks[3], chance=0.99)
    suite = msgspec.structs.replace(loaded.suite, tasks=tuple(tasks))
    table = card_facts(
        whole.family(loaded=msgspec.structs.replace(loaded, suite=suite)), "AWQ"
    ).tables.losses
    assert table is not None
    rows = cells(printed("losses", "loss_table", table))
    assert [row[4] for row in rows[1:]] == [
        "+0.4 %¹ (100.4 %)",
        "0.0 %¹ (100.0 %)",
        "−8.8 %¹ (91.2 %)",
    ]


def test_nothing_compared_is_no_table(tmp_path: Path) -> None:
    factory = Factory(tmp_path)
    factory.quantize("AWQ")
    assert card_facts(factory.family(), "AWQ").tables.losses is None


def test_the_card_shows_it(family: Family, templates: tuple[Path, ...]) -> None:
    text = render_card(family, "GPTQ-Int4", templates, charts=False)["README.md"].decode()
    assert "### Relative loss\n" in text
    assert "**−9.9\N{NO-BREAK SPACE}% (90.1\N{NO-BREAK SPACE}%)**" in text

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from hubq.cards.family import Family
from hubq.cards.gathering import card_facts
from hubq.cards.rendering import render_card
from hubq.cards.tables.deploy import DeployRow, DeployTable
from hubq.model.card import Cell, CellState
from tests.cards.factory import Factory
from tests.cards.families import TASKS, recipe_of
from tests.cards.nano import ITEMS, loaded_recipe
from tests.cards.tables.reading import cells, number, printed


def table_of(folder: Path, **changes: Any) -> tuple[DeployTable | None, tuple[dict[str, Any], ...]]:
    """Return the table of AWQ beside the baseline, and the card's footnotes."""
    factory = Factory(folder, recipe_of(loaded_recipe().recipe.variants[2:3], TASKS))
    factory.quantize("AWQ")
    for task in TASKS:
        for name in ("BF16", "AWQ"):
            factory.score(name, task)
        factory.generate("BF16", task, seconds={"prepare": 1.0, "generate": 1754.0})
        factory.generate("AWQ", task, **({"seconds": {"generate": 5302.5}} | changes))
    facts = card_facts(factory.family(), "AWQ")
    return facts.tables.deploy, facts.footnotes


def rows_of(table: DeployTable | None) -> list[list[str]]:
    assert table is not None
    return cells(printed("deploy", "deploy_table", table))


def test_a_run_has_its_time_beside_its_score(tmp_path: Path) -> None:
    table, _ = table_of(tmp_path)
    assert rows_of(table) == [
        [
            "Run",
            "Overall",
            "Wall time (min)",
            "ms / item",
            "Speed against BF16",
            "Δ against BF16",
        ],
        ["BF16", "66.50", "58.5", "4,388", "1.00×", "–"],
        ["AWQ", "62.50", "176.8", "13,256", "3.02× slower", "−4.00"],
    ]


def test_overall_and_delta_are_those_of_the_scores(tmp_path: Path) -> None:
    table, _ = table_of(tmp_path)
    assert table is not None
    base, awq = table.rows
    for cell in (base.score, awq.score, awq.delta):
        assert cell is not None
        assert cell.claim is not None
    assert base.score is not None
    assert awq.score is not None
    assert awq.delta is not None
    values = [cell.claim.value for cell in (base.score, awq.score, awq.delta) if cell.claim]
    assert values[1] - values[0] == pytest.approx(values[2])


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(1780.0, "~parity (1.01×)"), (1404.0, "1.25× faster"), (1755.0, "~parity (1.00×)")],
)
def test_speed_is_said_in_words(tmp_path: Path, seconds: float, said: str) -> None:
    table, _ = table_of(tmp_path, seconds={"generate": seconds})
    assert rows_of(table)[2][4] == said


def test_a_run_that_was_interrupted_has_no_time_and_says_so(tmp_path: Path) -> None:
    half = {"committed_before": {"batches": 2, "items": ITEMS // 2}}
    table, footnotes = table_of(tmp_path, **half)
    assert rows_of(table)[2][2:5] == ["not comparable¹", "26,512²", "not comparable²"]
    assert footnotes[0]["text"] == (
        "Part of its answers on NanoMath_MINI and NanoMulti_VAL came from a run that was "
        "interrupted, whose time is not known."
    )
    assert footnotes[1]["text"].startswith("Not held against BF16: on NanoMath_MINI and ")
    assert footnotes[1]["cells"] == ["per_item.AWQ", "slowdown.AWQ"]


def test_batches_of_other_sizes_are_told(tmp_path: Path) -> None:
    table, footnotes = table_of(tmp_path, largest_batch=64)
    assert rows_of(table)[2][2:5] == ["176.8¹", "13,256¹", "not comparable¹"]
    assert footnotes[0]["text"].endswith("items were answered in batches of other sizes.")


def test_what_holds_on_some_tasks_says_on_which(family: Family) -> None:
    stage = "generate/AWQ/NanoMath_MINI"
    result = family.results[stage]
    changed = {**result.stage.settings, "device": "cuda"}
    moved = msgspec.structs.replace(result.stage, settings=changed)
    family.results[stage] = msgspec.structs.replace(result, stage=moved)
    facts = card_facts(family, "AWQ")
    assert rows_of(facts.tables.deploy)[4][4] == "1.11× slower¹"
    assert facts.footnotes[0]["text"].startswith("Held against BF16 on NanoDocs_VAL, ")
    assert "on NanoMath_MINI they ran on different devices" in facts.footnotes[0]["text"]


def test_a_variant_without_answers_has_its_state(gappy: Family) -> None:
    rows = rows_of(card_facts(gappy, "GPTQ-Int4").tables.deploy)
    assert rows[4] == ["AWQ", "failed²", "failed²", "failed²", "failed²", "–"]
    assert rows[3][1] == "OOM¹"


def test_a_worker_that_says_no_times_is_not_comparable(tmp_path: Path, family: Family) -> None:
    for task in family.tasks:
        family.folders[f"generate/AWQ/{task.name}"] = tmp_path
    facts = card_facts(family, "AWQ")
    assert rows_of(facts.tables.deploy)[4][2:5] == ["not comparable¹"] * 3
    assert facts.footnotes[0]["text"] == "How long AWQ took was not recorded."


def test_answers_that_came_from_elsewhere_have_no_time(family: Family) -> None:
    for task in family.tasks:
        del family.results[f"generate/AWQ/{task.name}"]
    facts = card_facts(family, "AWQ")
    assert rows_of(facts.tables.deploy)[4][:3] == ["AWQ", "72.05", "not comparable¹"]
    assert facts.footnotes[0]["text"] == "How long AWQ took was not recorded."


def test_times_of_one_variant_alone_are_no_table(tmp_path: Path) -> None:
    assert table_of(tmp_path, seconds={})[0] is None


def test_the_form_of_others_can_be_printed() -> None:
    rows = (
        DeployRow(
            run="Fake-quant",
            this=False,
            score=number("0.3942"),
            wall=number("58.5"),
            per_item=number("9,140"),
            relative=number("1.00"),
            delta=None,
        ),
        DeployRow(
            run="bf16 dequant",
            this=False,
            score=number("0.3694"),
            wall=number("58.9"),
            per_item=number("9,210"),
            relative=None,
            relation="parity",
            delta=number("−2.5"),
        ),
        DeployRow(
            run="queued",
            this=False,
            score=None,
            wall=Cell(state=CellState.RUNNING, note=1),
            per_item=None,
            relative=number("1.10"),
            relation="unclear",
            delta=None,
        ),
    )
    found = cells(printed("deploy", "deploy_table", DeployTable(reference="FQ", rows=rows)))
    assert [row[4] for row in found] == [
        "Speed against FQ",
        "1.00×",
        "~parity",
        "unclear (1.10×)",
    ]
    assert found[3][2] == "running¹"


def test_the_card_shows_it(family: Family, templates: tuple[Path, ...]) -> None:
    text = render_card(family, "AWQ", templates, charts=False)["README.md"].decode()
    assert "### What answering took\n\n| Run | Overall | Wall time (s) | ms / item |" in text
    assert "| BF16 | 75.70 | 10.0 | 5.0 | 1.00× | – |" in text

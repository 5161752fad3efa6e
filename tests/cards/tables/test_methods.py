from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hubq.cards.family import Family
from hubq.cards.gathering import card_facts, report_facts
from hubq.cards.rendering import render_card
from hubq.model.recipe import VariantSpec
from tests.cards.families import scored
from tests.cards.nano import loaded_recipe
from tests.cards.tables.reading import cells, printed


def variant(name: str, method: str, bits: int, group: int = 128) -> VariantSpec:
    fields = {"name": name, "method": method, "bits": bits, "group_size": group}
    return msgspec.convert(fields, VariantSpec)


SPECS = (
    variant("G3", "gptq", 3, -1),
    variant("T3", "gptaq", 3, -1),
    variant("G2", "gptq", 2),
    variant("T2", "gptaq", 2),
    variant("G2-order", "gptq", 2),
)


def test_methods_of_the_same_bits_stand_together(family: Family) -> None:
    table = card_facts(family, "AWQ").tables.methods
    assert table is not None
    (group,) = table.groups
    assert [(row.method, row.variant, row.this) for row in group.rows] == [
        ("Full precision", "BF16", False),
        ("GPTQ", "GPTQ-Int4", False),
        ("AWQ", "AWQ", True),
    ]
    assert group.scheme is not None
    assert group.scheme.bits is not None
    assert (group.title, group.scheme.bits.shown) == ("nano-qwen2-vl", "4")


def test_averages_are_over_the_same_tasks(family: Family) -> None:
    table = card_facts(family, "AWQ").tables.methods
    assert table is not None
    for row in table.groups[0].rows:
        values = [cell.claim.value for cell in row.cells if cell.claim is not None]
        assert len(values) == len(table.tasks) == 5
        assert row.average is not None
        assert row.average.claim is not None
        assert row.average.claim.value == pytest.approx(sum(values) / 5)


def test_the_highest_number_is_best_only_beyond_chance(family: Family) -> None:
    table = card_facts(family, "AWQ").tables.methods
    assert table is not None
    full, gptq, awq = table.groups[0].rows
    assert [task for task, best in zip(table.tasks, gptq.best, strict=False) if best] == [
        "NanoMulti_VAL"
    ]
    assert gptq.best[-1]
    assert not any(awq.best)
    assert not any(full.best)


def test_every_bits_and_group_size_has_a_group(tmp_path: Path) -> None:
    rights = {"BF16": 190, "G3": 150, "T3": 152, "G2": 100, "T2": 30, "G2-order": 101}
    table = card_facts(scored(tmp_path, SPECS, rights).family(), "G3").tables.methods
    assert table is not None
    rows = cells(printed("methods", "method_table", table))
    assert [row[0] for row in rows] == [
        "Method",
        "nano-qwen2-vl, INT3",
        "Full precision",
        "GPTQ (this repo)",
        "GPTAQ",
        "nano-qwen2-vl, INT2 g128",
        "Full precision",
        "GPTQ (G2)",
        "GPTAQ",
        "GPTQ (G2-order)",
    ]
    assert [row[1:] for row in rows[6:8]] == [["95.00"] * 3, ["50.00"] * 3]


def test_the_best_is_better_than_every_other_method(tmp_path: Path) -> None:
    rights = {"BF16": 190, "G3": 150, "T3": 100, "G2": 100, "T2": 30, "G2-order": 101}
    table = card_facts(scored(tmp_path, SPECS, rights).family(), "G3").tables.methods
    assert table is not None
    best = {row.variant: row.best for group in table.groups for row in group.rows}
    assert best["G3"] == (True, True, True)
    assert {best[name] for name in ("T3", "G2", "T2", "G2-order")} == {(False, False, False)}


def test_a_missing_score_leaves_the_average_its_state(gappy: Family, family: Family) -> None:
    assert card_facts(gappy, "GPTQ-Int4").tables.methods is None
    stage = "score/AWQ/NanoMath_MINI"
    del family.results[stage], family.folders[stage]
    table = card_facts(family, "AWQ").tables.methods
    assert table is not None
    rows = cells(printed("methods", "method_table", table))
    assert (rows[-1][2], rows[-1][-1]) == ("pending¹", "pending¹")


def test_a_control_has_a_row_on_the_report_and_is_never_the_best(tmp_path: Path) -> None:
    control = msgspec.structs.replace(SPECS[1], publish=False)
    factory = scored(tmp_path, (SPECS[0], control), {"BF16": 190, "G3": 150, "T3": 180})
    assert card_facts(factory.family(), "G3").tables.methods is None
    table = report_facts(factory.family()).tables.methods
    assert table is not None
    assert [row.variant for row in table.groups[0].rows] == ["BF16", "G3", "T3"]
    assert not any(any(row.best) for row in table.groups[0].rows)


def test_one_method_alone_is_no_table(tmp_path: Path) -> None:
    specs = loaded_recipe().recipe.variants[:2]
    names = dict.fromkeys(("BF16", *(spec.name for spec in specs)), 150)
    assert card_facts(scored(tmp_path, specs, names).family(), "GPTQ-Int8").tables.methods is None


def test_the_card_shows_it(family: Family, templates: tuple[Path, ...]) -> None:
    text = render_card(family, "AWQ", templates, charts=False)["README.md"].decode()
    assert "### Methods\n\n| Method | NanoDocs_VAL |" in text
    assert "| *nano-qwen2-vl, INT4 g128* |" in text
    assert "| GPTQ | 85.25 | 63.75 | 65.50 | **62.25** | 92.00 | **73.75** |" in text

from __future__ import annotations

from pathlib import Path

import pytest

from hubq import recipes
from hubq.cards.family import Family
from hubq.cards.gathering import card_facts
from hubq.cards.rendering import render_card
from hubq.cards.tables.calibrations import CalibrationTable, dataset_name
from tests.cards.factory import Factory
from tests.cards.families import CAPTIONS, WIKITEXT, calibrated, scored
from tests.cards.tables.reading import cells, printed
from tests.rows import each_row

SPECS = (
    calibrated("Captions", CAPTIONS),
    calibrated("Pictures"),
    calibrated("Wikitext", WIKITEXT),
)
RIGHTS = {"BF16": 190, "Captions": 179, "Pictures": 180, "Wikitext": 120}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Factory:
    factory = scored(tmp_path_factory.mktemp("modality"), SPECS, RIGHTS)
    for name in RIGHTS:
        factory.fidelity(name)
    return factory


def table_of(factory: Factory, this: str = "Pictures") -> CalibrationTable:
    (table,) = card_facts(factory.family(), this).tables.calibrations
    return table


def test_variants_that_differ_in_their_rows_alone_stand_together(made: Factory) -> None:
    table = table_of(made)
    assert [(row.variant, row.dataset, row.modality, row.this) for row in table.rows] == [
        ("Pictures", "calibration.jsonl", "image and text", True),
        ("Captions", "captions.jsonl", "text only", False),
        ("Wikitext", "Salesforce/wikitext", "text only", False),
    ]
    assert [row.rows.shown if row.rows else "" for row in table.rows] == ["128", "64", "32"]
    assert [row.vision_share.shown if row.vision_share else "" for row in table.rows] == [
        "18.1",
        "0.0",
        "0.0",
    ]


def test_differences_are_from_the_recipes_own_rows(made: Factory) -> None:
    first, captions, wikitext = table_of(made).rows
    assert all(cell.delta is None for cell in first.cells)
    for row in (captions, wikitext):
        for cell, beside in zip(row.cells, first.cells, strict=True):
            assert cell.claim is not None
            assert cell.delta is not None
            assert beside.claim is not None
            assert cell.delta.value == pytest.approx(cell.claim.value - beside.claim.value)
    assert [cell.mark for cell in captions.cells] == ["", ""]
    assert [cell.mark for cell in wikitext.cells] == ["▼", "▼"]
    assert wikitext.average is not None
    assert (wikitext.average.mark, wikitext.average.delta and wikitext.average.delta.shown) == (
        "▼",
        "−30.00",
    )


def test_the_divergence_stands_beside_where_it_was_measured(made: Factory) -> None:
    assert all(row.kl is not None for row in table_of(made).rows)
    rows = cells(printed("calibrations", "calibration_table", table_of(made)))
    assert rows[0] == [
        "GPTQ INT3",
        "Calibrated with",
        "Rows",
        "Vision tokens",
        "KL",
        "NanoMath_MINI",
        "NanoMulti_VAL",
        "Avg",
    ]
    assert rows[3][5:] == ["60.00 (−30.00 ▼)"] * 3


def test_variants_of_several_methods_are_not_compared_so(family: Family) -> None:
    assert card_facts(family, "AWQ").tables.calibrations == ()


def test_the_modality_recipe_gives_such_a_table(tmp_path: Path) -> None:
    variants = recipes.load("modality").recipe.variants
    rights = dict.fromkeys(("BF16", *(spec.name for spec in variants)), 150)
    facts = card_facts(scored(tmp_path, variants, rights).family(), variants[0].name)
    assert len(facts.tables.calibrations[0].rows) == 3
    assert facts.tables.margins == ()
    assert facts.tables.methods is None


def test_the_card_shows_it(made: Factory, templates: tuple[Path, ...]) -> None:
    text = render_card(made.family(), "Pictures", templates, charts=False)["README.md"].decode()
    assert "### Calibration\n\n| GPTQ INT3 | Calibrated with | Rows |" in text
    assert "| **Pictures** | image and text, calibration.jsonl | 128 |" in text


@each_row(
    ("address", "name"),
    [
        ("bundled:nano/data/calibration.jsonl", "calibration.jsonl"),
        ("hub:org/set@main/a/b.parquet", "org/set"),
        ("C:\\rows\\mine.jsonl", "mine.jsonl"),
        ("pictures/", "pictures"),
    ],
)
def test_a_calibration_set_is_named_as_people_do(address: str, name: str) -> None:
    assert dataset_name(address) == name

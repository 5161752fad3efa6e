from __future__ import annotations

from pathlib import Path

import msgspec

from hubq.cards.family import Family
from hubq.cards.gathering import card_facts, report_facts
from hubq.cards.rendering import render_card
from hubq.model.card import CellState
from hubq.model.gap import Gap
from tests.cards.factory import Factory
from tests.cards.families import TASKS, recipe_of, samples
from tests.cards.nano import loaded_recipe
from tests.cards.reading import cell_text


def test_every_sibling_shows_the_same_scores_with_its_own_row_marked(family: Family) -> None:
    tables = {name: card_facts(family, name).scores[0] for name in family.published}
    for name, table in tables.items():
        assert [row.variant for row in table.rows if row.this] == [name]
    texts = {
        tuple(cell_text(cell) for row in table.rows for cell in row.cells)
        for table in tables.values()
    }
    assert len(texts) == 1
    assert not any(row.this for row in report_facts(family).scores[0].rows)


def test_states_print_as_published_tables_print_them(whole: Factory) -> None:
    states = {
        "NanoDocs_VAL": (CellState.OOM, "OOM¹"),
        "NanoMath_MINI": (CellState.RUNNING, "running²"),
        "NanoChoice_DEV": (CellState.PENDING, "pending³"),
        "NanoMulti_VAL": (CellState.INFEASIBLE, "infeasible⁴"),
    }
    gaps = {f"score/AWQ/{task}": Gap(state=s, reason=task) for task, (s, _) in states.items()}
    planned = frozenset(whole.results) - {"score/AWQ/NanoText_VAL"}
    family = whole.family(gaps=gaps, planned=planned)
    del family.results["score/AWQ/NanoText_VAL"]
    facts = card_facts(family, "AWQ")
    row = next(row for row in facts.scores[0].rows if row.this)
    assert [cell_text(cell) for cell in row.cells] == [
        *(text for _, text in states.values()),
        "not run⁵",
    ]
    assert facts.footnotes[4]["state"] == "not-run"
    assert facts.footnotes[4]["text"] == "Not part of this release."


def test_gains_beyond_chance_are_suspect_under_one_dagger(
    tmp_path: Path, templates: tuple[Path, ...]
) -> None:
    factory = Factory(tmp_path, recipe_of(loaded_recipe().recipe.variants[2:3], TASKS))
    factory.quantize("AWQ")
    for task in TASKS:
        factory.score("BF16", task, samples(100, 200))
        factory.score("AWQ", task, samples(150, 200))
    facts = card_facts(factory.family(), "AWQ")
    assert {
        cell_text(cell).replace("\N{NO-BREAK SPACE}", " ") for cell in facts.scores[0].rows[1].cells
    } == {"75.00 (+25.00 ▲) (suspect)†"}
    (twin,) = [twin for twin in facts.footnotes if twin["state"] == "suspect"]
    assert (twin["state"], twin["sign"], twin["number"]) == ("suspect", "†", 1)
    assert set(twin["cells"]) == {f"score.AWQ.{task}" for task in TASKS}
    text = render_card(factory.family(), "AWQ", templates, charts=False)["README.md"].decode()
    assert "\n† A quantized model that scores better than BF16" in text


def test_a_missing_score_leaves_the_average_its_state(gappy: Family) -> None:
    rows = {row.variant: row for row in card_facts(gappy, "GPTQ-Int4").scores[0].rows}
    assert cell_text(rows["GPTQ-Int4"].average) == "OOM¹"
    assert cell_text(rows["AWQ"].average) == "failed²"
    assert rows["AWQ"].recovery is None


def test_an_explained_gain_is_a_number_like_others(whole: Factory) -> None:
    recipe = msgspec.structs.replace(
        loaded_recipe().recipe, explained={"AWQ/NanoText_VAL": "the prompt was mended"}
    )
    loaded = msgspec.structs.replace(loaded_recipe(), recipe=recipe)
    facts = card_facts(whole.family(loaded=loaded), "AWQ")
    assert not any(twin["state"] == "suspect" for twin in facts.footnotes)

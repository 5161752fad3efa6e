from __future__ import annotations

from pathlib import Path

from hubq.cards.family import Family
from hubq.cards.gathering import card_facts
from hubq.cards.tables.speed import _attention
from tests.cards.factory import Factory
from tests.cards.nano import source
from tests.cards.reading import cell_text


def test_rows_go_by_workload_and_then_by_variant(family: Family) -> None:
    rows = card_facts(family, "AWQ").speed.rows
    assert [(row.workload, row.variant) for row in rows[:5]] == [
        ("text", "BF16"),
        ("text", "GPTQ-Int8"),
        ("text", "GPTQ-Int4"),
        ("text", "AWQ"),
        ("image", "BF16"),
    ]
    assert [cell_text(row.relative) for row in rows[:2]] == ["–", "0.56"]


def test_a_workload_that_did_not_fit_has_its_state_and_reason(tmp_path: Path) -> None:
    factory = Factory(tmp_path)
    factory.quantize("AWQ")
    factory.bench("BF16")
    factory.bench("AWQ", why={"image": ("oom", "CUDA out of memory.")})
    facts = card_facts(factory.family(), "AWQ")
    row = next(r for r in facts.speed.rows if (r.workload, r.variant) == ("image", "AWQ"))
    number = row.speed.note
    assert cell_text(row.speed) == cell_text(row.memory) == "OOM²"
    assert facts.footnotes[number - 1]["text"] == "CUDA out of memory."


def test_large_models_are_shown_in_gigabytes(whole: Factory) -> None:
    large = source(files={"model.safetensors": 4_400_000_000})
    sizes = card_facts(whole.family(source=large), "AWQ").sizes
    assert sizes.unit == "GB"
    assert cell_text(sizes.rows[0].size) == "4.40"


def test_without_the_sources_weights_there_is_no_share(whole: Factory) -> None:
    sizes = card_facts(whole.family(source=source(files={})), "AWQ").sizes
    assert cell_text(sizes.rows[0].size) == "–"
    assert sizes.rows[1].share is None


def test_nothing_measured_is_a_table_of_gaps(tmp_path: Path) -> None:
    factory = Factory(tmp_path)
    factory.quantize("AWQ")
    facts = card_facts(factory.family(), "AWQ")
    assert {cell_text(row.speed) for row in facts.speed.rows} == {"pending¹"}
    assert facts.speed.repeats is None


def test_parts_of_a_model_may_have_different_attention() -> None:
    assert _attention({"text": "sdpa", "vision": "sdpa"}) == "sdpa"
    assert _attention({"vision": "eager", "text": "sdpa"}) == "sdpa (text), eager (vision)"
    assert _attention("sdpa") == "sdpa"

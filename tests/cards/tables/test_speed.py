from __future__ import annotations

from pathlib import Path

from hubq.cards.family import Family
from hubq.cards.gathering import card_facts
from hubq.cards.rendering import render_card
from hubq.cards.tables.rounds import attention_text
from tests.cards.factory import Factory
from tests.cards.reading import cell_text
from tests.cards.tables.reading import cells


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


def test_rows_say_how_many_gpus_they_ran_on(family: Family, gappy: Family) -> None:
    assert {row.gpus.shown for row in card_facts(family, "AWQ").speed.rows if row.gpus} == {"0"}
    found = {row.variant: row.gpus for row in card_facts(gappy, "GPTQ-Int4").speed.rows}
    assert [name for name, gpus in found.items() if gpus is None] == ["GPTQ-Int8", "AWQ"]


def test_the_table_has_the_columns_that_people_know(
    family: Family, templates: tuple[Path, ...]
) -> None:
    text = render_card(family, "AWQ", templates, charts=False)["README.md"].decode()
    table = text.partition("### Speed\n")[2].partition("Plain transformers")[0]
    rows = cells(table)
    assert rows[0] == [
        "Model",
        "Input length",
        "Quantization",
        "GPU num",
        "Speed (tokens/s)",
        "Relative to BF16",
        "Peak memory (MB)",
    ]
    assert rows[1] == ["nano-qwen2-vl", "text: 64", "BF16", "0", "212.40", "–", "520.44"]
    assert rows[5][:3] == ["", "image: 1 image + 32", "BF16"]


def test_nothing_measured_is_a_table_of_gaps(tmp_path: Path) -> None:
    factory = Factory(tmp_path)
    factory.quantize("AWQ")
    facts = card_facts(factory.family(), "AWQ")
    assert {cell_text(row.speed) for row in facts.speed.rows} == {"pending¹"}
    assert facts.speed.method is None


def test_parts_of_a_model_may_have_different_attention() -> None:
    assert attention_text({"text": "sdpa", "vision": "sdpa"}) == "sdpa"
    assert attention_text({"vision": "eager", "text": "sdpa"}) == "sdpa (text), eager (vision)"
    assert attention_text("sdpa") == "sdpa"

"""Tests of what published numbers decide: hubq.cards.published.telling, decisions, spreads."""

from __future__ import annotations

from hubq.cards.published.decisions import Decision
from hubq.cards.published.facts import BlockFacts, PublishedFacts
from hubq.cards.tables.margins import MarginRow
from hubq.model.marks import plain
from tests.cards.published.reports import facts_of, known, source_of
from tests.cards.reading import cell_text, texts

SMALL, SEVEN = "Qwen2-VL-2B-Instruct", "Qwen2-VL-7B-Instruct"


def qwen() -> PublishedFacts:
    return known("qwen2-vl.md")


def block(title: str) -> BlockFacts:
    return next(one for one in qwen().sheets[0].blocks if one.title == title)


def decided(title: str) -> Decision:
    return next(one for _, one in qwen().decisions if one.title == title)


def margins(title: str) -> dict[str, MarginRow]:
    (table,) = block(title).margins
    return {row.task: row for row in table.rows}


def test_margins_between_the_4_bit_variants_are_those_of_the_article() -> None:
    rows = margins(SMALL)
    assert [(row.task, row.ahead) for row in rows.values()] == [
        ("MMMU_VAL", "AWQ"),
        ("DocVQA_VAL", "GPTQ-Int4"),
        ("MMBench_DEV_EN", "AWQ"),
        ("MathVista_MINI", "GPTQ-Int4"),
    ]
    shown = [row.margin.shown for row in rows.values() if row.margin]
    assert shown == ["−2.11", "+0.25", "−0.77", "+1.79"]


def test_no_margin_of_the_article_is_decided() -> None:
    rows = margins(SMALL)
    assert {row.leader for row in rows.values()} == {"open"}
    assert plain(rows["MMMU_VAL"].note) == (
        "more than chance only if fewer than 10.4 % of the answers changed"
    )
    assert plain(rows["DocVQA_VAL"].note) == "nothing: ANLS gives parts of a point"


def test_ranges_and_relative_losses_are_those_of_the_article() -> None:
    spreads = block(SMALL).spreads
    ranges = {row.task: (row.lowest, row.highest, row.range.shown) for row in spreads.rows}
    assert ranges["MathVista_MINI"] == ("AWQ", "GPTQ-Int8", "4.70")
    assert ranges["DocVQA_VAL"] == ("AWQ", "BF16", "1.38")
    assert "DocVQA_VAL 1.32" in texts(spreads.own)
    losses = block(SMALL).losses
    assert losses is not None
    column = losses.tasks.index("MathVista_MINI")
    found = {row.variant: cell_text(row.cells[column]) for row in losses.rows}
    assert (found["AWQ"], found["GPTQ-Int4"]) == ("−10.1", "−6.1")


def test_half_a_point_is_no_rule_but_a_range_over_discordance() -> None:
    table = block(SMALL).known
    assert table is not None
    column = table.heads.index("MMMU_VAL")
    rows = {plain(row.cells[0]): plain(row.cells[column]) for row in table.rows}
    detectable = [value for name, value in rows.items() if name.startswith("Detectable")]
    assert detectable == ["2.1", "3.0", "4.2"]
    anls = table.heads.index("DocVQA_VAL")
    assert {plain(row.cells[anls]) for row in table.rows} == {"cannot be recovered", "5,349"}


def test_only_what_survives_many_changed_answers_is_decided() -> None:
    found = decided(SMALL)
    avoid = {choice.variant: plain(choice.avoid) for choice in found.choices}
    assert avoid == {
        "GPTQ-Int8": "",
        "GPTQ-Int4": "",
        "AWQ": "MathVista_MINI matters (−4.50 points)",
    }
    said = texts(found.sentences)
    assert any("AWQ is below BF16 by more than chance" in s and "52.7 %" in s for s in said)
    assert any("(−2.66 points) if fewer than 16.6 %" in sentence for sentence in said)


def test_the_pair_of_the_same_bits_is_not_separated() -> None:
    (said,) = texts(decided(SMALL).pairs)
    assert said.startswith("These numbers cannot separate GPTQ-Int4 from AWQ on MMMU_VAL")


def test_gains_over_the_baseline_are_flagged() -> None:
    said = " ".join(texts(decided(SEVEN).gains))
    assert "GPTQ-Int4 reads 2.10 points above BF16 on MathVista_MINI" in said
    assert "fewer than 11.5 %" in said
    assert "GPTQ-Int8 reads 0.60 points above BF16 on MMBench_DEV_EN" in said


def test_memory_in_the_matrix_is_from_the_speed_table_of_the_same_model() -> None:
    when = {choice.variant: plain(choice.when) for choice in decided(SMALL).choices}
    assert when["AWQ"] == (
        "memory is short (GPU Memory(GB): 2.88 instead of 4.68 at 1 and "
        "29.84 instead of 31.64 at 30720)"
    )


def test_nothing_is_told_where_the_number_of_questions_is_not_known() -> None:
    facts = known("vlmq.md")
    assert facts.decisions == ()
    (said,) = texts(facts.untold)
    assert said.startswith("Nothing can be told of table 2, Qwen2.5-VL-7B-Instruct-INT3")
    assert "how many questions it is over is not known. Import the table again with" in said


def test_a_row_that_the_page_calls_suspect_decides_nothing() -> None:
    page = (
        "| V | GSM8K | Δ |\n|---|---|---|\n| FP16 | 0.460 | — |\n"
        "| Int8 | 0.050 | (suspect) |\n| Int4 | 0.040 | −0.420 |\n"
    )
    ((_, found),) = facts_of(source_of(page, sizes={"GSM8K": 200})).decisions
    avoid = {choice.variant: plain(choice.avoid) for choice in found.choices}
    assert avoid == {"Int8": "", "Int4": "GSM8K matters (−42.0 points)"}


def test_a_subset_has_its_standard_error_at_its_score() -> None:
    facts = known("qwen3.md", {"GSM8K (strict)": 200})
    table = facts.sheets[0].blocks[0].known
    assert table is not None
    rows = {plain(row.cells[0]): plain(row.cells[1]) for row in table.rows}
    assert rows["FP16 baseline"].endswith("(SE\N{NO-BREAK SPACE}3.5)")
    assert rows["Int8 sq α=0.8"].endswith("(SE\N{NO-BREAK SPACE}1.5)")


def test_a_score_that_was_cut_is_named_with_its_count() -> None:
    assert "GPTQ-Int4 on MathVista_MINI (41.69 for 417 of 1,000)" in texts(block(SMALL).cuts)

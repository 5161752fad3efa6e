"""Tests of hubq.cards.published.findings and averages."""

from __future__ import annotations

import pytest

from hubq.cards.published.averages import averages
from hubq.cards.published.sheets import sheets_of
from hubq.model.marks import plain
from tests.cards.published.reports import QWEN3_SIZES, facts_of, kept, known, source_of
from tests.rows import each_row


def found(page: str) -> list[tuple[str, str, str]]:
    facts = facts_of(source_of(page))
    return [(one.where, plain(one.printed), plain(one.right)) for one in facts.findings]


def test_the_seven_wrong_means_of_a_paper_are_found_and_no_other() -> None:
    facts = known("vlmq.md")
    assert [(one.sheet, plain(one.printed), plain(one.right)) for one in facts.findings] == [
        (4, "74.20", "66.77"),
        (4, "73.68", "66.71"),
        (4, "74.31", "66.75"),
        (4, "63.46", "55.18"),
        (4, "10.96", "11.30"),
        (4, "9.17", "8.44"),
        (4, "14.86", "14.11"),
    ]


def test_every_other_mean_of_that_paper_agrees() -> None:
    blocks = [block for sheet in sheets_of((kept("vlmq.md"),))[:3] for block in sheet.blocks]
    every = [one for block in blocks for one in averages(block)]
    assert len(every) == 26
    assert all(one.agrees for one in every)


def test_a_ranking_that_wrong_means_turned_is_named() -> None:
    (said,) = known("vlmq.md").turned
    assert "VLMQ (74.31) before GPTQ (74.20)" in plain(said)
    assert "GPTQ (66.77) before VLMQ (66.75)" in plain(said)


def test_recoveries_agree_and_the_means_above_them_do_not() -> None:
    facts = known("red-hat.html")
    assert [(plain(one.printed), plain(one.right)) for one in facts.findings] == [
        ("75.95", "75.55"),
        ("74.79", "74.39"),
    ]


def test_scores_that_no_count_gives_are_found() -> None:
    facts = known("qwen3.md", QWEN3_SIZES)
    assert [one.where for one in facts.findings][:3] == [
        "HellaSwag (acc)",
        "HellaSwag (acc_norm)",
        "MMLU (acc)",
    ]
    assert plain(facts.findings[0].printed) == "0.416, 0.346, 0.348, 0.378"


@each_row(
    ("printed", "right"),
    [("98.29%", None), ("98.28%", None), ("98.39%", "98.29%"), ("0.983", None), ("0.97", "0.98")],
)
def test_a_recovery_is_checked_to_its_digits(printed: str, right: str | None) -> None:
    page = (
        "| Benchmark | Llama | Llama-w4a16 | Recovery |\n|---|---|---|---|\n"
        f"| ChartQA | 52.00 | 51.11 | {printed} |\n| VQAv2 | 50.00 | 50.00 | 100% |\n"
    )
    assert [one[2] for one in found(page)] == ([] if right is None else [right])


@each_row(
    ("printed", "right"), [("−2.66", []), ("-2.6", []), ("−2.76", ["−2.66"]), ("+2.66", ["−2.66"])]
)
def test_a_difference_in_brackets_is_checked(printed: str, right: list[str]) -> None:
    page = f"| V | MMMU_VAL |\n|---|---|\n| BF16 | 41.88 |\n| GPTQ-Int4 | 39.22 ({printed}) |\n"
    assert [one[2] for one in found(page)] == right


def test_a_gap_column_is_checked_against_the_columns_that_it_names() -> None:
    page = (
        "| Task | FP16 | sq-ph (FQ) | sq (FQ) | sq-ph − sq |\n|---|---|---|---|---|\n"
        "| GSM8K | 0.460 | 0.330 | 0.055 | +0.275 |\n"
        "| HellaSwag | 0.432 | 0.426 | 0.364 | +0.092 |\n"
    )
    assert found(page) == [("sq-ph − sq, HellaSwag", "+0.092", "+0.062")]


def test_a_difference_in_points_of_fractions_is_understood() -> None:
    page = (
        "| V | ChartQA | VQAv2 | Δ vs float |\n|---|---|---|---|\n"
        "| Float | 0.40 | 0.4291 | — |\n| Int8 | 0.39 | 0.3739 | −5.5 pts |\n"
        "| Int4 | 0.38 | 0.3639 | −5.5 pts |\n"
    )
    assert found(page) == [("Int4, Δ vs float", "−5.5pts", "−6.5pts")]


def test_an_overall_that_is_no_mean_of_the_columns_is_left_alone() -> None:
    page = (
        "| V | ChartQA | VQAv2 | Overall |\n|---|---|---|---|\n"
        "| BF16 | 70.0 | 60.0 | 61.2 |\n| Int8 | 69.0 | 59.0 | 60.2 |\n"
    )
    assert found(page) == []


@pytest.mark.parametrize(
    ("printed", "right"), [("3.02× slower", []), ("0.33×", []), ("3.1× slower", ["3.0× slower"])]
)
def test_a_ratio_is_checked_against_the_times_beside_it(printed: str, right: list[str]) -> None:
    page = (
        "| Run | Overall | ms / item | Speed vs FQ |\n|---|---|---|---|\n"
        f"| fake | 0.39 | 9 140 | 1.00× |\n| real | 0.38 | 27 600 | {printed} |\n"
    )
    assert [one[2] for one in found(page)] == right


def test_it_is_said_how_many_numbers_were_checked() -> None:
    assert known("vlmq.md").checked.shown == "33"
    assert known("qwen3.md", QWEN3_SIZES).checked.shown == "17"
    assert known("speed-ups.md").checked.shown == "0"

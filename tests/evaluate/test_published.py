"""Tests of hubq.evaluate.published, on excerpts of tables that were really published."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubq.errors import BadInput
from hubq.evaluate.formats.sides import tasks_in
from hubq.evaluate.published import PublishedMeasure, PublishedTable, tables_of

# README of QwenLM/Qwen2-VL, performance of the quantized models.
QWEN = """
### Performance of Quantized Models

| Model Size | Quantization | MMMU_VAL | DocVQA_VAL | MMBench_DEV_EN | MathVista_MINI |
| --- | --- | --- | --- | --- | --- |
| Qwen2-VL-2B-Instruct | BF16<br><sup>([link](https://x.y))</sup> | 41.88 | 88.34 | 72.07 | 44.40 |
| | GPTQ-Int8 | 41.55 | 88.28 | 71.99 | 44.60 |
| | GPTQ-Int4 | 39.22 | 87.21 | 70.87 | 41.69 |
| | AWQ | 41.33 | 86.96 | 71.64 | 39.90 |
"""
# The same README, speed.
SPEED = """
| Model | Input Length | Quantization | GPU Num | Speed(tokens/s) | GPU Memory(GB) |
| --- | --- | --- | --- | --- | --- |
| Qwen2-VL-2B-Instruct | 1 | BF16 | 1 | 35.29 | 4.68 |
| | | GPTQ-Int8 | 1 | 28.59 | 3.55 |
| | 6144 | BF16 | 1 | 36.58 | 10.01 |
| | | GPTQ-Int8 | 1 | 29.53 | 8.87 |
"""
# arXiv:2508.03351, appendix: two groups, a column name that stands twice, no line under the head.
VLMQ = """
| Method | Chart | Doc | MME | MME | OCR | SciQA | Seed | Text | Avg |
| Qwen2.5-VL-32B-Instruct-INT3 | |||||||||
| GPTQ | 43.88 | 88.26 | 51.77 | 47.76 | 76.50 | 87.22 | 64.87 | 73.88 | 74.20 |
| LLaVA-OneVision-0.5B-INT3 | |||||||||
| VLMQ‡ | 8.04 | 16.40 | 20.42 | 15.08 | 29.20 | 7.90 | 3.03 | 12.77 | 14.86 |
| Method | Chart | Doc | MME | MME | OCR | SciQA | Seed | Text | Avg |
| GPTQ | 9.32 | 9.35 | 13.40 | 21.63 | 21.70 | 10.09 | 0.57 | 4.34 | 10.96 |
"""
# The same paper: a label that spanned rows is gone, and the rows have slipped to the left.
SLIPPED = """
| Bit | Calib Data | Bias Layer | Acc |
| LLaVA-OneVision-7B | |||
| FP | - | - | 71.42 |
| INT3 | WikiText | None | 65.01 |
| COCO | None | 65.25 | |
| COCO | Q/K/V Proj | 64.73 | |
"""
# Two rows of headings, of which the second slipped as well.
HOURS = """
| Model Size | GPU Hours | ||
| GPTQ | GPTAQ | VLMQ | |
| 2B | 0.05 | 0.07 | 0.09 |
| 7B | 0.08 | 0.18 | 0.21 |
"""
# A page on Qwen3-0.6B: two metrics in a cell, footnotes that fell to the line.
QWEN3 = """
| Recipe | GSM8K (strict) | HellaSwag (acc / acc_norm) | MMLU (acc) |
|---|---|---|---|
| FP16 baseline | 0.460 | 0.416 / 0.432 | 0.367 |
| FQ sq-ph α=0.65 | 0.330 | 0.378 / 0.426 | OOM1 |
| Int8 sq-ph α=0.65 | 0.340 | running² | running<sup>2</sup> |
"""
TRANSPOSED = """
| Task | FP16 | sq-ph (FQ) | sq-ph − sq |
|---|---|---|---|
| GSM8K (strict) | 0.460 | 0.330 | +0.275 |
| HellaSwag (acc_norm) | 0.432 | 0.426 | +0.062 |
"""
RECOVERY = """
| Benchmark | Meta-Llama-3.1-8B-Instruct | FP8 (this model) | Recovery |
|---|---|---|---|
| MMLU (5-shot) | 67.95 | 67.97 | 100.0% |
"""


def only(page: str, **how: object) -> PublishedTable:
    (table,) = tables_of(page, "page.md", **how)  # type: ignore[arg-type]
    return table


def cell(table: PublishedTable, variant: str, task: str, group: str = "") -> PublishedMeasure:
    (found,) = [
        one
        for one in table.measures
        if (one.variant, one.task) == (variant, task) and group in one.group
    ]
    return found


def test_labels_that_stand_once_hold_for_the_rows_below() -> None:
    table = only(QWEN)
    assert table.heading == "Performance of Quantized Models"
    assert table.line == 4
    assert len(table.measures) == 16
    found = cell(table, "Qwen2-VL-2B-Instruct / AWQ", "MathVista_MINI")
    assert (found.value, found.shown, found.scale, found.fraction) == (
        39.9,
        "39.90",
        "percent",
        0.399,
    )


def test_scores_over_known_questions_get_their_interval() -> None:
    table = only(QWEN)
    mmmu = cell(table, "Qwen2-VL-2B-Instruct / GPTQ-Int4", "MMMU_VAL").certainty
    assert mmmu is not None
    assert (mmmu.n, mmmu.counts) == (900, (353,))
    assert mmmu.detectable[0][1] == pytest.approx(0.0209, abs=1e-4)
    anls = cell(table, "Qwen2-VL-2B-Instruct / AWQ", "DocVQA_VAL").certainty
    assert anls is not None
    assert anls.said.startswith("cannot be recovered")


def test_every_count_of_the_published_table_is_recovered() -> None:
    counts = {
        (one.variant.rpartition("/ ")[2].partition(" ")[0], one.task): one.certainty.counts[0]
        for one in only(QWEN).measures
        if one.certainty and one.certainty.counts
    }
    variants = ("BF16", "GPTQ-Int8", "GPTQ-Int4", "AWQ")
    assert [counts[name, "MMMU_VAL"] for name in variants] == [377, 374, 353, 372]
    assert [counts[name, "MMBench_DEV_EN"] for name in variants] == [839, 838, 825, 834]
    assert [counts[name, "MathVista_MINI"] for name in variants] == [444, 446, 417, 399]


def test_a_difference_to_the_baseline_says_what_it_can_tell() -> None:
    table = only(QWEN, baseline="BF16")
    awq = cell(table, "Qwen2-VL-2B-Instruct / AWQ", "MathVista_MINI").certainty
    int8 = cell(table, "Qwen2-VL-2B-Instruct / GPTQ-Int8", "MathVista_MINI").certainty
    assert awq is not None
    assert int8 is not None
    assert awq.told == "more than chance only if fewer than 52.7 % of the items changed"
    assert int8.told.startswith("too small")


def test_numbers_that_repeat_between_names_are_names() -> None:
    table = only(SPEED)
    found = cell(table, "Qwen2-VL-2B-Instruct / 6144 / GPTQ-Int8", "Speed(tokens/s)")
    assert (found.value, found.scale, found.certainty) == (29.53, "raw", None)


def test_a_row_with_one_text_names_a_group() -> None:
    table = only(VLMQ)
    assert cell(table, "GPTQ", "Chart", "32B").value == 43.88
    assert cell(table, "GPTQ", "MME (2)", "0.5B").value == 21.63
    assert cell(table, "VLMQ‡", "Avg").scale == "percent"
    assert len(table.measures) == 27


def test_rows_that_slipped_to_the_left_are_put_back() -> None:
    table = only(SLIPPED)
    assert cell(table, "INT3 / COCO / Q/K/V Proj", "Acc").value == 64.73
    assert cell(table, "INT3 / WikiText / None", "Acc").value == 65.01
    assert table.remarks[0] == "row 5 was moved 1 to the right"


def test_two_rows_of_headings_are_joined() -> None:
    table = only(HOURS)
    assert cell(table, "7B", "GPU Hours / GPTAQ").value == 0.18
    assert cell(table, "2B", "GPU Hours / GPTQ").value == 0.05


def test_two_metrics_in_a_cell_are_two_measures() -> None:
    table = only(QWEN3)
    assert cell(table, "FP16 baseline", "HellaSwag (acc)").value == 0.416
    assert cell(table, "FP16 baseline", "HellaSwag (acc_norm)").value == 0.432
    assert cell(table, "FP16 baseline", "HellaSwag (acc)").scale == "fraction"


def test_missing_numbers_keep_their_reason_and_footnote() -> None:
    table = only(QWEN3)
    oom = cell(table, "FQ sq-ph α=0.65", "MMLU (acc)")
    assert (oom.state, oom.marks, oom.value, oom.certainty) == ("oom", ("1",), None, None)
    for task in ("HellaSwag (acc)", "HellaSwag (acc_norm)", "MMLU (acc)"):
        running = cell(table, "Int8 sq-ph α=0.65", task)
        assert (running.state, running.marks) == ("running", ("2",))


def test_a_subset_is_told_by_the_user() -> None:
    table = only(QWEN3, sizes={"GSM8K": 200})
    found = cell(table, "FP16 baseline", "GSM8K (strict)").certainty
    assert found is not None
    assert (found.n, found.counts, found.said) == (200, (92,), "given by --n")


def test_tasks_may_stand_in_the_rows() -> None:
    table = only(TRANSPOSED)
    assert table.tasks_in == "rows"
    assert cell(table, "sq-ph (FQ)", "GSM8K (strict)").value == 0.33
    gap = cell(table, "sq-ph − sq", "GSM8K (strict)")
    assert (gap.value, gap.scale, gap.certainty) == (0.275, "raw", None)
    assert tasks_in(["BF16", "AWQ"], ["MMMU", "DocVQA"]) == "columns"


def test_a_recovery_is_no_score() -> None:
    table = only(RECOVERY)
    assert cell(table, "Recovery", "MMLU (5-shot)").certainty is None
    score = cell(table, "FP8 (this model)", "MMLU (5-shot)").certainty
    assert score is not None
    assert score.n == 14042


def test_columns_can_be_chosen_and_named() -> None:
    table = only(QWEN, columns={"mmmu_val": "MMMU_VAL", "MathVista_MINI": "maths"})
    assert {one.task for one in table.measures} == {"MMMU_VAL", "maths"}
    with pytest.raises(BadInput, match="no column GSM8K"):
        only(QWEN, columns={"GSM8K": "GSM8K"})


def test_one_of_several_tables_can_be_chosen() -> None:
    page = QWEN + SPEED
    assert [table.number for table in tables_of(page, "page.md")] == [1, 2]
    assert only(page, number=2).number == 2
    with pytest.raises(BadInput, match="no table 3; it has 2"):
        only(page, number=3)


def test_a_page_without_numbers_is_refused() -> None:
    with pytest.raises(BadInput, match="no numbers in 1 tables"):
        only("| A |\n|---|\n| yes |\n")


CELLS = [
    "",
    "-",
    "41.2",
    "0.43",
    "GPTQ",
    "BF16",
    "OOM1",
    "41.2 (−0.3)",
    "0.4 / 0.5",
    "0.5/-",
    "150%",
]
CELLS += ["MMMU_VAL", "Recovery", "1e9", "-5", "12,3", "<0.1", "nan", "running²", "Avg", "9 140"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from(CELLS), min_size=1, max_size=5), min_size=1, max_size=6))
def test_any_table_is_read_or_refused(rows: list[list[str]]) -> None:
    page = "\n".join(f"|{'|'.join(row)}|" for row in rows)
    with contextlib.suppress(BadInput):
        for table in tables_of(page, "page.md", baseline="BF16"):
            for one in table.measures:
                assert (one.state == "measured") == (one.value is not None)
                assert one.certainty is None or one.fraction is not None


def test_labels_stand_by_themselves_with_their_headings() -> None:
    table = only(SPEED)
    assert table.heads == ("Model", "Input Length", "Quantization")
    assert table.measures[-1].labels == ("Qwen2-VL-2B-Instruct", "6144", "GPTQ-Int8")


def test_every_cell_is_kept_as_it_is_put_right() -> None:
    table = only(SLIPPED)
    assert table.body == 1
    assert table.lines[0] == ("Bit", "Calib Data", "Bias Layer", "Acc")
    assert table.lines[4] == ("", "COCO", "None", "65.25")
    places = {(one.row, one.column): one.shown for one in table.measures}
    assert all(table.lines[row][column] == shown for (row, column), shown in places.items())


def test_a_score_says_whether_it_is_a_count() -> None:
    known = {one.task: one.certainty for one in only(QWEN).measures}
    assert known["MMMU_VAL"] is not None
    assert known["DocVQA_VAL"] is not None
    assert (known["MMMU_VAL"].what, known["DocVQA_VAL"].what) == ("count", "mean")

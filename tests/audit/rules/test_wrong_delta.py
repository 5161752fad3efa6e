from __future__ import annotations

import pytest

from hubq.audit.rules.wrong_delta import RULE
from tests.audit.cases import case, findings

BRACKETS = """\
| Variant | MMMU | DocVQA | MathVista |
|---|---|---|---|
| BF16 | 41.88 | 88.34 | 44.40 |
| GPTQ-Int4 | 39.22 (−2.66) | 87.21 (−1.13) | 41.69 (−2.71) |
| AWQ | 41.33 (−0.55) | 86.96 (−1.38) | 39.90 ({}) |
"""
COLUMN = """\
| Variant | MMMU | Δ vs BF16 |
|---|---|---|
| BF16 | 41.88 | — |
| GPTQ-Int8 | 41.55 | {} |
| GPTQ-Int4 | 39.22 | {} |
| AWQ | 41.33 | {} |
"""


def test_a_difference_in_brackets_is_found() -> None:
    (found,) = findings(RULE, case(BRACKETS.format("−4.05")))
    assert (found.severity, found.line) == ("error", 5)
    assert "-4.50" in found.found
    assert "39.90" in found.said


def test_right_differences_in_brackets_are_left_alone() -> None:
    assert not findings(RULE, case(BRACKETS.format("−4.50")))


def test_a_sign_that_was_lost_is_found() -> None:
    (found,) = findings(RULE, case(COLUMN.format("-0.33", "2.66", "-0.55")))
    assert (found.said, found.line) == ("2.66", 5)
    assert "-2.66" in found.found


@pytest.mark.parametrize(
    "cells", [("-0.33", "-2.66", "-0.55"), ("0.33", "2.66", "0.55"), ("+0.33", "+2.66", "+0.55")]
)
def test_differences_may_be_printed_either_way_round(cells: tuple[str, str, str]) -> None:
    assert not findings(RULE, case(COLUMN.format(*cells)))


def test_differences_in_percent_may_be_relative() -> None:
    assert not findings(RULE, case(COLUMN.format("-0.8%", "-6.4%", "-1.3%")))


def test_a_difference_of_two_lines_is_checked() -> None:
    card = (
        "| Task | FP16 | sq-ph INT8 | sq INT8 | sq-ph INT8 − sq INT8 |\n|---|---|---|---|---|\n"
        "| GSM8K | 0.460 | 0.330 | 0.055 | +0.275 |\n"
        "| HellaSwag | 0.432 | 0.426 | 0.364 | +0.072 |\n"
        "| IFEval | 0.225 | 0.250 | 0.160 | +0.090 |\n"
    )
    (found,) = findings(RULE, case(card))
    assert found.said == "+0.072"
    assert "+0.062" in found.found


def test_a_benchmark_called_drop_is_no_difference() -> None:
    card = (
        "| Task | Model A | Model B |\n|---|---|---|\n| MMLU | 66.6 | 45.7 |\n"
        "| DROP (3-shot, F1) | 58.4 | 37.9 |\n"
    )
    assert not findings(RULE, case(card))

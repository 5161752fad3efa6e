from __future__ import annotations

from hubq.audit.rules.reversed_ranking import RULE
from tests.audit.cases import case, findings
from tests.audit.scorecards import AVERAGES, RECOVERY


def test_averages_in_the_wrong_order_are_found() -> None:
    (found,) = findings(RULE, case(AVERAGES))
    assert "VLMQ (74.31) is printed before GPTQ (74.20)" in found.found
    assert "66.75 and 66.77" in found.found
    assert (found.line, found.severity) == (8, "warning")


def test_right_averages_rank_as_they_do() -> None:
    assert not findings(RULE, case(RECOVERY))


def test_an_order_that_rounding_explains_is_left_alone() -> None:
    card = (
        "| Method | MMLU | GSM8K | Avg |\n|---|---|---|---|\n| BF16 | 70.0 | 80.0 | 75.0 |\n"
        "| AWQ | 60.2 | 70.2 | 65.2 |\n| GPTQ | 60.2 | 70.3 | 65.1 |\n"
    )
    assert not findings(RULE, case(card))

from __future__ import annotations

from hubq.audit.rules.cut_score import RULE
from tests.audit.cases import case, findings
from tests.audit.scorecards import LARGER, SCORES


def test_cut_scores_are_found_with_their_counts_and_true_differences() -> None:
    (found,) = findings(RULE, case(SCORES))
    assert found.severity == "info"
    assert found.said == "41.88, 41.55, 72.07, 70.87, 71.64, 41.69"
    assert "41.69 for 417 of 1000, which is 41.70" in found.found
    assert "(to BF16 the difference is -2.70, not -2.71)" in found.found


def test_a_table_of_both_kinds_says_so() -> None:
    larger, smaller = findings(RULE, case(LARGER))
    assert (larger.said, larger.line) == ("70.19", 7)
    assert "70.19 for 702 of 1000, which is 70.20" in larger.found
    assert "64.56 (GPTQ-Int8, MMMU)" in larger.found
    assert smaller.said == "53.77, 52.55, 53.66, 81.78, 82.38, 81.61"


def test_rounded_scores_are_left_alone() -> None:
    card = "| Model | MMMU_VAL |\n|---|---|\n| BF16 | 41.89 |\n| AWQ | 41.33 |\n"
    assert not findings(RULE, case(card))


def test_a_benchmark_of_unknown_split_is_left_alone() -> None:
    assert not findings(
        RULE, case("| Model | MMMU |\n|---|---|\n| BF16 | 41.88 |\n| AWQ | 41.55 |\n")
    )

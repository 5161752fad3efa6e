from __future__ import annotations

from hubq.audit.rules.doubled_column import RULE
from tests.audit.cases import case, findings
from tests.audit.scorecards import LARGER, SCORES, SPEEDS

HEAD = "| Model | MMMU | MMBench |\n|---|---|---|\n"


def test_a_copied_column_is_found() -> None:
    rows = "| BF16 | 41.88 | 41.88 |\n| GPTQ | 39.22 | 39.22 |\n| AWQ | 41.33 | 41.33 |\n"
    (found,) = findings(RULE, case(HEAD + rows))
    assert found.severity == "warning"
    assert "MMMU and MMBench hold the same 3 numbers" in found.found


def test_a_column_that_differs_in_one_number_is_left_alone() -> None:
    rows = "| BF16 | 41.88 | 41.88 |\n| GPTQ | 39.22 | 39.22 |\n| AWQ | 41.33 | 41.34 |\n"
    assert not findings(RULE, case(HEAD + rows))


def test_few_or_round_numbers_may_be_the_same() -> None:
    assert not findings(RULE, case(HEAD + "| BF16 | 41.88 | 41.88 |\n| AWQ | 41.33 | 41.33 |\n"))
    rows = "| BF16 | 41 | 41 |\n| GPTQ | 39 | 39 |\n| AWQ | 40 | 40 |\n"
    assert not findings(RULE, case(HEAD + rows))


def test_true_tables_are_left_alone() -> None:
    for card in (SCORES, LARGER, SPEEDS):
        assert not findings(RULE, case(card))

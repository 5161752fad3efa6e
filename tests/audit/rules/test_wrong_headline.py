from __future__ import annotations

import pytest

from hubq.audit.rules.wrong_headline import RULE
from tests.audit.cases import case, findings
from tests.audit.scorecards import RECOVERY, SCORES, with_changes
from tests.rows import each_row


@pytest.mark.parametrize(
    ("old", "new"), [("of 68.22 on", "of 98.22 on"), ("achieves 68.71.", "achieves 69.71.")]
)
def test_an_average_that_the_table_does_not_have_is_found(old: str, new: str) -> None:
    (found,) = findings(RULE, with_changes(RECOVERY, (old, new)))
    assert (found.severity, found.line) == ("warning", 3)
    assert "68.22, 68.71" in found.found


def test_a_headline_with_the_tables_numbers_is_left_alone() -> None:
    assert not findings(RULE, case(RECOVERY))


def test_a_score_beside_its_benchmark_is_found() -> None:
    text = "MathVista falls from 44.40 with BF16 to 41.96 with GPTQ-Int4."
    (found,) = findings(RULE, case(f"{SCORES}\n{text}\n"))
    assert "the text says 41.96" in found.found
    assert found.line == 12


@each_row(
    "text",
    [
        "MathVista falls from 44.40 with BF16 to 41.69 with GPTQ-Int4, by 2.71 points (6.1%).",
        "MathVista falls from 44.40 to 41.69 and MMMU from 41.88 to 39.22.",
        "The paper's MathVista score is 47.80, and ours is 44.40.",
        "MathVista is 44.40 here and about 43.00 elsewhere.",
        "Version 2.19 scores 44.40 on the benchmark.",
    ],
)
def test_true_and_other_sentences_are_left_alone(text: str) -> None:
    assert not findings(RULE, case(f"{SCORES}\n{text}\n"))


def test_a_recovery_in_the_text_is_held_against_the_table() -> None:
    text = "This model has 95.1% recovery."
    (found,) = findings(RULE, case(f"{RECOVERY}\n{text}\n"))
    assert (found.severity, "95.1%" in found.found) == ("info", True)
    assert not findings(RULE, case(f"{RECOVERY}\nThis model has 99.28% recovery.\n"))
    assert not findings(RULE, case(f"{RECOVERY}\nThis model has over 95.1% recovery.\n"))

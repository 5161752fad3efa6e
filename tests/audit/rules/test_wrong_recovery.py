from __future__ import annotations

from hubq.audit.rules.wrong_recovery import RULE
from tests.audit.cases import case, findings
from tests.audit.scorecards import RECOVERY, with_changes


def test_a_recovery_is_found() -> None:
    (found,) = findings(RULE, with_changes(RECOVERY, ("97.40%", "99.40%")))
    assert (found.severity, found.said) == ("error", "99.40%")
    assert "97.41%" in found.found


def test_right_recoveries_are_left_alone() -> None:
    assert not findings(RULE, case(RECOVERY))


def test_rounding_of_small_scores_is_allowed_for() -> None:
    card = (
        "| Task | Base | Base-INT4 | Recovery |\n|---|---|---|---|\n"
        "| GPQA | 3.7 | 4.0 | 109.8% |\n| MMLU | 60.0 | 59.0 | 98.3% |\n"
    )
    assert not findings(RULE, case(card))


def test_a_recovery_of_a_lone_row_needs_an_answer() -> None:
    card = (
        "| Task | Base | Base-INT4 | Recovery |\n|---|---|---|---|\n"
        "| MMLU | 60.0 | 54.0 | 98.0% |\n"
    )
    (found,) = findings(RULE, case(card))
    assert (found.severity, "90.0%" in found.found) == ("warning", True)


def test_recoveries_of_columns_that_are_not_shown_are_left_alone() -> None:
    card = (
        "| Task | Base | Base-INT4 | Recovery |\n|---|---|---|---|\n"
        "| MMLU | 60.0 | 59.0 | 98.3% |\n| GSM8K | 70.0 | - | 98.0% |\n"
    )
    assert not findings(RULE, case(card))

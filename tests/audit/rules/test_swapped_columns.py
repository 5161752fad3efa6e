from __future__ import annotations

from hubq.audit.rules.swapped_columns import RULE
from tests.audit.cases import case, findings
from tests.audit.scorecards import LARGER, SCORES, SPEEDS, with_changes


def test_two_cells_of_a_row_are_found() -> None:
    (found,) = findings(RULE, with_changes(SCORES, ("39.22 | 87.21", "87.21 | 39.22")))
    assert (found.severity, found.line, found.said) == ("warning", 9, "87.21")


def test_speed_and_memory_under_each_others_heading_are_found() -> None:
    card = with_changes(
        SPEEDS.replace("36.58", "34.58").replace("36.31", "33.31").replace("39.89", "39.01"),
        ("Speed (tokens/s) | GPU Memory (GB)", "GPU Memory (GB) | Speed (tokens/s)"),
    )
    rows = [line for line in card.document.lines if "Int8" not in line]
    (found,) = findings(RULE, case("\n".join(rows)))
    assert "changed places" in found.found


def test_true_tables_are_left_alone() -> None:
    for card in (SCORES, LARGER, SPEEDS):
        assert not findings(RULE, case(card))


def test_columns_that_lie_close_are_left_alone() -> None:
    card = (
        "| Model | MMLU | GSM8K |\n|---|---|---|\n| BF16 | 60.1 | 62.2 |\n| AWQ | 61.1 | 60.9 |\n"
        "| GPTQ | 59.9 | 61.4 |\n"
    )
    assert not findings(RULE, case(card))

from __future__ import annotations

from hubq.audit.rules.identical_rows import RULE
from tests.audit.cases import case, findings
from tests.audit.scorecards import LARGER, SCORES, SPEEDS, with_changes


def test_a_copied_row_is_found() -> None:
    row = "39.22 | 87.21 | 70.87 | 41.69"
    card = with_changes(SCORES, ("41.33 | 86.96 | 71.64 | 39.90", "A | B | C | D"))
    text = card.document.text.replace("A | B | C | D", row)
    (found,) = findings(RULE, case(text))
    assert (found.severity, found.line) == ("warning", 10)
    assert "GPTQ-Int4 and AWQ have the same 4 numbers" in found.found


def test_rows_that_differ_are_left_alone() -> None:
    for card in (SCORES, LARGER, SPEEDS):
        assert not findings(RULE, case(card))


def test_two_equal_numbers_are_no_copy() -> None:
    card = (
        "| Model | Speed (tokens/s) | GPU Memory (GB) |\n|---|---|---|\n"
        "| GPTQ-Int4 | 39.89 | 15.40 |\n| AWQ | 39.89 | 15.40 |\n"
    )
    assert not findings(RULE, case(card))


def test_whole_numbers_tell_rows_apart_when_they_are_long() -> None:
    head = "| Model | Prefill (tok/s) | Speed (tok/s) | GPU Memory (MB) |\n|---|---|---|---|\n"
    long = "| GPTQ-Int4 | 1,813 | 189.35 | 515.00 |\n| AWQ | 1,813 | 189.35 | 515.00 |\n"
    assert len(findings(RULE, case(head + long))) == 1
    assert not findings(RULE, case(head + long.replace("1,813", "128")))

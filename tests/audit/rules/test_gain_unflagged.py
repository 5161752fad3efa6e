from __future__ import annotations

import pytest

from hubq.audit.rules.gain_unflagged import RULE
from tests.audit.cases import case, findings
from tests.audit.scorecards import LARGER, RECOVERY, SCORES

IFEVAL = """\
| Recipe | IFEval (prompt-strict / inst-strict) |
|---|---|
| FP16 baseline | 0.225 / 0.349 |
| FQ sq-ph W8A8 | 0.250 / 0.368 |

{}
"""


def test_gains_of_a_block_are_one_finding_at_the_largest() -> None:
    larger, smaller = findings(RULE, case(LARGER))
    assert (larger.said, smaller.said) == ("87.03", "60.30")
    assert smaller.severity == "info"
    assert "60.30 against 58.20 (+2.10, more than chance only if fewer than 11.5%" in smaller.found
    assert "82.38 against 81.78 (+0.60" in smaller.found


def test_a_gain_that_the_text_names_is_left_alone() -> None:
    text = "GPTQ-Int8 is 0.20 higher on MathVista (44.60), within noise.\n"
    assert findings(RULE, case(SCORES))
    assert not findings(RULE, case(f"{SCORES}\n{text}"))


def test_one_gain_is_named_and_the_other_is_not() -> None:
    text = "inst-strict is 0.368, slightly above FP16, which is within the uncertainty."
    (found,) = findings(RULE, case(IFEVAL.format(text)))
    assert "0.250 against 0.225" in found.found
    assert "0.368" not in found.found


def test_recoveries_say_it_themselves() -> None:
    assert not findings(RULE, case(RECOVERY))


@pytest.mark.parametrize("row", ["AWQ†", "AWQ (suspect)"])
def test_a_row_with_a_note_is_left_alone(row: str) -> None:
    card = f"| Model | MMLU |\n|---|---|\n| BF16 | 60.1 |\n| {row} | 61.1 |\n\n† an older run\n"
    assert not findings(RULE, case(card))


def test_errors_that_fall_are_no_gains_and_those_that_rise_no_finding() -> None:
    card = "| Model | MMLU | WER↓ |\n|---|---|---|\n| BF16 | 60.1 | 5.1 |\n| AWQ | 60.0 | 5.6 |\n"
    assert not findings(RULE, case(card))


def test_other_models_beside_one_another_have_no_gains() -> None:
    card = "| Model | MMLU |\n|---|---|\n| Alpha-7B | 60.1 |\n| Beta-7B | 61.1 |\n"
    assert not findings(RULE, case(card))

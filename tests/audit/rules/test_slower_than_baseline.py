from __future__ import annotations

from hubq.audit.rules.slower_than_baseline import RULE
from tests.audit.cases import case, findings
from tests.audit.scorecards import SPEEDS


def test_a_slower_variant_is_found() -> None:
    (found,) = findings(RULE, case(SPEEDS))
    assert found.severity == "info"
    assert "GPTQ-Int8 at 1 28.59 against 35.29 (0.81×)" in found.found
    assert "GPTQ-Int4" not in found.found


def test_a_card_that_says_so_is_left_alone() -> None:
    text = "The Int8 model is slower than BF16 at small batches."
    assert not findings(RULE, case(f"{SPEEDS}\n{text}\n"))


def test_latencies_are_no_speeds() -> None:
    card = "| Model | Latency (s) |\n|---|---|\n| BF16 | 2.0 |\n| W4A16 | 1.1 |\n"
    assert not findings(RULE, case(card))


def test_a_faster_variant_is_left_alone() -> None:
    card = "| Model | Speed (tokens/s) |\n|---|---|\n| BF16 | 20.1 |\n| AWQ | 31.1 |\n"
    assert not findings(RULE, case(card))

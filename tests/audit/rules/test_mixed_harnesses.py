from __future__ import annotations

from hubq.audit.rules.mixed_harnesses import RULE
from tests.audit.cases import case, findings
from tests.audit.scorecards import SCORES


def test_variants_of_two_harnesses_are_found() -> None:
    card = (
        "| Model | DocVQA | MMMU |\n|---|---|---|\n| BF16 (VLMEvalKit) | 88.34 | 41.88 |\n"
        "| AWQ (lmms-eval) | 88.70 | 41.33 |\n"
    )
    (found,) = findings(RULE, case(card))
    assert found.severity == "info"
    assert "VLMEvalKit" in found.found
    assert "lmms-eval" in found.found


def test_a_baseline_taken_from_elsewhere_is_found() -> None:
    text = "The BF16 numbers are taken from the original card; ours are measured with lm-eval."
    (found,) = findings(RULE, case(f"{SCORES}\n{text}\n"))
    assert found.severity == "info"


def test_two_harnesses_for_two_kinds_of_benchmarks_are_fine() -> None:
    text = "Evaluated with mistral-evals for vision and lm-evaluation-harness for text."
    assert not findings(RULE, case(f"{SCORES}\n{text}\n"))


def test_one_harness_is_fine() -> None:
    card = (
        "| Model | DocVQA (VLMEvalKit) | MMMU (VLMEvalKit) |\n|---|---|---|\n| A | 88.3 | 41.8 |\n"
    )
    assert not findings(RULE, case(card))

from __future__ import annotations

from hubq.audit.rules.claim_not_carried import RULE
from tests.audit.cases import case, findings
from tests.rows import each_row

TABLE = """\
| Quantization | MMLU | GSM8K |
|---|---|---|
| BF16 | 64.6 | 60.1 |
| Int8 | 64.5 | 60.0 |
| Int4 | 63.3 | 59.8 |
"""


@each_row(
    "text",
    [
        "The quantized model does not suffer from significant performance degradation.",
        "Int4 quantization is lossless.",
        "The quantized models stay within 1% of the BF16 baseline.",
        "Int4 retains at least 99% of the accuracy on MMLU.",
        "Accuracy differences below 0.2 points are noise.",
        "On both benchmarks Int4 outperforms Int8.",
    ],
)
def test_a_claim_that_the_scores_speak_against_is_found(text: str) -> None:
    (found,) = findings(RULE, case(f"{text}\n\n{TABLE}"))
    assert (found.severity, found.line) == ("info", 1)


@each_row(
    "text",
    [
        "Int8 quantization is lossless.",
        "The quantized models stay within 3% of the BF16 baseline.",
        "Int4 retains at least 97% of the accuracy on MMLU.",
        "On multilingual tasks, Int4 quantization is lossless.",
        "Lossless compression of quantized weights is another matter.",
        "Int8 outperforms Int4.",
        "Quantizing linear layers introduces minimal loss of speed.",
    ],
)
def test_a_claim_that_they_carry_or_cannot_tell_is_left_alone(text: str) -> None:
    assert not findings(RULE, case(f"{text}\n\n{TABLE}"))

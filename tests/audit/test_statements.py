from __future__ import annotations

from hubq.audit.document import Document
from hubq.audit.statements import statements
from tests.audit.scorecards import RECOVERY, SCORES
from tests.rows import each_row

CASES = [
    ("GPTQ-Int8 is lossless.", "unknown"),
    ("On MathVista, GPTQ-Int8 is lossless.", "always"),
    ("AWQ is lossless.", "never"),
    ("GPTQ-Int4 has no significant accuracy loss.", "sometimes"),
    ("GPTQ-Int8 stays within 0.5 points of BF16.", "always"),
    ("All quantized variants stay within 2 points of BF16.", "never"),
    ("GPTQ-Int4 retains over 90% of the BF16 accuracy.", "always"),
    ("AWQ preserves over 95% of accuracy on MathVista.", "never"),
    ("Accuracy differences below 0.5 points are noise.", "never"),
    ("Accuracy differences below 2 points are noise.", "always"),
    ("AWQ outperforms GPTQ-Int4 on MMMU.", "unknown"),
    ("GPTQ-Int4 outperforms AWQ on MMMU.", "never"),
    ("GPTQ-Int4 trails AWQ on MMMU.", "unknown"),
    ("AWQ trails GPTQ-Int4 on MMMU.", "never"),
    ("AWQ is ahead of GPTQ-Int4 on every benchmark.", "never"),
]


@each_row(("text", "told"), CASES)
def test_a_sentence_is_held_against_the_scores(text: str, told: str) -> None:
    (found,) = statements(Document(f"{SCORES}\n{text}\n"))
    assert (found.told, found.text, found.line) == (told, text, 12)
    assert found.why


@each_row(
    "text",
    [
        "No loss was shown of AWQ on MMMU.",
        "On multilingual tasks, AWQ is lossless.",
        "AWQ speeds decoding up without any loss of speed elsewhere.",
        "This model outperforms all others.",
        "Quantized weights need less memory.",
    ],
)
def test_other_sentences_are_no_statements(text: str) -> None:
    assert not statements(Document(f"{SCORES}\n{text}\n"))


def test_recoveries_of_averages_are_held_to_averages() -> None:
    text = "The quantized model recovers at least 99% of the average score."
    (found,) = statements(Document(f"{RECOVERY}\n{text}\n"))
    assert found.told == "always"

from __future__ import annotations

from hubq.audit.rules.self_correction import RULE
from tests.audit.cases import case, findings
from tests.rows import each_row


@each_row(
    "text",
    [
        "Int4 keeps more than AWQ on Reading (70.87 vs 71.64 — wait, AWQ leads here), on Maths.",
        "Int4 is ahead, no wait, AWQ is.",
        "It is 4 % better. Actually, no, it is worse.",
        "The mean is 3.2; let me recalculate: 3.4.",
    ],
)
def test_a_sentence_that_takes_itself_back_is_found(text: str) -> None:
    (found,) = findings(RULE, case(f"# Tern\n\nFirst line.\n{text}\n"))
    assert (found.severity, found.line) == ("info", 4)


@each_row(
    "text",
    [
        "While you wait, read the card.",
        "Requests wait, in order, for a free slot.",
        "Downloads are large - wait for them.",
        "> Hmm, let me recalculate that, wait, 17.",
        "```\nthe answer is 3 — wait, 4\n```",
        'It answers "3 — wait, 4" to this.',
        "It prints `a - wait, b`.",
    ],
)
def test_other_waiting_is_left_alone(text: str) -> None:
    assert not findings(RULE, case(f"# Tern\n\n{text}\n"))

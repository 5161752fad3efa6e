"""Claims of the text that the card's own scores do not carry."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.rule import Rule, finding
from hubq.audit.statements import statements
from hubq.audit.subject import Subject
from hubq.model.finding import Finding


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each sentence on scores that the card's tables speak against."""
    for one in statements(subject.document):
        if one.told == "never":
            yield finding(
                subject,
                RULE.id,
                f"the card's own scores do not carry this: {one.why}",
                severity="info",
                at=(one.line, one.column),
                said=one.text[:200],
                remedy="Name the losses and their intervals, or claim less.",
                part=one.text[:80],
            )


RULE = Rule(
    id="claim-not-carried",
    group="scores",
    title="A claim of the text is not carried by the card's own scores",
    severity="info",
    why=(
        '"Lossless", "within 1 %", "no significant degradation" and "differences below 0.5 '
        'are noise" can be held against the table below them. With the number of questions known, '
        "a loss that is more than chance, even if a fifth of all answers changed, speaks against "
        "them; a threshold for noise must not be far below what could have been found."
    ),
    example=(
        '"does not suffer from significant performance degradation" over MMLU 64.6 → 63.3: of '
        "14,042 questions, that is more than chance unless more than 62 % of the answers changed."
    ),
    fix="Say which scores fall, by how much, and with which interval.",
    check=check,
    sources=("https://doi.org/10.1007/BF02295996",),
)

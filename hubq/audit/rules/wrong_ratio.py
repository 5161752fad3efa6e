"""Speed-ups that their two speeds or times do not give."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.arithmetic import wrong
from hubq.audit.rule import Rule
from hubq.audit.subject import Subject
from hubq.model.finding import Finding


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each speed-up that its cells do not give."""
    yield from wrong(subject, RULE.id, "ratio", "ratio")


RULE = Rule(
    id="wrong-ratio",
    group="arithmetic",
    title="A speed-up is not the ratio of its two speeds or times",
    severity="error",
    why=(
        "A speed-up decides what is deployed. It must follow from the speeds, latencies "
        "or times that stand beside it, either way round, with the rounding of both."
    ),
    example=("`| Int4 | 39.76 tokens/s | 1.31x |` beside a baseline of 35.29: the ratio is 1.13x."),
    fix=("Divide again, and say which two rows the ratio is of."),
    check=check,
)

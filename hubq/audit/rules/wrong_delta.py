"""Differences that their two cells do not give."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.arithmetic import wrong
from hubq.audit.rule import Rule
from hubq.audit.subject import Subject
from hubq.model.finding import Finding


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each difference that its cells do not give."""
    yield from wrong(subject, RULE.id, "delta", "difference")


RULE = Rule(
    id="wrong-delta",
    group="arithmetic",
    title="A difference is not that of its two scores",
    severity="error",
    why=(
        "Readers choose by the difference to the baseline and rarely subtract themselves. "
        "The signs and the scale are read as most cells of the table have them, so that "
        "only a cell that breaks with its own table is reported."
    ),
    example=("`| AWQ | 39.90 (-4.05) |` under a baseline of 44.40: the difference is -4.50."),
    fix=("Subtract the baseline again, and check which of the three numbers was changed."),
    check=check,
)

"""Reductions of memory or size that their two cells do not give."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.arithmetic import wrong
from hubq.audit.rule import Rule
from hubq.audit.subject import Subject
from hubq.model.finding import Finding


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each reduction that its cells do not give."""
    yield from wrong(subject, RULE.id, "reduction", "reduction")


RULE = Rule(
    id="wrong-reduction",
    group="arithmetic",
    title="A reduction of memory or size is not what its two cells give",
    severity="error",
    why=(
        "How much memory a variant saves is why it exists. The saving must follow from "
        "the two sizes, as a share that is saved, a share that is left, or a number of "
        "times less."
    ),
    example=("`| Int4 | 2.91 GB | 48 % |` beside a baseline of 4.68 GB: 38 % is saved."),
    fix=("Work the share out again, and say which two rows it is of."),
    check=check,
)

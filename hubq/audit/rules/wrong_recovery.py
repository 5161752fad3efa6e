"""Recoveries that their two cells do not give."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.arithmetic import wrong
from hubq.audit.rule import Rule
from hubq.audit.subject import Subject
from hubq.model.finding import Finding


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each recovery that its cells do not give."""
    yield from wrong(subject, RULE.id, "recovery", "recovery")


RULE = Rule(
    id="wrong-recovery",
    group="arithmetic",
    title="A recovery is not the ratio of its two scores",
    severity="error",
    why=(
        "Recovery is the quantized score in percent of the baseline. How far it may be "
        "off follows from the printed decimals: 3.7 to 4.0 printed as 109.8 % is legal "
        "rounding."
    ),
    example=("`| MGSM | 56.38 | 51.89 | 98.04% |`: 51.89 in percent of 56.38 is 92.04%."),
    fix=("Divide again, and check which of the three numbers was changed."),
    check=check,
)

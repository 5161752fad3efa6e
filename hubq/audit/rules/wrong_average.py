"""Averages that are not the mean of their cells."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.arithmetic import wrong
from hubq.audit.rule import Rule
from hubq.audit.subject import Subject
from hubq.model.finding import Finding


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each average that its cells do not give."""
    yield from wrong(subject, RULE.id, "average", "average")


RULE = Rule(
    id="wrong-average",
    group="arithmetic",
    title="An average is not the mean of its cells",
    severity="error",
    why=(
        "The average is the number that people compare. One that does not follow from its "
        "own row was taken from another run, another table or another set of benchmarks, "
        "and nobody can tell which. Rounding is allowed for: a number is only reported "
        "when neither rounding of the cells nor cutting of its own last digit gives it. "
        "Columns that are parts of one benchmark are weighted by their questions and are "
        "left alone."
    ),
    example=(
        "`| Average | 75.95 |` over 52.00, 75.59, 94.27, 86.44 and 69.47: the mean of its "
        "5 cells is 75.55."
    ),
    fix=("Work the average out again from the printed cells, or say what else it is over."),
    check=check,
)

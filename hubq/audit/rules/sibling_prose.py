"""A sentence that is the same on a sibling's card but for the sizes that it names."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.rule import Rule, finding
from hubq.audit.siblings import Sizes, facts_of, others
from hubq.audit.subject import Subject
from hubq.model.finding import Finding, Severity


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for every list of sizes that a sibling gives otherwise.

    Where most of the family says what this card says, the other card is the one to be mended.
    """
    kin = [(one, facts_of(one).sizes) for one in others(subject)]
    for key, ours in facts_of(subject).sizes.items():
        same = [(one, sizes[key]) for one, sizes in kin if key in sizes]
        differing = [(one, theirs) for one, theirs in same if theirs.numbers != ours.numbers]
        if differing:
            most = len(same) - len(differing) + 1 > len(differing)
            yield _found(subject, ours, differing, "info" if most else RULE.severity)


def _found(
    subject: Subject, ours: Sizes, differing: list[tuple[Subject, Sizes]], severity: Severity
) -> Finding:
    sibling, theirs = differing[0]
    place = subject.document.find(ours.text, ours.line, ours.line + 20)
    more = f", and {len(differing) - 1} more differ" if len(differing) > 1 else ""
    return finding(
        subject,
        RULE.id,
        f"{sibling.name} says “{theirs.text}” in the same sentence (line {theirs.line}){more}",
        severity=severity,
        at=place if place.line else (ours.line, 1),
        said=ours.text,
        remedy="Look up which is right, and say the same on every card of the family.",
        sources=tuple(f"https://huggingface.co/{one.repo}" for one, _ in differing[:3] if one.repo),
        part=ours.text,
    )


RULE = Rule(
    id="sibling-prose",
    group="siblings",
    title="A sibling's card gives other sizes of the same family",
    severity="warning",
    why="The cards of a family are copied from one another. Where one was mended and the others "
    "were not, the same sentence says two things, and readers cannot tell which is right.",
    example="“three models with 2, 7 and 72 billion parameters” on one card, “2, 8 and 72 "
    "billion” on another.",
    fix="Look up the right figures and write them on every card of the family.",
    check=check,
    needs=("card", "siblings"),
)

"""Versions under which a sibling says that the same numbers were measured, and that differ."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.rule import Rule, finding
from hubq.audit.siblings import facts_of, names_model, others, same_model
from hubq.audit.stack import Stated, stated
from hubq.audit.subject import Subject
from hubq.model.finding import Finding

_ENOUGH = 4
"""Cells that must be the same before two tables are one."""

Key = tuple[str, str]


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for every package of which a sibling states another version."""
    yield from _hardware(subject)
    stack = _stack(subject)
    found: set[Key] = set()
    for sibling in others(subject) if stack else ():
        theirs = _stack(sibling)
        differing = [
            key
            for key, one in stack.items()
            if key in theirs and key not in found and theirs[key].value != one.value
        ]
        copied = bool(differing) and _same_cells(subject, sibling) >= _ENOUGH
        for key in differing if copied else differing[:1]:
            found.add(key)
            yield _found(subject, stack[key], sibling, theirs[key], copied=copied)


def _hardware(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for other GPUs under a heading, where the numbers are the same."""
    gpus = facts_of(subject).gpus
    for sibling in others(subject) if gpus else ():
        for heading, theirs in facts_of(sibling).gpus.items():
            ours = gpus.get(heading)
            if ours is None or ours.names & theirs.names:
                continue
            if _same_cells(subject, sibling) < _ENOUGH:
                continue
            yield finding(
                subject,
                RULE.id,
                f"{sibling.name} names {theirs.text} under the same heading (line {theirs.line}); "
                "the numbers in both cards' tables are the same",
                severity=RULE.severity,
                at=subject.document.find(ours.text, ours.line, ours.line + 20),
                said=ours.text,
                remedy="Name the hardware on which the numbers were measured.",
                part="hardware",
            )
            return


def _found(
    subject: Subject, ours: Stated, sibling: Subject, theirs: Stated, *, copied: bool
) -> Finding:
    tables = "; the numbers in both cards' tables are the same" if copied else ""
    return finding(
        subject,
        RULE.id,
        f"{sibling.name} states {theirs.said} under the same heading (line {theirs.line}){tables}",
        severity="warning" if copied else "info",
        at=ours.spot,
        said=ours.said,
        remedy="State the versions with which the numbers were measured."
        if copied
        else "Measure the family with the same versions, or say that they differ.",
        sources=(f"https://huggingface.co/{sibling.repo}",) if sibling.repo else (),
        part=ours.package,
    )


def _stack(subject: Subject) -> dict[Key, Stated]:
    """Return the versions that prose states once for what stands under a heading."""
    found: dict[Key, Stated] = {}
    twice: set[Key] = set()
    for one in stated(subject.document):
        if one.kind != "stack" or one.code:
            continue
        key = (one.heading.strip().lower(), one.package)
        if key in found and found[key].value != one.value:
            twice.add(key)
        found.setdefault(key, one)
    return {key: one for key, one in found.items() if key not in twice}


def _same_cells(subject: Subject, sibling: Subject) -> int:
    """Return how many cells of both cards hold the same number for the same thing; 0 if any not."""
    ours, theirs = facts_of(subject).cells, facts_of(sibling).cells
    one_model = same_model(subject, sibling)
    both = [key for key in ours if key in theirs and (one_model or names_model(ours[key]))]
    return len(both) if all(ours[key].shown == theirs[key].shown for key in both) else 0


RULE = Rule(
    id="sibling-stack",
    group="siblings",
    title="A sibling's card states other versions or hardware for the same numbers",
    severity="warning",
    why="Speed and memory depend on the versions of everything. One table that stands on two cards "
    "was measured once, so that at most one of two stacks is right; tables of two stacks cannot "
    "be compared.",
    example="The speed table of both cards is the same; one card says `Transformers 4.38.2`, the "
    "other `Transformers 4.45.0`.",
    fix="State the stack that the evidence names, on every card that shows the numbers.",
    check=check,
    needs=("card", "siblings"),
)

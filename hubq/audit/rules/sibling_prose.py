"""A sentence that is the same on a sibling's card but for its numbers."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.rule import Rule, finding
from hubq.audit.siblings import Figures, facts_of, others, same_model
from hubq.audit.subject import Subject
from hubq.model.finding import Finding, Severity

_SHOWN = 200
"""Characters of a sentence that are shown."""


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for every list of sizes, and every fact, that a sibling gives otherwise.

    Where most of the family says what this card says, or the other card's list has a number twice,
    the other card is the one to be mended.
    Facts of a model are compared only with cards of the very same model.
    """
    ours, kin = facts_of(subject), others(subject)
    if ours.sizes:
        yield from _against(subject, ours.sizes, [(one, facts_of(one).sizes) for one in kin])
    if ours.said:
        same = [(one, facts_of(one).said) for one in kin if same_model(subject, one)]
        yield from _against(subject, ours.said, same)


def _against(
    subject: Subject, mine: dict[str, Figures], kin: list[tuple[Subject, dict[str, Figures]]]
) -> Iterator[Finding]:
    for key, ours in mine.items():
        same = [(one, theirs[key]) for one, theirs in kin if key in theirs]
        differing = [(one, theirs) for one, theirs in same if theirs.numbers != ours.numbers]
        if differing:
            most = len(same) - len(differing) + 1 > len(differing)
            theirs = not _repeats(ours) and all(_repeats(one) for _, one in differing)
            yield _found(subject, ours, differing, "info" if most or theirs else RULE.severity)


def _repeats(one: Figures) -> bool:
    """Return whether a list has a number twice, as search and replace leaves it."""
    return len(set(one.numbers)) < len(one.numbers)


def _found(
    subject: Subject, ours: Figures, differing: list[tuple[Subject, Figures]], severity: Severity
) -> Finding:
    sibling, theirs = differing[0]
    place = subject.document.find(ours.text, ours.line, ours.line + 20)
    more = f", and {len(differing) - 1} more differ" if len(differing) > 1 else ""
    return finding(
        subject,
        RULE.id,
        f"{sibling.name} says “{_short(theirs.text)}” in the same sentence (line {theirs.line})"
        f"{more}",
        severity=severity,
        at=place if place.line else (ours.line, 1),
        said=_short(ours.text),
        remedy="Look up which is right, and say the same on every card of the family.",
        sources=tuple(f"https://huggingface.co/{one.repo}" for one, _ in differing[:3] if one.repo),
        part=_short(ours.text),
    )


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


RULE = Rule(
    id="sibling-prose",
    group="siblings",
    title="A sibling's card says the same sentence with other numbers",
    severity="warning",
    why="The cards of a family are copied from one another. Where one was mended and the others "
    "were not, the same sentence says two things, and readers cannot tell which is right.",
    example="“three models with 2, 7 and 72 billion parameters” on one card, “2, 8 and 72 "
    "billion” on another.",
    fix="Look up the right figures and write them on every card of the family.",
    check=check,
    needs=("card", "siblings"),
)

"""Scores of a family measured with different evaluation harnesses, or copies of one."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.parts import Spot
from hubq.audit.rule import Rule, finding
from hubq.audit.siblings import Tool, facts_of, others, upstream
from hubq.audit.subject import Subject
from hubq.model.finding import Finding


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for another harness on a sibling's card, or another copy of the same."""
    facts, kin = facts_of(subject), others(subject)
    for name, ours in facts.tools.items():
        addresses = {tool.address.lower() for tool in ours}
        for sibling in kin:
            theirs = facts_of(sibling).tools.get(name, ())
            if theirs and not addresses & {tool.address.lower() for tool in theirs}:
                yield _found(subject, ours[0], sibling, theirs[0])
                break
    for sibling in kin if facts.harnesses and subject.document.tables else ():
        names = facts_of(sibling).harnesses
        if names and sibling.document.tables and not facts.harnesses.keys() & names.keys():
            yield _other(subject, facts.harnesses, sibling, names)
            return


def _other(
    subject: Subject, ours: dict[str, Spot], sibling: Subject, theirs: dict[str, Spot]
) -> Finding:
    (name, at), (other, there) = next(iter(ours.items())), next(iter(theirs.items()))
    return finding(
        subject,
        RULE.id,
        f"{sibling.name} names {other} (line {there.line}), and not {name}",
        severity=RULE.severity,
        at=at,
        said=name,
        remedy="Say which harness measured the scores; those of two harnesses need not be "
        "comparable.",
        part=name,
    )


def _found(subject: Subject, ours: Tool, sibling: Subject, theirs: Tool) -> Finding:
    forks = [tool.address for tool in (ours, theirs) if not upstream(tool)]
    fork = f"; {' and '.join(forks)} {'are forks' if len(forks) > 1 else 'is a fork'}"
    there = f"{sibling.name} names {theirs.address} for {ours.name} (line {theirs.line})"
    return finding(
        subject,
        RULE.id,
        there + fork * bool(forks),
        severity=RULE.severity,
        at=(ours.line, ours.column),
        said=ours.address,
        remedy="Say which one measured the scores, with its commit; scores from two copies of a "
        "harness need not be comparable.",
        sources=tuple(f"https://github.com/{one.owner}/{one.name}" for one in (ours, theirs)),
        part=ours.name.lower(),
    )


RULE = Rule(
    id="sibling-harness",
    group="siblings",
    title="A sibling's scores name another evaluation harness, or another copy of it",
    severity="info",
    why="Two harnesses, or a harness and its fork, may ask, read and count answers in another way. "
    "Scores of two cards can be compared only if the same code made them.",
    example="One card links `someone/VLMEvalKit/tree/add_model`, its sibling "
    "`open-compass/VLMEvalKit`.",
    fix="Name the harness with the commit that was used, the same on every card that shows the "
    "scores.",
    check=check,
    needs=("card", "siblings"),
)

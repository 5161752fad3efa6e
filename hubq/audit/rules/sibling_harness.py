"""Scores of a family measured with different copies of an evaluation harness."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.rule import Rule, finding
from hubq.audit.siblings import Tool, facts_of, others, upstream
from hubq.audit.subject import Subject
from hubq.model.finding import Finding


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for every harness of which a sibling names another copy."""
    kin = [(one, facts_of(one).tools) for one in others(subject)]
    for name, ours in facts_of(subject).tools.items():
        addresses = {tool.address.lower() for tool in ours}
        for sibling, tools in kin:
            theirs = tools.get(name, ())
            if theirs and not addresses & {tool.address.lower() for tool in theirs}:
                yield _found(subject, ours[0], sibling, theirs[0])
                break


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
    title="A sibling's scores name another copy of the evaluation harness",
    severity="info",
    why="A fork of a harness may ask, read and count answers in another way. Scores of two cards "
    "can be compared only if the same code made them.",
    example="One card links `someone/VLMEvalKit/tree/add_model`, its sibling "
    "`open-compass/VLMEvalKit`.",
    fix="Name the harness with the commit that was used, the same on every card that shows the "
    "scores.",
    check=check,
    needs=("card", "siblings"),
)

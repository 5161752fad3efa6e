"""Auditing: rules applied to a subject."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from hubq.audit.arithmetic import held
from hubq.audit.intervals import recovered
from hubq.audit.rule import Rule, every_lack
from hubq.audit.statements import statements
from hubq.audit.subject import Subject
from hubq.model.audit import Audited, Skipped
from hubq.model.finding import SEVERITIES, Finding

_RANKS = {severity: rank for rank, severity in enumerate(SEVERITIES)}


def audit(subject: Subject, rules: Sequence[Rule]) -> Audited:
    """Return what rules find in a subject.

    Args:
        subject: what is audited.
        rules: those to apply.
    """
    findings: list[Finding] = []
    applied: list[str] = []
    skipped: list[Skipped] = []
    for rule, why in zip(rules, every_lack(subject, rules), strict=True):
        if why:
            skipped.append(_skipped(rule.id, why))
        else:
            applied.append(rule.id)
            findings += rule.check(subject)
    gathered = subject.gathered
    return Audited(
        name=gathered.name,
        repo=gathered.repo,
        commit=gathered.commit,
        url=gathered.url,
        title=subject.document.title,
        findings=tuple(sorted(_once(findings), key=_order)),
        recovered=recovered(subject.document),
        statements=statements(subject.document),
        checked=len(held(subject.document)),
        applied=tuple(applied),
        skipped=tuple(skipped),
        problems=gathered.problems,
    )


@cache
def _skipped(rule: str, why: str) -> Skipped:
    return Skipped(rule=rule, why=why)


def _once(findings: list[Finding]) -> Iterable[Finding]:
    """Return findings without those that are there before; to compare whole ones takes longer."""
    places = {(one.rule, one.path, one.line, one.column, one.part) for one in findings}
    return findings if len(places) == len(findings) else dict.fromkeys(findings)


def _order(one: Finding) -> tuple[int, str, int, int, str]:
    return _RANKS[one.severity], one.path, one.line, one.column, one.rule

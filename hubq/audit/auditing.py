"""Auditing: rules applied to a subject."""

from __future__ import annotations

from collections.abc import Sequence

from hubq.audit.arithmetic import held
from hubq.audit.intervals import recovered
from hubq.audit.rule import Rule, every_lack
from hubq.audit.statements import statements
from hubq.audit.subject import Subject
from hubq.model.audit import Audited, Skipped
from hubq.model.finding import SEVERITIES, Finding


def audit(subject: Subject, rules: Sequence[Rule]) -> Audited:
    """Return what rules find in a subject.

    Args:
        subject: what is audited.
        rules: those to apply.
    """
    findings: list[Finding] = []
    applied: list[str] = []
    skipped: list[Skipped] = []
    lacks = every_lack(subject, rules)
    for rule in rules:
        why = lacks[rule.needs]
        if why:
            skipped.append(Skipped(rule=rule.id, why=why))
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
        findings=tuple(sorted(dict.fromkeys(findings), key=_order)),
        recovered=recovered(subject.document),
        statements=statements(subject.document),
        checked=len(held(subject.document)),
        applied=tuple(applied),
        skipped=tuple(skipped),
        problems=gathered.problems,
    )


def _order(one: Finding) -> tuple[int, str, int, int, str]:
    return SEVERITIES.index(one.severity), one.path, one.line, one.column, one.rule

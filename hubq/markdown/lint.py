"""Linting: everything that is wrong with a README, found without asking any Hub."""

from __future__ import annotations

from pathlib import Path

from hubq.markdown.body_rules import body_findings
from hubq.markdown.front_rules import front_findings
from hubq.model.finding import SEVERITIES, Finding


def lint(content: str, folder: Path | None = None) -> tuple[Finding, ...]:
    """Return what is wrong with a README, by line and the worst first on each.

    Args:
        content: the whole README.
        folder: the repo that it lies in, whose files its links are looked up among; none to look
            up nothing.
    """
    found = (*front_findings(content, folder), *body_findings(content, folder))
    return tuple(
        sorted(found, key=lambda one: (one.line, SEVERITIES.index(one.severity), one.rule))
    )

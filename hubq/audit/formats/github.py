"""A report as annotations of GitHub Actions, printed by a step.

The commands and how their parts are escaped:
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands.
"""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.formats import words
from hubq.audit.formats.places import file_of, page_of, span_of, title_of
from hubq.model.audit import Audited, Report
from hubq.model.finding import SEVERITIES, Finding, Severity

SHOWN = 10
"""Annotations of each kind that GitHub shows of one step."""

_KINDS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "notice"}


def render(report: Report) -> str:
    """Return the commands, the worst first, and a last line with what is not shown."""
    found = [(repo, one) for repo in report.audited for one in repo.findings]
    lines, left = [], []
    for kind in SEVERITIES:
        some = [pair for pair in found if pair[1].severity == kind]
        lines += [_command(repo, one) for repo, one in some[:SHOWN]]
        left += [one for _, one in some[SHOWN:]]
    lines += [f"::error title=not looked at::{_data(text)}" for text in _missed(report)]
    more = f" ({words.severities(left)} more, of which GitHub shows none)" if left else ""
    lines.append(f"hubq audit: {words.summary(report)}{more}")
    return "\n".join(lines) + "\n"


def _missed(report: Report) -> Iterator[str]:
    for target, why in report.missed[:SHOWN]:
        yield f"{target}: {why}"


def _command(repo: Audited, one: Finding) -> str:
    place = {"file": file_of(repo, one)}
    if one.line:
        place["line"] = str(one.line)
        span = span_of(one)
        if span:
            place["col"] = str(span[0] + 1)
        if span and span[1] > span[0]:
            place["endColumn"] = str(span[1] + 1)
    title = title_of(one.rule)
    place["title"] = f"{one.rule}: {title}" if title else one.rule
    said = f'says "{one.said}": ' if one.said else ""
    lines = [f"{said}{one.found}", one.remedy, page_of(one.rule)]
    values = ",".join(f"{name}={_property(value)}" for name, value in place.items())
    return f"::{_KINDS[one.severity]} {values}::{_data(chr(10).join(filter(None, lines)))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")

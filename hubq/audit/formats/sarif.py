"""A report as SARIF 2.1.0, as code scanning and editors read it.

The format: https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/. What GitHub takes of it:
https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support-for-code-scanning.
All repos are one run, since GitHub refuses several runs of one category.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

import msgspec

from hubq.audit import pages
from hubq.audit.formats.places import (
    HOME,
    file_of,
    keyed,
    link_of,
    on_hub,
    page_of,
    rule_of,
    span_of,
    web,
)
from hubq.audit.formats.widths import clipped
from hubq.audit.rule import all_rules
from hubq.model.audit import Audited, Report
from hubq.model.finding import SEVERITIES, Finding, Severity

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
LARGEST = 25_000
"""Results of one run; GitHub refuses files with more, and shows the worst 5,000."""

_LEVELS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "note"}
_PROBLEMS: dict[Severity, str] = {
    "error": "error",
    "warning": "warning",
    "info": "recommendation",
}
_SEMANTIC = re.compile(r"\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?")
_DESCRIPTION = 1000
_ACCEPTED = {
    "kind": "external",
    "status": "accepted",
    "justification": "accepted by the audit's baseline",
}


def render(report: Report) -> str:
    """Return a report as a SARIF log with one run."""
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(report)]}
    return msgspec.json.format(msgspec.json.encode(log), indent=1).decode() + "\n"


def _run(report: Report) -> dict[str, Any]:
    ids = _ids(report)
    numbers = {id_: index for index, id_ in enumerate(ids)}
    found = sorted(_results(report, numbers), key=lambda one: one[0])
    results = [result for _, result in found[:LARGEST]]
    driver = {
        "name": "hubq",
        "organization": "hubq",
        "version": report.version,
        "informationUri": HOME,
        "rules": [_rule(id_) for id_ in ids],
    }
    if _SEMANTIC.fullmatch(report.version):
        driver["semanticVersion"] = report.version
    run = {
        "tool": {"driver": driver},
        "invocations": [_invocation(report, left=len(found) - len(results))],
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    provenance = [_provenance(one) for one in report.audited if web(one.url)]
    if provenance:
        run["versionControlProvenance"] = provenance
    if len(report.audited) == 1 and on_hub(report.audited[0]):
        # For anything else the one who uploads says which category it is.
        only = report.audited[0]
        run["automationDetails"] = {"id": f"hubq-audit/{only.repo or only.name}/{only.commit}"}
    return run


def _ids(report: Report) -> list[str]:
    """Return the ids of all rules, and of whatever else reported."""
    known = [rule.id for rule in all_rules()]
    found = (one.rule for repo in report.audited for one in (*repo.findings, *repo.accepted))
    return list(dict.fromkeys([*known, *found]))


def _rule(id_: str) -> dict[str, Any]:
    rule = rule_of(id_)
    if rule is None:
        return {"id": id_, "helpUri": page_of(id_)}
    text = pages.body(rule)
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": clipped(" ".join(rule.why.split()), _DESCRIPTION)},
        "help": {"text": text, "markdown": text},
        "helpUri": page_of(id_),
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {
            "tags": ["model-card", rule.group],
            "problem.severity": _PROBLEMS[rule.severity],
            "precision": "low" if rule.severity == "info" else "very-high",
        },
    }


def _results(
    report: Report, numbers: dict[str, int]
) -> Iterator[tuple[tuple[bool, int], dict[str, Any]]]:
    """Yield results with what to sort them by: what counts first, the worst first."""
    suppressing = any(repo.accepted for repo in report.audited)
    for repo in report.audited:
        every = keyed(repo, (*repo.findings, *repo.accepted))
        for index, (key, one) in enumerate(every):
            accepted = index >= len(repo.findings)
            result = _result(repo, one, key) | {"ruleIndex": numbers[one.rule]}
            if suppressing:
                # Either every result says whether it is suppressed, or none.
                result["suppressions"] = [_ACCEPTED] if accepted else []
            yield (accepted, SEVERITIES.index(one.severity)), result


def _result(repo: Audited, one: Finding, key: str) -> dict[str, Any]:
    prints = {"hubqFinding/v1": key}
    if on_hub(repo):
        # For files of a checkout GitHub's upload works this out, and warns of any other value.
        digits, _, count = key.partition("-")
        prints["primaryLocationLineHash"] = f"{digits}:{count or 1}"
    said = {"repo": repo.repo, "commit": repo.commit, "said": one.said, "remedy": one.remedy}
    properties: dict[str, Any] = {name: value for name, value in said.items() if value}
    if one.sources:
        properties["sources"] = list(one.sources)
    found: dict[str, Any] = {
        "ruleId": one.rule,
        "level": _LEVELS[one.severity],
        "message": {"text": _message(one)},
        "locations": [{"physicalLocation": _place(repo, one)}],
        "partialFingerprints": prints,
        "properties": properties,
    }
    link = link_of(repo, one)
    if link:
        found["hostedViewerUri"] = link
    return found


def _message(one: Finding) -> str:
    """Return what was found and what to do; brackets that would make a link are parted."""
    start, end = span_of(one) or (0, 0)
    # Viewers show the piece itself where it is known.
    said = f'The file says "{clipped(one.said, 200)}".' if one.said and end == start else ""
    lines = [one.found or one.rule, said, one.remedy]
    return "\n".join(filter(None, lines)).replace("](", "] (")


def _place(repo: Audited, one: Finding) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(file_of(repo, one))}}
    # GitHub shows nothing without a line; what has none is about the whole file.
    region: dict[str, Any] = {"startLine": max(one.line, 1)}
    span = span_of(one) if one.line else None
    if span:
        region["startColumn"] = span[0] + 1
    if span and span[1] > span[0]:
        region |= {"endColumn": span[1] + 1, "snippet": {"text": one.said}}
    place["region"] = region
    if one.line and one.quote:
        place["contextRegion"] = {"startLine": one.line, "snippet": {"text": one.quote}}
    return place


def _uri(path: str) -> str:
    if path.startswith("/"):
        return PurePosixPath(path).as_uri()
    return quote(path, safe="/")


def _provenance(repo: Audited) -> dict[str, Any]:
    found: dict[str, Any] = {
        "repositoryUri": repo.url,
        "mappedTo": {"uri": _uri(f"{repo.repo or repo.name}/")},
    }
    if repo.commit:
        found["revisionId"] = repo.commit
    return found


def _invocation(report: Report, *, left: int) -> dict[str, Any]:
    notes = [(f"{target}: {why}", "error") for target, why in report.missed]
    notes += [
        (f"{repo.name}: {problem}", "warning")
        for repo in report.audited
        for problem in repo.problems
    ]
    if left:
        notes.append((f"{left:,} more results are left out; these are the worst", "warning"))
    found: dict[str, Any] = {"executionSuccessful": not report.missed}
    if notes:
        found["toolExecutionNotifications"] = [
            {"level": level, "message": {"text": text.replace("](", "] (")}}
            for text, level in notes
        ]
    if report.made.endswith("Z"):
        found["endTimeUtc"] = report.made
    return found

"""A report as JUnit XML: a suite for each repo, a case for each rule.

What readers of such files agree on: https://github.com/testmoapp/junitxml, and the strictest of
them, Jenkins' xUnit plugin (its `junit-10.xsd`). A case fails where a finding is bad enough for the
audit to fail; other findings stand in its output.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from hubq.audit.formats import words
from hubq.audit.formats.places import file_of, link_of, title_of
from hubq.model.audit import Audited, Report
from hubq.model.finding import Finding

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report) -> str:
    """Return a report as XML."""
    suites = [_suite(report, repo) for repo in report.audited]
    suites += [_missed(target, why) for target, why in report.missed]
    root = ET.Element("testsuites", {"name": "hubq audit"} | _sums(suites))
    root.extend(suites)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(report: Report, repo: Audited) -> ET.Element:
    found: dict[str, list[Finding]] = {}
    for one in repo.findings:
        found.setdefault(one.rule, []).append(one)
    skipped = {one.rule: one.why for one in repo.skipped}
    cases = [
        _case(report, repo, rule, found.get(rule, []), skipped.get(rule, ""))
        for rule in _rules(repo, found)
    ]
    suite = ET.Element("testsuite", {"name": _xml(repo.name)} | _counts(cases))
    suite.set("timestamp", _xml(report.made.removesuffix("Z")))
    properties = ET.SubElement(suite, "properties")
    for name, value in (("commit", repo.commit), ("url", repo.url), ("hubq", report.version)):
        if value:
            ET.SubElement(properties, "property", {"name": name, "value": _xml(value)})
    suite.extend(cases)
    if repo.problems:
        ET.SubElement(suite, "system-err").text = _xml("\n".join(repo.problems))
    return suite


def _rules(repo: Audited, found: dict[str, list[Finding]]) -> list[str]:
    """Return the rules that were applied or skipped."""
    return list(dict.fromkeys([*repo.applied, *found, *(one.rule for one in repo.skipped)]))


def _case(
    report: Report, repo: Audited, rule: str, findings: list[Finding], skipped: str
) -> ET.Element:
    case = ET.Element("testcase", {"classname": _xml(repo.name), "name": _xml(rule), "time": "0"})
    bad = [one for one in findings if words.fails(report, one)]
    rest = [one for one in findings if not words.fails(report, one)]
    if bad:
        title = title_of(rule)
        message = f"{words.severities(bad)}: {title or bad[0].found}"
        failure = ET.SubElement(
            case, "failure", {"type": bad[0].severity, "message": _xml(message)}
        )
        failure.text = _xml("\n\n".join(_told(repo, one) for one in bad))
    elif skipped:
        ET.SubElement(case, "skipped", {"message": _xml(skipped)})
    if rest:
        ET.SubElement(case, "system-out").text = _xml("\n\n".join(_told(repo, one) for one in rest))
    return case


def _told(repo: Audited, one: Finding) -> str:
    return "\n".join(filter(None, _lines(repo, one)))


def _lines(repo: Audited, one: Finding) -> Iterator[str]:
    place = ":".join(str(part) for part in (file_of(repo, one), one.line, one.column) if part)
    yield f"{place}: {one.severity}: {one.found}"
    yield f"  {one.quote}" if one.quote else ""
    yield one.remedy
    yield from one.sources
    yield link_of(repo, one)


def _missed(target: str, why: str) -> ET.Element:
    case = ET.Element("testcase", {"classname": _xml(target), "name": "target", "time": "0"})
    ET.SubElement(case, "error", {"type": "missed", "message": _xml(why)})
    suite = ET.Element("testsuite", {"name": _xml(target)} | _counts([case]))
    suite.append(case)
    return suite


def _counts(cases: list[ET.Element]) -> dict[str, str]:
    kinds = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    counts = {
        name: str(sum(case.find(tag) is not None for case in cases)) for name, tag in kinds.items()
    }
    return {"tests": str(len(cases)), **counts, "time": "0"}


def _sums(suites: list[ET.Element]) -> dict[str, str]:
    names = ("tests", "failures", "errors")
    sums = {name: str(sum(int(suite.get(name, "0")) for suite in suites)) for name in names}
    return {**sums, "time": "0"}


def _xml(text: str) -> str:
    """Return text without what XML cannot hold."""
    return _ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", text)

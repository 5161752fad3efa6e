from __future__ import annotations

from xml.etree import ElementTree as ET

from hubq.audit.formats import junit
from hubq.audit.rule import all_rules
from hubq.model.audit import Report, Skipped
from tests.audit.reports import audited, everything, finding, folder, hostile, report

ATTRIBUTES = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
    "testcase": {"classname", "name", "time"},
    "property": {"name", "value"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "skipped": {"message"},
}
"""Those that the strictest schema, Jenkins' `junit-10.xsd`, knows; any other is refused there."""


def suites(given: Report) -> list[ET.Element]:
    root = ET.fromstring(junit.render(given).encode())  # noqa: S314 - made here
    assert root.tag == "testsuites"
    for node in root.iter():
        assert set(node.attrib) <= ATTRIBUTES.get(node.tag, set()), node.tag
    found = list(root)
    for name in ("tests", "failures", "errors"):
        assert int(root.attrib[name]) == sum(int(suite.attrib[name]) for suite in found)
    for suite in found:
        cases = suite.findall("testcase")
        assert int(suite.attrib["tests"]) == len(cases)
        for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.attrib[name]) == len(suite.findall(f"testcase/{tag}"))
        assert len({case.attrib["name"] for case in cases}) == len(cases)
        assert all({"classname", "name", "time"} <= set(case.attrib) for case in cases)
    return found


def test_a_suite_for_each_repo_and_a_case_for_each_rule() -> None:
    first, second, third, missed = suites(everything())
    assert [suite.attrib["name"] for suite in (first, second, third, missed)] == [
        *("acme/Model-GPTQ-Int4", "acme/Model-AWQ", "models/x", "acme/Gone"),
    ]
    assert {case.attrib["name"] for case in first.findall("testcase")} == {
        *("made-up-average", "made-up-bits", "made-up-index", "made-up-license"),
    }
    assert missed.find("testcase/error") is not None


def test_rules_that_found_nothing_pass_and_those_not_applied_are_skipped() -> None:
    ids = [rule.id for rule in all_rules()]
    skipped = (Skipped(rule=ids[0], why="no config.json was read"),)
    (suite,) = suites(report(audited(applied=tuple(ids[1:]), skipped=skipped)))
    assert int(suite.attrib["tests"]) == len(ids)
    (case,) = [case for case in suite.findall("testcase") if len(case)]
    assert case.attrib["name"] == ids[0]
    assert case[0].attrib["message"] == "no config.json was read"


def test_a_case_fails_from_the_severity_on_from_which_the_audit_does() -> None:
    for severity, fail_on, failures in (
        ("warning", "warning", 1),
        ("warning", "error", 0),
        ("error", "error", 1),
        ("info", "info", 1),
        ("error", "", 0),
    ):
        given = report(audited(finding(severity=severity)), fail_on=fail_on)
        (suite,) = suites(given)
        assert int(suite.attrib["failures"]) == failures
        assert bool(suite.findall("testcase/system-out")) is not bool(failures)


def test_a_failure_says_where_and_what() -> None:
    (suite,) = suites(report(folder(finding(), finding(line=32))))
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert failure.attrib["type"] == "error"
    assert (failure.text or "").count("models/x/README.md:3") == 2


def test_hostile_text_stays_text() -> None:
    (suite, _) = suites(hostile())
    assert suite.find("testcase/failure/") is None
    assert "\x1b" not in junit.render(hostile())

from __future__ import annotations

import re

from hubq.audit.formats import github
from hubq.audit.rules.no_card import RULE
from tests.audit.reports import audited, everything, finding, folder, hostile, report

COMMAND = re.compile(r"::(error|warning|notice) ([^:]*)::(.*)")
UNESCAPED = re.compile(r"%(?!25|0D|0A|3A|2C)")


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    found = []
    for line in text.splitlines()[:-1]:
        match = COMMAND.fullmatch(line)
        assert match, line
        values = dict(part.split("=", 1) for part in match[2].split(","))
        found.append((match[1], values, match[3]))
    return found


def test_an_annotation_says_where_and_what() -> None:
    ((kind, values, message),) = commands(github.render(report(folder(finding(rule="no-card")))))
    assert kind == "error"
    assert values == {
        "file": "models/x/README.md",
        "line": "31",
        "col": "31",
        "endColumn": "36",
        "title": f"no-card%3A {RULE.title.replace(',', '%2C')}",
    }
    assert message.split("%0A")[:2] == [
        'says "55.90": the mean of 41.69 and 70.19 is 55.94',
        "Write 55.94.",
    ]


def test_info_is_a_notice_and_no_line_is_no_line() -> None:
    ((kind, values, _),) = commands(
        github.render(report(folder(finding(severity="info", line=0, column=0))))
    )
    assert kind == "notice"
    assert "line" not in values


def test_percents_and_line_ends_are_escaped() -> None:
    one = finding(found="50 % \r\n::error::x", path="a,b:c%.md", said="")
    text = github.render(report(folder(one, name=".")))
    ((_, values, message),) = commands(text)
    assert values["file"] == "a%2Cb%3Ac%25.md"
    assert message.startswith("50 %25 %0D%0A::error::x%0A")


def test_hostile_text_is_no_command() -> None:
    text = github.render(hostile())
    assert len(commands(text)) == len(text.splitlines()) - 1 == 3
    assert not UNESCAPED.search(text.rpartition("\n")[0].rpartition("\n")[0])


def test_ten_of_each_kind_are_shown_and_the_rest_is_counted() -> None:
    findings = [
        finding(severity=kind, line=line)
        for line in range(1, 14)
        for kind in ("info", "warning", "error")
    ]
    text = github.render(report(folder(*findings)))
    kinds = [kind for kind, _, _ in commands(text)]
    assert kinds == ["error"] * 10 + ["warning"] * 10 + ["notice"] * 10
    last = text.splitlines()[-1]
    assert "13 errors, 13 warnings, 13 info" in last
    assert "3 errors, 3 warnings, 3 info more" in last


def test_what_was_not_looked_at_is_an_error() -> None:
    assert "::error title=not looked at::acme/Gone: no such repo" in github.render(everything())


def test_nothing_found_is_one_line() -> None:
    assert github.render(report(audited())).startswith("hubq audit: 1 repo: nothing found")

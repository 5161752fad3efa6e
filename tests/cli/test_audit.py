from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hubq.audit.settings import FILE
from hubq.cli.main import cli
from hubq.errors import BadInput

EMPTY = "---\nlicense: mit\n---\n\n"
"""A card that says nothing: one warning of the rule no-card."""


def hubq(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["audit", *arguments], input=stdin)


def report_of(done: Result) -> Any:
    return json.loads(done.stdout)


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A README with a finding, in the current folder; only its rule is applied."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / FILE).write_text("select: [no-card]\n", encoding="utf-8")
    path = tmp_path / "acme_nano.md"
    path.write_text(EMPTY, encoding="utf-8")
    return path


def test_a_card_with_a_finding_ends_with_one(card: Path) -> None:
    done = hubq("acme_nano.md")
    assert done.exit_code == 1
    assert "no-card" in done.stdout
    assert "the README says nothing" in done.stdout


def test_a_card_without_findings_ends_with_zero(card: Path) -> None:
    card.write_text("# Nano\n", encoding="utf-8")
    assert hubq("acme_nano.md").exit_code == 0


def test_the_report_is_json_too(card: Path) -> None:
    report = report_of(hubq(".", "--format", "json"))
    (audited,) = report["audited"]
    assert audited["name"] == "acme_nano.md"
    assert [one["rule"] for one in audited["findings"]] == ["no-card"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], 1),
        (["--fail-on", "error"], 0),
        (["--fail-on", "never"], 0),
        (["--ignore", "no-card", "--select", "metadata"], 0),
    ],
)
def test_what_fails_can_be_chosen(card: Path, options: list[str], code: int) -> None:
    (card.parent / FILE).unlink()
    select = [] if "--select" in options else ["--select", "no-card"]
    assert hubq("acme_nano.md", *select, *options).exit_code == code


def test_a_readme_comes_from_standard_input(card: Path) -> None:
    report = report_of(hubq("-", "--format", "json", stdin=EMPTY))
    assert report["audited"][0]["name"] == "standard input"
    assert len(report["audited"][0]["findings"]) == 1


def test_what_was_accepted_does_not_fail(card: Path) -> None:
    assert hubq("acme_nano.md", "--write-baseline", "accepted.json").exit_code == 0
    done = hubq("acme_nano.md", "--baseline", "accepted.json", "--format", "json")
    assert done.exit_code == 0
    assert len(report_of(done)["audited"][0]["accepted"]) == 1
    (card.parent / FILE).write_text(
        "select: [no-card]\nbaseline: accepted.json\n", encoding="utf-8"
    )
    assert hubq("acme_nano.md").exit_code == 0
    card.with_name("other.md").write_text(EMPTY, encoding="utf-8")
    assert hubq("other.md").exit_code == 1


def test_one_run_writes_several_reports(card: Path) -> None:
    done = hubq(
        "acme_nano.md",
        *("--format", "json", "--output", "out/audit.json"),
        *("--report", "sarif=audit.sarif", "--report", "text=audit.txt"),
    )
    assert done.exit_code == 1
    assert done.stdout == ""
    assert json.loads(Path("out/audit.json").read_text(encoding="utf-8"))["audited"]
    assert json.loads(Path("audit.sarif").read_text(encoding="utf-8"))["version"] == "2.1.0"
    assert "no-card" in Path("audit.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["acme_nano.md", "--report", "pdf=x"], "expected FORMAT=FILE"),
        (["acme_nano.md", "--select", "no-crad"], "no such rule or group"),
        (["nothing.md"], "no such file or folder"),
        (["acme_nano.md", "--baseline", "nothing.json"], "nothing.json"),
        (["--explain", "no-crad"], "no such rule"),
        (["acme", "--offline"], "only the Hub knows"),
        (["acme/nano", "--offline"], "was not looked up before"),
    ],
)
def test_wrong_use_ends_with_two(card: Path, arguments: list[str], said: str) -> None:
    done = hubq(*arguments)
    assert isinstance(done.exception, BadInput)
    assert said in done.exception.message
    assert done.exception.exit_code == 2


def test_without_a_target_its_absence_is_said(card: Path) -> None:
    done = hubq()
    assert done.exit_code == 2
    assert "TARGET" in done.output


def test_a_setting_that_is_none_ends_with_two(card: Path) -> None:
    (card.parent / FILE).write_text("selct: []\n", encoding="utf-8")
    assert isinstance(hubq("acme_nano.md").exception, BadInput)


def test_rules_are_listed_and_explained() -> None:
    assert "no-card" in hubq("--list-rules").stdout
    listed = report_of(hubq("--list-rules", "--format", "json"))
    assert {"id": "no-card", "group": "metadata"}.items() <= next(
        one.items() for one in listed if one["id"] == "no-card"
    )
    told = hubq("--explain", "no-card").stdout
    assert "How to fix it" in told
    assert report_of(hubq("--explain", "no-card", "--format", "json"))["severity"] == "warning"

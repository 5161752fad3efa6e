from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from hubq.audit.formats.registry import FORMATS
from hubq.audit.settings import FILE
from hubq.cli.audit import audit
from hubq.cli.auditing import _waiting
from hubq.cli.main import cli
from hubq.errors import BadInput
from hubq.release.endpoint import local_storage
from tests.sites import serving

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


def test_a_report_that_goes_to_no_terminal_is_eighty_columns_wide(card: Path) -> None:
    card.write_text(EMPTY + "# Nano\n\n" + "wait, " * 40 + "— wait, no.\n", encoding="utf-8")
    (card.parent / FILE).write_text("select: [self-correction]\n", encoding="utf-8")
    done = hubq("acme_nano.md", "--fail-on", "never")
    assert "self-correction" in done.stdout
    assert 70 < max(map(len, done.stdout.splitlines())) <= 80


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


def test_fix_shows_or_makes_the_edit_of_a_folder(card: Path, tmp_path: Path) -> None:
    (card.parent / FILE).write_text("select: [metadata]\nfail-on: never\n", encoding="utf-8")
    folder = tmp_path / "nano-AWQ"
    folder.mkdir()
    text = "---\nlicense: mit\nbase_model: acme/nano\n---\n# Nano\n\nMade by `acme/nano-AWQ`.\n"
    (folder / "README.md").write_text(text, encoding="utf-8")
    config = {"model_type": "llama", "quantization_config": {"quant_method": "awq", "bits": 4}}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    shown = hubq("nano-AWQ", "--fix", "--dry-run")
    assert shown.exit_code == 0, shown.output
    assert "+base_model_relation: quantized" in shown.stdout
    assert (folder / "README.md").read_text(encoding="utf-8") == text
    done = hubq("nano-AWQ", "--fix")
    assert done.exit_code == 0, done.output
    assert "nano-AWQ: edited" in done.stderr
    assert "base_model_relation: quantized\n" in (folder / "README.md").read_text(encoding="utf-8")
    assert "nothing that was found can be mended" in hubq("nano-AWQ", "--fix").stderr


def test_a_dry_run_is_of_fix(card: Path) -> None:
    done = hubq("acme_nano.md", "--dry-run")
    assert done.exit_code == 2
    assert "--fix" in done.output


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A runs folder whose embedded Hub holds a quantized repo and the model it was made from."""
    storage = local_storage(tmp_path / "runs" / "hub")
    card = b"---\nlicense: mit\nbase_model: acme/nano-1B\n---\n# Nano\n"
    config = {"model_type": "llama", "quantization_config": {"quant_method": "awq", "bits": 4}}
    repos = {
        "acme/nano-1B": {"README.md": b"---\nlicense: mit\n---\n# Nano\n", "config.json": b"{}"},
        "quants/nano-1B-AWQ": {"README.md": card, "config.json": json.dumps(config).encode()},
    }
    for name, files in repos.items():
        entries = {path: storage.store_file(content) for path, content in files.items()}
        repo = storage.create_repo(name, author="local")
        repo.advance("main", entries, author="local", title="Files")
    return tmp_path / "runs"


@pytest.mark.long
def test_a_repo_is_audited_and_fixed_by_one_pull_request(runs: Path) -> None:
    where = ("--hub", "local", "--runs-dir", str(runs))
    quiet = ("--select", "base-relation", "--fail-on", "never", "--format", "json")
    done = hubq("quants/nano-1B-AWQ", *where, *quiet, "--fix")
    assert done.exit_code == 0, done.output
    (audited,) = report_of(done)["audited"]
    assert [one["rule"] for one in audited["findings"]] == ["base-relation"]
    assert "quants/nano-1B-AWQ: opened: http" in done.stderr
    again = hubq("quants/nano-1B-AWQ", *where, *quiet, "--fix")
    assert "already open" in again.stderr
    offline = hubq("quants/nano-1B-AWQ", *where, *quiet, "--offline")
    assert report_of(offline)["audited"][0]["commit"] == audited["commit"]


@pytest.mark.long
def test_a_sweep_is_told_and_misses_what_is_not_there(runs: Path, tmp_path: Path) -> None:
    where = ("--hub", "local", "--runs-dir", str(runs), "--select", "no-card")
    listed = tmp_path / "all.txt"
    listed.write_text("quants\nacme/nothing\n", encoding="utf-8")
    done = hubq(str(listed), *where, "--format", "json")
    assert done.exit_code == 2
    report = report_of(done)
    assert [one["name"] for one in report["audited"]] == ["quants/nano-1B-AWQ"]
    assert [name for name, _ in report["missed"]] == ["acme/nothing"]
    alone = hubq("acme/nothing", *where)
    assert isinstance(alone.exception, BadInput)
    assert "no such model" in alone.exception.message


def test_every_format_can_be_asked_for(card: Path) -> None:
    (choice,) = [one for one in audit.params if one.name == "format_"]
    assert isinstance(choice.type, click.Choice)
    assert list(choice.type.choices) == ["text", *FORMATS]
    for name in choice.type.choices:
        done = hubq("acme_nano.md", "--format", name)
        assert done.exit_code == 1, done.output
        assert "no-card" in done.stdout


@pytest.mark.parametrize(("seconds", "said"), [(1.0, ""), (61.0, "the Hub's rate limit\n")])
def test_a_wait_for_the_hub_is_said_when_it_is_long(
    capsys: pytest.CaptureFixture[str], seconds: float, said: str
) -> None:
    _waiting(seconds)
    assert capsys.readouterr().err.endswith(said)
    assert bool(said) == (seconds > 5)


def test_the_web_is_asked_only_on_request_and_never_inside_a_network(
    card: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUBQ_CACHE", str(card.parent / "cache"))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with serving() as site:
        card.write_text(f"# Nano\n\n[a](http://127.0.0.1:{site.port}/secret)\n", encoding="utf-8")
        done = hubq("acme_nano.md", "--web", "--select", "dead-link", "--format", "json")
    assert done.exit_code == 0
    assert not report_of(done)["audited"][0]["findings"]
    assert not site.asked


def test_the_web_is_not_asked_through_a_proxy(card: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    done = hubq("acme_nano.md", "--web")
    assert isinstance(done.exception, BadInput)
    assert "names a proxy" in str(done.exception)
    assert hubq("acme_nano.md", "--web", "--offline").exit_code == 2

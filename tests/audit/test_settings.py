from __future__ import annotations

from pathlib import Path

import pytest

from hubq.audit.settings import (
    FILE,
    Override,
    Settings,
    failing,
    find_settings,
    read_settings,
    rule_named,
)
from hubq.errors import BadInput
from hubq.model.audit import Audited
from hubq.model.finding import Finding
from tests.rows import each_row


def test_without_a_file_everything_is_applied() -> None:
    settings = read_settings(None)
    assert settings == Settings()
    assert len(settings.rules()) > 1


def test_rules_are_chosen_by_id_and_by_group() -> None:
    chosen = Settings(select=("metadata",), ignore=("no-card",)).rules()
    assert {rule.group for rule in chosen} == {"metadata"}
    assert "no-card" not in {rule.id for rule in chosen}
    assert [rule.id for rule in Settings(select=("no-card",)).rules()] == ["no-card"]


@pytest.mark.parametrize("settings", [Settings(select=("no-crd",)), Settings(ignore=("no-crd",))])
def test_an_unknown_rule_is_refused_with_those_like_it(settings: Settings) -> None:
    with pytest.raises(BadInput, match="no-crd: no such rule or group") as error:
        settings.rules()
    assert "Did you mean no-card" in error.value.remedy


def test_an_unknown_rule_of_an_override_is_refused() -> None:
    with pytest.raises(BadInput, match="nothing-like-it: no such rule"):
        Settings(overrides=(Override(match=("*",), ignore=("nothing-like-it",)),)).rules()


def test_leaving_out_everything_is_refused() -> None:
    with pytest.raises(BadInput, match="no rule is left"):
        Settings(select=("no-card",), ignore=("metadata",)).rules()


def test_a_file_is_found_upwards_and_read(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(
        "select: [metadata]\nfail-on: error\nbaseline: accepted.json\n"
        "overrides:\n- match: ['acme/*']\n  ignore: [no-card]\n",
        encoding="utf-8",
    )
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    path = find_settings(inner)
    assert path == tmp_path / FILE
    settings = read_settings(path)
    assert (settings.select, settings.fail_on) == (("metadata",), "error")
    assert settings.baseline == str(tmp_path / "accepted.json")
    assert settings.overrides[0].match == ("acme/*",)


@pytest.mark.parametrize(
    "text", ["select: {", "- a list", "selct: [metadata]", "fail-on: sometimes", "overrides: [x]"]
)
def test_a_file_that_says_something_else_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=FILE):
        read_settings(tmp_path / FILE)


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("# later\n", encoding="utf-8")
    assert read_settings(tmp_path / FILE) == Settings()


@each_row(
    ("match", "left"),
    [("acme/*", 0), ("*.md", 0), ("acme/nano/README.md", 0), ("other/*", 1), ("config.json", 1)],
)
def test_overrides_pass_over_findings_by_place(match: str, left: int) -> None:
    finding = Finding(rule="no-card", repo="acme/nano", path="README.md")
    audited = Audited(name="acme/nano", repo="acme/nano", findings=(finding,))
    settings = Settings(overrides=(Override(match=(match,), ignore=("metadata",)),))
    assert len(settings.applied(audited).findings) == left


@each_row(("fail_on", "count"), [("error", 1), ("warning", 2), ("info", 3), ("", 0), ("never", 0)])
def test_a_severity_fails_with_everything_worse(fail_on: str, count: int) -> None:
    findings = [Finding(rule="x", severity=one) for one in ("error", "warning", "info")]
    assert failing(findings, fail_on) == count


def test_a_rule_is_found_by_its_id() -> None:
    assert rule_named("no-card").group == "metadata"
    with pytest.raises(BadInput, match="no such rule"):
        rule_named("metadata")


def test_the_guides_example_is_a_settings_file(tmp_path: Path) -> None:
    guide = Path(__file__).parents[2] / "docs" / "audit.md"
    example = guide.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    (tmp_path / FILE).write_text(example, encoding="utf-8")
    settings = read_settings(tmp_path / FILE)
    assert settings.rules()
    assert set(Settings.__struct_fields__) == {
        name for name in Settings.__struct_fields__ if getattr(settings, name)
    }

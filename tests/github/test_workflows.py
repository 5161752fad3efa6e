"""What holds for every workflow and action here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.github.expressions import evaluate, shown
from tests.github.runner import ROOT
from tests.rows import each_row

FILES = sorted(
    [*(ROOT / ".github" / "workflows").glob("*.yml"), *(ROOT / ".github").rglob("action.yml")]
)
PINNED = re.compile(r"uses: ([\w.-]+(?:/[\w.-]+)+)@([0-9a-f]{40}) # v\d+\.\d+\.\d+$")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT / ".github"))


@pytest.mark.parametrize("path", FILES, ids=name)
def test_actions_are_pinned_and_one_action_has_one_pin(path: Path) -> None:
    pins: dict[str, set[str]] = {}
    for file in FILES:
        for line in file.read_text(encoding="utf-8").splitlines():
            found = PINNED.search(line)
            if found:
                pins.setdefault(found[1], set()).add(found[2])
    assert all(len(found) == 1 for found in pins.values()), pins
    for line in path.read_text(encoding="utf-8").splitlines():
        if "uses: " in line and "uses: $/" not in line:
            assert PINNED.search(line), line


@pytest.mark.parametrize("path", FILES, ids=name)
def test_no_expression_is_part_of_a_script(path: Path) -> None:
    """What a person typed would be run."""
    for script in _scripts(yaml.safe_load(path.read_text(encoding="utf-8"))):
        assert "${{" not in script


@pytest.mark.parametrize("path", [one for one in FILES if one.name != "action.yml"], ids=name)
def test_permissions_are_given_by_the_job(path: Path) -> None:
    read = yaml.safe_load(path.read_text(encoding="utf-8"))
    if read["permissions"] == {}:
        assert all("permissions" in job for job in read["jobs"].values())
    else:
        assert read["permissions"] == {"contents": "read"}


def test_both_ways_to_start_a_release_take_the_same() -> None:
    for workflow in ("release", "audit"):
        path = ROOT / ".github" / "workflows" / f"{workflow}.yml"
        read = yaml.safe_load(path.read_text(encoding="utf-8"))[True]
        assert read["workflow_dispatch"]["inputs"] == read["workflow_call"]["inputs"]
        assert len(read["workflow_dispatch"]["inputs"]) <= 25


def test_a_source_has_one_release_at_a_time() -> None:
    path = ROOT / ".github" / "workflows" / "release.yml"
    read = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert "inputs.source" in read["concurrency"]["group"]
    assert read["concurrency"]["cancel-in-progress"] is False


@each_row(
    ("expression", "value"),
    [
        ("inputs.a || 'b'", "b"),
        ("inputs.a == '' && 'x' || 'y'", "x"),
        ("always() && steps.s.outputs.o != ''", True),
        ("fromJSON('[\"gpu\"]')", ["gpu"]),
        ("!inputs.a", True),
        ("(inputs.c || inputs.a) == 'c'", True),
    ],
)
def test_expressions_are_worked_out(expression: str, value: Any) -> None:
    context = {"inputs": {"a": "", "c": "c"}, "steps": {"s": {"outputs": {"o": "1"}}}}
    assert evaluate(expression, context) == value


def _scripts(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["run"]] if isinstance(value.get("run"), str) else []
        return own + [script for part in value.values() for script in _scripts(part)]
    if isinstance(value, list):
        return [script for part in value for script in _scripts(part)]
    return []


@pytest.mark.parametrize("guide", ["how-to-release-from-actions", "how-to-audit-gate"])
def test_the_guides_name_inputs_that_there_are(guide: str) -> None:
    text = (ROOT / "docs" / f"{guide}.md").read_text(encoding="utf-8")
    workflow = "release" if "release" in guide else "audit"
    path = ROOT / ".github" / "workflows" / f"{workflow}.yml"
    inputs = yaml.safe_load(path.read_text(encoding="utf-8"))[True]["workflow_call"]["inputs"]
    rows = dict(re.findall(r"^\| `([\w-]+)` \|([^|]*)\|", text, re.MULTILINE))
    assert set(rows) == set(inputs)
    for name, default in rows.items():
        said = re.search(r"`([^`]+)`", default)
        if said and name != "home":
            assert said[1] == shown(inputs[name].get("default", ""))

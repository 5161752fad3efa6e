"""The demo's cards: every piece of code on them was run, and says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hubq.markdown.fences import fences
from hubq.release.status import load_release
from hubq.store import Store
from tests.backend.conftest import Demo, hubq

pytestmark = pytest.mark.backend

NAME = "nano-qwen2-vl"
VARIANTS = ("GPTQ-Int8", "GPTQ-Int4", "AWQ")


def folder(demo: Demo, stage: str) -> Path:
    return Store(demo.runs).folder(load_release(demo.runs, NAME).keys[stage])


@pytest.mark.parametrize("variant", VARIANTS)
def test_all_of_a_cards_code_was_run_or_looked_at(demo: Demo, variant: str) -> None:
    card = folder(demo, f"card/{variant}")
    text = (card / "README.md").read_text()
    evidence = json.loads((card / "hubq.json").read_text())
    known: dict[str, dict[str, Any]] = {one["sha256"]: one for one in evidence["snippets"]}
    under = {
        (fence.section, fence.language): known[fence.sha256]["state"]
        for fence in fences(text)
        if fence.language == "python" or "pip install" in fence.code
    }
    assert under[("Transformers", "python")] == "ran"
    assert under[("How to use it", "bash")] == "checked"
    assert under[("vLLM", "python")] == "not-run"
    assert "The code under Transformers was run on these files with Transformers 5." in text


def test_testing_the_cards_again_runs_nothing_and_says_the_same(demo: Demo) -> None:
    words = ("--recipe", "nano", "--namespace", "demo", "--hub", "local", "--format", "json")
    source = f"hubq/{NAME}"
    done = hubq("card", "test", source, *words, "--runs-dir", str(demo.runs), cwd=demo.runs.parent)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Nothing to do" in done.stderr
    tested = json.loads(done.stdout)
    assert {one["card"] for one in tested} == set(VARIANTS)
    assert {one["state"] for one in tested} == {"ran", "checked", "not-run"}


def test_code_against_other_files_fails_and_says_so(demo: Demo, tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    text = (folder(demo, "card/AWQ") / "README.md").read_text()
    readme.write_text(text)
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.json").write_text("{}")
    done = hubq(
        *("card", "test", str(readme), "--checkpoint", str(broken), "--format", "json"),
        cwd=tmp_path,
    )
    assert done.returncode == 1, done.stderr[-2000:]
    states = {(one["title"], one["state"]) for one in json.loads(done.stdout)}
    assert ("Transformers", "failed") in states

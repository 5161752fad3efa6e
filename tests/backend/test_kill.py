"""A real release killed in the middle of every stage ends with the cards of one that was not."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from hubq import recipes
from hubq.model.stage import Kind
from hubq.release.status import load_release
from hubq.resources import bundled
from hubq.store import Store
from tests.backend.conftest import PROGRAM, ROOT, hubq

pytestmark = pytest.mark.backend

_PATIENCE_S = 180


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the nano model and a recipe of one variant and few items."""
    folder = tmp_path_factory.mktemp("kill")
    recipe = yaml.safe_load(recipes.find("nano").read_text())
    suite = yaml.safe_load((bundled("recipes") / "suites" / "nano.yaml").read_text())
    loads = yaml.safe_load((bundled("recipes") / "workloads" / "nano.yaml").read_text())
    recipe |= {
        "variants": recipe["variants"][1:2],
        "suite": "./few.yaml",
        "workloads": "./one.yaml",
    }
    recipe["calibration"]["samples"] = 16
    suite["tasks"] = [task | {"limit": 100} for task in suite["tasks"][:2]]
    loads["workloads"] = loads["workloads"][:1]
    for name, data in {"few": suite, "one": loads, "small": recipe}.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(data))
    return folder


def arguments(runs: str) -> list[str]:
    source = str(bundled("examples") / "nano-qwen2-vl" / "model")
    where = ["--hub", "local", "--namespace", "acme", "--runs-dir", runs, "--yes"]
    return ["release", source, "--recipe", "small.yaml", *where]


def planned(folder: Path, runs: str) -> list[dict[str, Any]]:
    done = hubq("plan", *arguments(runs)[1:-1], "--format", "json", cwd=folder)
    assert done.returncode == 0, done.stderr
    stages: list[dict[str, Any]] = json.loads(done.stdout)["stages"]
    return stages


def kill_during(folder: Path, runs: str, kind: Kind) -> str:
    """Start the release and kill its process group once a stage of that kind is in flight."""
    waiting = [s for s in planned(folder, runs) if s["kind"] == kind and s["state"] != "cached"]
    assert waiting, kind
    process = subprocess.Popen(
        [*PROGRAM, *arguments(runs)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    root = folder / runs
    until = time.monotonic() + _PATIENCE_S
    seen = ""
    while not seen and time.monotonic() < until and process.poll() is None:
        seen = next((s["stage"] for s in waiting if (root / "work" / s["key"]).exists()), "")
        time.sleep(0.001)
    if kind in (Kind.QUANTIZE, Kind.CERTIFY, Kind.GENERATE, Kind.BENCH):
        time.sleep(1.5)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return seen


TIMED = ("speed", "choice", "charts", "tables")
"""The blocks of a card that rest on times too."""


def steady(card: str) -> str:
    """Return a card without times and measures of speed."""
    blocks = rf"<!-- hubq:begin ({'|'.join(TIMED)})\b.*?<!-- hubq:end \1 -->"
    card = re.sub(blocks, "", card, flags=re.DOTALL)
    timed = ("| Time |", "The code under ", "<!-- hubq:begin ")
    return "\n".join(line for line in card.splitlines() if not line.startswith(timed))


def scored(folder: Path, runs: str) -> dict[str, str]:
    """Return every number of the card that is in points, percent of a score or a probability."""
    claims = json.loads(kept(folder, runs, "hubq.json"))["claims"]
    names = ("score.", "delta", "p.", "average", "recovery", "relative", "kl", "fidelity", "size.")
    return {c["id"]: c["shown"] for c in claims if c["id"].startswith(names)}


def kept(folder: Path, runs: str, name: str) -> str:
    """Return a file of the variant's card."""
    release = load_release(folder / runs, "model")
    return (Store(folder / runs).folder(release.keys["card/GPTQ-Int4"]) / name).read_text()


def test_a_release_killed_in_every_stage_ends_as_if_it_never_was(folder: Path) -> None:
    seen = []
    for kind in Kind:
        before = {s["key"] for s in planned(folder, "killed") if s["state"] == "cached"}
        seen.append(kill_during(folder, "killed", kind))
        after = {s["key"] for s in planned(folder, "killed") if s["state"] == "cached"}
        assert before <= after
    # The stages that hubq does itself take milliseconds; the kill may come just after them.
    assert sum(map(bool, seen)) >= 5, seen
    assert hubq(*arguments("killed"), cwd=folder).returncode == 0
    assert hubq(*arguments("whole"), cwd=folder).returncode == 0
    killed, whole = (steady(kept(folder, runs, "README.md")) for runs in ("killed", "whole"))
    assert killed == whole
    assert scored(folder, "killed") == scored(folder, "whole")
    assert len(scored(folder, "whole")) > 15
    again = hubq(*arguments("killed"), cwd=folder)
    assert "Nothing to do" in again.stderr

"""The demo's published variants are evaluated again by the real engine, and tampering shows."""

from __future__ import annotations

import contextlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import HfApi, constants

from hubq.model.stage import Plan
from hubq.release.endpoint import local_server
from hubq.release.machine import Machine
from hubq.release.options import Options
from hubq.release.rerunning import Rerun, describe, rerun
from hubq.runner import Observer
from tests.backend.conftest import Demo

pytestmark = pytest.mark.backend

VARIANT = "GPTQ-Int4"
REPO = f"demo/nano-qwen2-vl-{VARIANT}"
TASKS = 5


@pytest.fixture(scope="module")
def downloaded(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A variant's repo as the real client downloads it."""
    constants.HF_HUB_DISABLE_XET = True
    with local_server(demo.runs / "hub") as server:
        api = HfApi(endpoint=server.url, token=False)
        return Path(api.snapshot_download(REPO, local_dir=tmp_path_factory.mktemp("repo")))


@contextlib.contextmanager
def watching(_: Plan) -> Iterator[Observer]:
    yield lambda _: None


def again(source: str, runs: Path, count: int, **changes: Any) -> Rerun:
    options = Options(source=source, runs_dir=runs, device="cpu", **changes)
    return rerun(options, count, watching, lambda _: None)


def tamper(folder: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Change every published sample of the variant."""
    path = folder / "evidence" / f"{VARIANT}.zip"
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        for name, content in entries.items():
            lines = content.splitlines() if name.endswith("/samples.jsonl") else []
            changed = [json.dumps(change(json.loads(line))).encode() + b"\n" for line in lines]
            archive.writestr(name, b"".join(changed) if lines else content)
    path.write_bytes(raw.getvalue())


def test_a_published_repo_agrees_with_what_it_says(demo: Demo, tmp_path: Path) -> None:
    hub = demo.runs / "hub"
    (tmp_path / "hub").symlink_to(hub)
    found = again(REPO, tmp_path, 60, hub="local")
    assert found.agrees, describe(found)
    assert found.n == 60
    assert found.label.startswith(f"{REPO}@")
    assert len(found.tasks) == TASKS
    assert all(task.n == 60 // TASKS == task.prompts for task in found.tasks)
    # Other questions share a batch now, which moves a word here and there.
    assert sum(task.words or 0 for task in found.tasks) >= 54, describe(found)
    assert not found.skipped
    assert not found.remarks


def test_it_is_asked_where_it_was_asked_before(downloaded: Path, tmp_path: Path) -> None:
    evidence = json.loads((downloaded / "hubq.json").read_text())
    published = {
        one["environment"]
        for one in evidence["results"].values()
        if one["stage"].startswith(f"generate/{VARIANT}/") and one["backend"] == "transformers"
    }
    machine = Machine(Options(source=str(downloaded), runs_dir=tmp_path, device="cpu"))
    assert published == {machine.environment_digest("gptqmodel")}


def test_answers_that_it_never_gave_disagree(downloaded: Path, tmp_path: Path) -> None:
    def worse(sample: dict[str, Any]) -> dict[str, Any]:
        outputs = sample["output"]
        shown = "no idea" if isinstance(outputs, str) else ["no idea" for _ in outputs]
        return {**sample, "output": shown, "extraction": "unparsed", "score": 0.0}

    tamper(downloaded, worse)
    found = again(str(downloaded), tmp_path, 20)
    assert not found.agrees, describe(found)
    assert found.p < 0.05
    assert any("scores differently" in line for line in describe(found))

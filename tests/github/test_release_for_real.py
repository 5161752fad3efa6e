"""The release workflow whole: hubq installed as the action does it, the nano model, both jobs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from hubq.localhub.server import LocalHub
from hubq.resources import cache_folder
from tests.fakes import WRITER
from tests.github.conftest import Artifacts
from tests.github.runner import ROOT, Job, Runner

pytestmark = pytest.mark.backend

MODEL = ROOT / "examples" / "nano-qwen2-vl" / "model"


def test_a_family_goes_from_source_to_hub(artifacts: Artifacts, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    # Built once for all tests of this machine.
    (home / "cache").symlink_to(cache_folder())
    with LocalHub(tmp_path / "hub", faults=True) as server:
        server.storage.accounts.add("alice", role="write", orgs=("acme",), token=WRITER)

        def run(name: str) -> dict[str, Job]:
            runner = Runner(
                tmp_path / name,
                actions=artifacts.actions(),
                environments={"hub": {"HF_WRITE_TOKEN": WRITER}},
                environ=_environ(),
            )
            return runner.run("release", _inputs(home, server.url))

        first = run("first")
        assert [job.result for job in first.values()] == ["success", "success"], _logs(first)
        repos = json.loads(first["push"].outputs["repos"])
        assert repos == {"GPTQ-Int8": f"{server.url}/acme/model-GPTQ-Int8"}
        assert "model.safetensors" in server.storage.repo("acme/model-GPTQ-Int8").files()
        assert "| GPTQ-Int8 | GPTQ | 8 |" in first["make"].summary
        made = json.loads((tmp_path / "first/make/temp/hubq-make.json").read_text())
        assert "quantize/GPTQ-Int8" in made["ran"]
        artifacts.folder.rename(tmp_path / "artifacts of the first run")
        again = run("again")
        assert again["push"].result == "success", _logs(again)
        made = json.loads((tmp_path / "again/make/temp/hubq-make.json").read_text())
        assert made["ran"] == []


def _inputs(home: Path, hub: str) -> dict[str, str]:
    return {
        "source": str(MODEL),
        "namespace": "acme",
        "recipe": "nano",
        "variants": "GPTQ-Int8",
        "device": "cpu",
        "hub": hub,
        "home": str(home),
        "arguments": "--limit\n40",
    }


def _environ() -> dict[str, str]:
    """Return what of this process a runner has too: how packages are found, and one thread."""
    kept = ("HOME", "LANG", "OMP_NUM_THREADS", "PIP_", "UV_")
    return {name: value for name, value in os.environ.items() if name.startswith(kept)}


def _logs(jobs: Mapping[str, Job]) -> str:
    return "\n".join(job.log for job in jobs.values())

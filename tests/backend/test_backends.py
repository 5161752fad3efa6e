"""Whole releases by the other backends, and certificates of what they published."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from huggingface_hub import HfApi, constants

from hubq.release.endpoint import local_server
from hubq.release.status import load_release
from hubq.release.tracing import claims_of, trace_claim
from hubq.resources import bundled
from hubq.store import Store
from hubq.workers.environments import EnvironmentStore
from hubq.workers.specs import spec_for
from tests.backend.conftest import hubq

pytestmark = pytest.mark.backend

NAME = "nano-qwen2-vl"
VARIANTS = (
    *("AutoGPTQ-Int8", "AutoGPTQ-Int4", "AutoAWQ"),
    *("FP8-Dynamic", "W8A8", "W4A16", "W4A16-AWQ"),
)
#: One of each format: GPTQ, AWQ, INT8 weights and activations.
FORMATS = ("AutoGPTQ-Int4", "AutoAWQ", "W8A8")


class Released(msgspec.Struct, frozen=True):
    """A finished release: the folder it ran in, its runs folder, its published repos."""

    folder: Path
    runs: Path
    repos: dict[str, Path]


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Released:
    """Release the nano model by other backends to the embedded Hub and download the repos."""
    folder = tmp_path_factory.mktemp("backends")
    shutil.copytree(bundled("examples") / NAME / "model", folder / NAME)
    recipe = yaml.safe_load((bundled("recipes") / "nano-methods.yaml").read_text())
    recipe |= {"name": "backends", "engines": ["transformers"]}
    recipe["variants"] = [v for v in recipe["variants"] if v["name"] in VARIANTS]
    (folder / "backends.yaml").write_text(yaml.safe_dump(recipe))
    arguments = ("release", f"./{NAME}", "--recipe", "./backends.yaml", "--namespace", "acme")
    done = hubq(*arguments, "--hub", "local", "--yes", "--runs-dir", "runs", cwd=folder)
    assert done.returncode == 0, done.stderr[-3000:]
    constants.HF_HUB_DISABLE_XET = True
    with local_server(folder / "runs" / "hub") as server:
        api = HfApi(endpoint=server.url, token=False)
        repos = {
            name: Path(
                api.snapshot_download(f"acme/{NAME}-{name}", local_dir=folder / "repos" / name)
            )
            for name in VARIANTS
        }
    return Released(folder, folder / "runs", repos)


def score(released: Released, variant: str, task: str) -> float:
    release = load_release(released.runs, NAME)
    result = Store(released.runs).load(release.keys[f"score/{variant}/{task}"])
    return result.measure("score").value


@pytest.mark.parametrize("variant", VARIANTS)
def test_it_is_certified_and_answers_about_as_well_as_the_source(
    released: Released, variant: str
) -> None:
    release = load_release(released.runs, NAME)
    assert Store(released.runs).load(release.keys[f"certify/{variant}"]).facts["good"]
    for stage in release.plan.stages:
        if stage.id.startswith(f"score/{variant}/"):
            result = Store(released.runs).load(release.keys[stage.id])
            assert result.measure("score").n >= 100
            assert score(released, variant, stage.task) > score(released, "BF16", stage.task) - 0.2


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_number_on_its_card_is_found_again(released: Released, variant: str) -> None:
    for claim in claims_of(released.runs, NAME, variant):
        found = trace_claim(released.runs, NAME, variant, claim.id)
        assert found.agrees, (claim.id, found.problem)


@pytest.mark.parametrize("variant", FORMATS)
def test_the_cards_own_snippet_loads_the_repo_and_answers(
    released: Released, variant: str, tmp_path: Path
) -> None:
    from PIL import Image

    picture = tmp_path / "picture.png"
    Image.new("RGB", (84, 84), "green").save(picture)
    card = (released.repos[variant] / "README.md").read_text()
    snippet = re.findall(r"```python\n(.*?)```", card, re.DOTALL)[0]
    snippet = snippet.replace(f"acme/{NAME}-{variant}", str(released.repos[variant]))
    script = tmp_path / "snippet.py"
    script.write_text(snippet.replace("picture.png", str(picture)))
    environment = EnvironmentStore().find(spec_for("gptqmodel", "cpu"))
    assert environment is not None
    done = subprocess.run(
        [str(environment.interpreter), "-I", str(script)],
        env={"HF_HUB_OFFLINE": "1", "PATH": "/usr/bin:/bin", **environment.variables},
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_published_repo_is_certified_by_anybody(released: Released) -> None:
    repo = released.repos["AutoGPTQ-Int4"]
    source = str(released.folder / NAME)
    arguments = ("certify", str(repo), "--source", source, "--format", "json")
    done = hubq(*arguments, cwd=released.folder)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["good"]
    assert found["measures"]["kl"]["value"] < 0.5


def test_a_broken_one_is_refused_with_the_fault_named(released: Released, tmp_path: Path) -> None:
    broken = tmp_path / "broken-GPTQ-Int8"
    shutil.copytree(released.repos["AutoGPTQ-Int4"], broken)
    (broken / "chat_template.jinja").unlink()
    done = hubq("certify", str(broken), cwd=tmp_path)
    assert done.returncode == 3
    assert "broken-GPTQ-Int8 says 8 bits, the tensors have 4" in done.stdout
    assert "chat template" in done.stdout
    assert "REFUSED" in done.stdout

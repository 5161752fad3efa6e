"""The real `hf` program and the real client library see what was published, byte for byte."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hubq.hub.huggingface import HuggingFaceHub
from hubq.hub.port import Content
from hubq.hub.publication.plan import Merged, Wanted
from hubq.hub.publication.planning import plan_family
from hubq.hub.publication.protocol import publish
from hubq.localhub.server import LocalHub
from hubq.model.publication import Terms
from tests.fakes import model_files, write_files

pytestmark = pytest.mark.long

REPO = "local/nano-GPTQ-Int4"
HF = Path(sys.executable).with_name("hf")
SNAPSHOT = """
import sys
from huggingface_hub import snapshot_download
print(snapshot_download(sys.argv[1], revision="main"))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with a card, nested files, and a shard that goes in parts."""
    files = model_files()
    files["evidence/GPTQ-Int4.zip"] = os.urandom(5000)
    files["charts/deltas.svg"] = b"<svg/>"
    files["model-00002-of-00002.safetensors"] = os.urandom(900_000)
    return write_files(tmp_path_factory.mktemp("model"), files)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[LocalHub]:
    """An embedded Hub with the model, published as a release publishes it."""
    directory = tmp_path_factory.mktemp("hub")
    with LocalHub(directory, faults=True, durable=False, part_bytes=256 << 10) as served:
        hub = HuggingFaceHub(served.url, served.token)
        wanted = Wanted(
            variant="GPTQ-Int4",
            repo=REPO,
            files=paths(folder),
            title="Release GPTQ-Int4 of acme/nano with hubq",
        )
        plan = plan_family(
            hub, [wanted], release="nano", source="acme/nano", terms=Terms(), merge=as_rendered
        )
        done = publish(hub, plan, directory.with_name("publication"))
        assert [(repo.repo, repo.way) for repo in done.repos] == [(REPO, "LFS")]
        yield served


def paths(folder: Path) -> dict[str, Content]:
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path for path in found}


def as_rendered(repo: str, there: bytes, facts: bytes, card: bytes) -> Merged:
    return Merged(content=card)


def ran(hub: LocalHub, home: Path, *command: str) -> str:
    """Run a program that knows nothing of hubq, and return what it writes."""
    environment = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HOME": str(home)}
    environment |= {"HF_TOKEN": hub.token, "HF_HUB_DISABLE_UPDATE_CHECK": "1"}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def same(folder: Path, there: Path) -> None:
    """Check that a download holds these very files, and but the Hub's own beside them."""
    names = set(paths(folder))
    check = ["sha256sum", "--check", "--quiet", "SHA256SUMS"]
    subprocess.run(check, cwd=there, check=True, capture_output=True)
    found = {name for name in paths(there) if not name.startswith(".cache/")}
    assert found - {".gitattributes", "SHA256SUMS"} == names
    for name in names:
        assert (there / name).read_bytes() == (folder / name).read_bytes(), name


def test_a_snapshot_has_the_same_bytes(published: LocalHub, folder: Path, tmp_path: Path) -> None:
    out = ran(published, tmp_path, sys.executable, "-c", SNAPSHOT, REPO)
    same(folder, Path(out.strip().splitlines()[-1]))


def test_hf_download_has_the_same_bytes_and_verifies_them(
    published: LocalHub, folder: Path, tmp_path: Path
) -> None:
    here = tmp_path / "downloaded"
    ran(published, tmp_path, str(HF), "download", REPO, "--local-dir", str(here))
    same(folder, here)
    strict = ("--fail-on-missing-files", "--fail-on-extra-files", "--json")
    local = ran(
        published, tmp_path, str(HF), "cache", "verify", REPO, "--local-dir", str(here), *strict
    )
    assert json.loads(local)
    ran(published, tmp_path, str(HF), "download", REPO)
    ran(published, tmp_path, str(HF), "cache", "verify", REPO, *strict)


def test_hf_cache_verify_finds_a_flipped_byte(
    published: LocalHub, folder: Path, tmp_path: Path
) -> None:
    here = tmp_path / "downloaded"
    ran(published, tmp_path, str(HF), "download", REPO, "--local-dir", str(here))
    shard = here / "model.safetensors"
    content = bytearray(shard.read_bytes())
    content[-1] ^= 1
    shard.write_bytes(content)
    with pytest.raises(AssertionError, match=r"model\.safetensors"):
        ran(published, tmp_path, str(HF), "cache", "verify", REPO, "--local-dir", str(here))


def test_the_repo_s_pages_of_the_hf_program(published: LocalHub, tmp_path: Path) -> None:
    told = json.loads(ran(published, tmp_path, str(HF), "models", "info", REPO, "--json"))
    assert told["id"] == REPO
    assert told["private"] is False

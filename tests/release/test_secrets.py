"""Two planted tokens are in nothing that a full release writes, says or sends, whatever happens.

The release is done by the program itself, in a process of its own, against a Hub in another; its
workers write every secret that they can find into their logs.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from hubq.localhub.faults import Fault
from hubq.localhub.server import LocalHub
from tests.release.stand_in import write_recipe, write_source

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
IN_USE = "planted+of no/shape=0123456789"
STORED = "hf_" + "pLaNtEd9" * 4 + "Zq"
FORMS = [
    form
    for token in (IN_USE, STORED)
    for form in (
        token,
        quote(token),
        quote(token, safe=""),
        *(base64.b64encode(b"x" * n + token.encode()).decode()[4:-4] for n in range(3)),
        *(base64.urlsafe_b64encode(b"x" * n + token.encode()).decode()[4:-4] for n in range(3)),
    )
]
_WRAPPER = """#!{python}
import os, sys
leaky = ["{worker}"] if sys.argv[-1] == "--serve" else sys.argv[1:]
os.execv("{python}", ["{python}", *leaky])
"""
_BUG = """
import sys
from hubq.cli import main as program
from hubq.hub.huggingface import HuggingFaceHub

class Broken(HuggingFaceHub):
    def whoami(self):
        token = self._api().token
        headers = {"Authorization": "Bearer " + token}
        raise KeyError("no account for " + token + " in " + repr(headers))

HuggingFaceHub.whoami = Broken.whoami
program.main()
"""


class Place:
    """A folder with a home, a source, a recipe, leaky workers and a Hub."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        store = self.home / ".cache" / "huggingface"
        store.mkdir(parents=True)
        (store / "token").write_text(STORED)
        self.source = write_source(folder / "Small")
        self.recipe = write_recipe(folder / "recipe")
        self.python = folder / "python"
        worker = Path(__file__).with_name("leaky_worker.py")
        self.python.write_text(_WRAPPER.format(python=sys.executable, worker=worker))
        self.python.chmod(0o755)
        self.hub = LocalHub(folder / "hub", faults=True, durable=False)
        self.hub.storage.accounts.add("alice", role="write", token=IN_USE)
        self.said = ""

    def run(self, *words: str, code: str = "") -> int:
        """Run the program on the source and return its exit status; what it said is kept."""
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "HF_TOKEN": IN_USE,
            "HF_DEBUG": "1",
            "HF_ENDPOINT": self.hub.url,
            "HUBQ_CACHE": str(self.folder / "cache"),
            "PYTHONPATH": str(ROOT),
        }
        program = ["-c", code] if code else ["-m", "hubq.cli"]
        options = ["--recipe", str(self.recipe), "--runs-dir", str(self.folder / "runs")]
        options += ["--device", "cpu", "--interpreter", f"gptqmodel={self.python}", "--yes"]
        command = [sys.executable, *program, words[0], str(self.source), *options, *words[1:]]
        done = subprocess.run(
            command, capture_output=True, text=True, env=environ, cwd=self.folder, check=False
        )
        self.said += done.stdout + done.stderr
        return done.returncode

    def leaks(self) -> list[str]:
        """Return where a planted token stands: what was said, every file, what archives hold."""
        found = [f"said: {form}" for form in FORMS if form in self.said]
        own = {self.home / ".cache/huggingface/token", self.folder / "hub" / "accounts.json"}
        for path in self.folder.rglob("*"):
            if path.is_file() and path not in own:
                found += [f"{path}: {form}" for form in FORMS if _holds(path.read_bytes(), form)]
        return found

    def sent(self) -> list[str]:
        """Return the requests that changed something at the Hub."""
        assert self.hub.faults is not None
        log = self.hub.faults.log()
        return [f"{one.method} {one.path}" for one in log if one.method not in {"GET", "HEAD"}]


def _holds(content: bytes, form: str) -> bool:
    return any(form.encode() in one for one in _unpacked(content))


def _unpacked(content: bytes) -> Iterator[bytes]:
    yield content
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                yield from _unpacked(archive.read(name))
    elif content.startswith(b"\x1f\x8b"):
        yield from _unpacked(gzip.decompress(content))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    found = Place(tmp_path)
    with found.hub:
        yield found


def test_a_release_writes_no_token_anywhere_whatever_happens(place: Place) -> None:
    faults = place.hub.faults
    assert faults is not None
    (place.home / "crash").write_text("")
    assert place.run("release") in {1, 3}, place.said
    assert "crashed with" in place.said
    assert place.leaks() == []
    (place.home / "crash").unlink()

    header = f"Authorization: Bearer {IN_USE} and {quote(IN_USE)}"
    refusal = {"X-Error-Message": f"refused to {header}"}
    body = json.dumps({"error": f"refused to {header}"})
    faults.add(Fault(match="POST /api/repos/create", status=403, headers=refusal, body=body))
    assert place.run("release") in {2, 4}, place.said
    assert "refused to" in place.said
    faults.add(Fault(match="POST .*/commit/", status=403, headers=refusal, body=body, skip=1))
    assert place.run("release") in {2, 4}, place.said
    assert list((place.folder / "runs" / "publications").rglob("journal.json"))
    assert place.leaks() == []

    assert place.run("release", code=_BUG) == 1, place.said
    assert "Traceback" in place.said
    assert "no account for ***" in place.said

    assert place.run("release") == 0, place.said
    assert place.run("push", "--dry-run", "--format", "json") == 0, place.said
    repo = place.hub.storage.repo("alice/Small-AWQ")
    assert "README.md" in repo.files()
    assert "hubq.json" in repo.files()
    assert place.leaks() == []


def test_the_search_finds_what_is_planted(place: Place) -> None:
    """The test above would be worth nothing if its search were blind."""
    assert place.leaks() == []
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("log.txt", f"x {STORED} y")
    (place.folder / "evidence.zip").write_bytes(packed.getvalue())
    (place.folder / "basic").write_bytes(base64.b64encode(b"ab" + IN_USE.encode() + b"tail"))
    place.said = quote(IN_USE)
    assert len({leak.split(": ")[0] for leak in place.leaks()}) == 3


@pytest.mark.parametrize("token", [IN_USE, STORED])
def test_a_token_in_the_checkpoint_is_refused_before_a_byte_is_sent(
    place: Place, token: str
) -> None:
    config = place.source / "generation_config.json"
    config.write_text(json.dumps({"note": token}))
    assert place.run("release") == 3, place.said
    assert "generation_config.json holds" in place.said
    assert place.sent() == []
    assert token not in place.said


def test_a_token_in_the_evidence_is_refused_before_a_byte_is_sent(place: Place) -> None:
    """One of somebody else's, that a model or a data set may have said."""
    token = "ghp_" + "aB1" * 12
    (place.home / "planted").write_text(token)
    assert place.run("release") == 3, place.said
    assert "evidence/AWQ.zip holds a GitHub token (in " in place.said
    assert place.sent() == []
    assert token not in place.said

"""A process that is killed in the middle of a large file: the next one goes on inside it."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from hubq.hub.huggingface import HuggingFaceHub
from hubq.localhub.faults import Fault
from hubq.localhub.server import LocalHub

pytestmark = pytest.mark.long

REPO = "local/big"
NAME = "model-00001-of-00001.safetensors"
PART = 4 << 20
SIZE = 40_000_000
PARTS = -(-SIZE // PART)

SCRIPT = """
import signal, sys
from pathlib import Path
from hubq.hub.huggingface import HuggingFaceHub
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where & has started us
url, token, repo, name, shard, sha256, notes = sys.argv[1:]
hub = HuggingFaceHub(url, token)
way = hub.upload(repo, {name: Path(shard)}, known={name: sha256}, notes=Path(notes))
print(way)
"""


@pytest.fixture
def shard(tmp_path: Path) -> Path:
    path = tmp_path / "shard"
    path.write_bytes(os.urandom(SIZE))
    return path


@pytest.fixture
def served(tmp_path: Path) -> Iterator[LocalHub]:
    with LocalHub(tmp_path / "hub", faults=True, part_bytes=PART, durable=False) as hub:
        HuggingFaceHub(hub.url, hub.token).create(REPO, private=False)
        yield hub


def start(hub: LocalHub, shard: Path, notes: Path, script: str = SCRIPT) -> subprocess.Popen[str]:
    sha256 = hashlib.sha256(shard.read_bytes()).hexdigest()
    given = [hub.url, hub.token, REPO, NAME, str(shard), sha256, str(notes)]
    here = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(here)}
    return subprocess.Popen(
        [sys.executable, "-c", script, *given],
        cwd=here,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def noted(notes: Path) -> int:
    """How many parts the notes, a file or those of a publication, know to have arrived."""
    files = [notes] if notes.is_file() else list(notes.glob("uploads/*.json"))
    books = [msgspec.json.decode(file.read_bytes()) for file in files]
    return sum(len(one["etags"]) for book in books for one in book["contents"].values())


def wait_for(notes: Path, parts: int) -> None:
    for _ in range(600):
        if noted(notes) >= parts:
            return
        time.sleep(0.05)
    raise AssertionError(f"{noted(notes)} parts arrived, not {parts}")


def taken(hub: LocalHub) -> list[int]:
    """The parts that the server took, in the order of their answers."""
    assert hub.faults is not None
    queries = [e.query for e in hub.faults.log() if e.method == "PUT" and e.status == 200]
    fields = [field for query in queries for field in query.split("&")]
    return [int(f.removeprefix("part=")) for f in fields if f.startswith("part=")]


def stall_after(hub: LocalHub, parts: int) -> None:
    """Let all further parts wait, so that a kill finds them on their way."""
    assert hub.faults is not None
    hub.faults.add(Fault(match="PUT /_lfs/part", skip=parts, times=99, delay=4.0))


@pytest.mark.parametrize("arrived", [1, 4, 9])
def test_a_killed_upload_goes_on_where_it_was(
    served: LocalHub, shard: Path, tmp_path: Path, arrived: int
) -> None:
    notes = tmp_path / "uploads.json"
    stall_after(served, arrived)
    process = start(served, shard, notes)
    wait_for(notes, arrived)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert served.faults is not None
    served.faults.clear()
    before = taken(served)
    assert len(before) == arrived
    again = start(served, shard, notes)
    out, err = again.communicate(timeout=60)
    assert (again.returncode, out) == (0, "LFS\n"), err
    assert sorted(taken(served)) == list(range(1, PARTS + 1))
    assert taken(served)[:arrived] == before
    assert not notes.exists()
    stored = served.storage.blobs.read(hashlib.sha256(shard.read_bytes()).hexdigest())
    assert stored == shard.read_bytes()


def test_ctrl_c_ends_it_at_once(served: LocalHub, shard: Path, tmp_path: Path) -> None:
    notes = tmp_path / "uploads.json"
    stall_after(served, 2)
    process = start(served, shard, notes)
    wait_for(notes, 2)
    asked = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert time.monotonic() - asked < 3
    assert process.returncode != 0
    assert "KeyboardInterrupt" in err
    assert noted(notes) >= 2


PUBLISH = """
import sys
from pathlib import Path
from hubq.hub.huggingface import HuggingFaceHub
from hubq.hub.publication.plan import Merged, Wanted
from hubq.hub.publication.planning import plan_family
from hubq.hub.publication.protocol import publish, resume, unfinished
from hubq.model.publication import Terms
url, token, repo, name, shard, sha256, folder = sys.argv[1:]
hub, at = HuggingFaceHub(url, token), Path(folder)
if unfinished(at):
    done = resume(hub, at)
else:
    files = {name: Path(shard), "README.md": b"---\\nlicense: apache-2.0\\n---\\n# A card\\n"}
    one = Wanted(
        variant="AWQ", repo=repo, files=files, known={name: sha256},
        title="Release AWQ of acme/nano with hubq",
    )
    plan = plan_family(
        hub, [one], release="nano", source="acme/nano", terms=Terms(),
        merge=lambda repo, there, facts, card: Merged(content=card),
    )
    done = publish(hub, plan, at)
print(done.repos[0].way)
"""


def test_a_killed_publication_goes_on_inside_the_shard(
    served: LocalHub, shard: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "publication"
    stall_after(served, 4)
    process = start(served, shard, folder, PUBLISH)
    wait_for(folder, 4)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    hub = HuggingFaceHub(served.url, served.token)
    assert set(hub.tree(REPO)) == {".gitattributes"}
    assert served.faults is not None
    served.faults.clear()
    again = start(served, shard, folder, PUBLISH)
    out, err = again.communicate(timeout=60)
    assert (again.returncode, out) == (0, "LFS\n"), err
    assert sorted(taken(served)) == list(range(1, PARTS + 1))
    assert hub.tree(REPO)[NAME].oid == hashlib.sha256(shard.read_bytes()).hexdigest()
    titles = [past.title for past in hub.history(REPO)]
    assert titles == ["Release AWQ of acme/nano with hubq", "initial commit"]
    assert set(hub.refs(REPO).branches) == {"main"}

"""A place is a repo at a commit, or a folder, and reads alike."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from hubq.errors import BadInput
from hubq.hub.hashes import git_oid
from hubq.verify.place import FolderPlace, Place, RepoPlace, open_place
from tests.fakes import FakeHub, write_files

FILES = {"README.md": b"# Hi\n", "model.safetensors": b"weights", "evidence/AWQ.zip": b"zip"}


@pytest.fixture
def hub(tmp_path: Path) -> FakeHub:
    found = FakeHub(tmp_path / "snapshots")
    found.add("acme/One", FILES)
    return found


def test_a_repo_is_read_at_one_commit(hub: FakeHub) -> None:
    place = RepoPlace(hub, "acme/One")
    hub.add("acme/One", {"README.md": b"# Later\n"})
    assert place.read("README.md") == b"# Hi\n"
    assert place.label == f"acme/One@{place.commit[:7]}"
    listing = place.listing()
    assert listing["README.md"].git == git_oid(b"# Hi\n")
    assert listing["model.safetensors"].sha256 == hashlib.sha256(b"weights").hexdigest()


def test_a_small_file_is_read_once(hub: FakeHub) -> None:
    place = RepoPlace(hub, "acme/One")
    for _ in range(3):
        place.read("README.md")
    assert sum(call.startswith("read") for call in hub.asked) == 1


def test_a_folder_leaves_out_what_git_and_the_client_put_there(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "one", FILES)
    write_files(folder, {".git/HEAD": b"x", ".cache/huggingface/a.lock": b"x"})
    (folder / "link.txt").symlink_to(folder / "README.md")
    place = FolderPlace(folder)
    assert set(place.listing()) == {*FILES, "link.txt"}
    assert place.sha256("link.txt") == hashlib.sha256(b"# Hi\n").hexdigest()


@pytest.mark.parametrize("kind", ["repo", "folder"])
def test_a_file_that_is_not_there_is_said_to_be_missing(
    hub: FakeHub, tmp_path: Path, kind: str
) -> None:
    folder = write_files(tmp_path / "one", FILES)
    place: Place = RepoPlace(hub, "acme/One") if kind == "repo" else FolderPlace(folder)
    with pytest.raises(BadInput, match=r"no file nothing\.json"):
        place.read("nothing.json")


def test_a_target_is_a_folder_or_a_repo_at_a_revision(hub: FakeHub, tmp_path: Path) -> None:
    first = RepoPlace(hub, "acme/One").commit
    hub.add("acme/One", {"README.md": b"# Later\n"})
    write_files(tmp_path / "one", FILES)
    assert isinstance(open_place(str(tmp_path / "one"), lambda: hub), FolderPlace)
    assert open_place(f"acme/One@{first}", lambda: hub).commit == first
    assert open_place("acme/One", lambda: hub).commit != first


@pytest.mark.parametrize("target", ["nothing", "./no/such", "/no/such", "a/b/c", "acme/"])
def test_what_is_neither_is_refused(hub: FakeHub, target: str) -> None:
    with pytest.raises(BadInput, match="neither a folder nor a repo"):
        open_place(target, lambda: hub)


def test_a_repo_that_is_not_there_is_refused(hub: FakeHub) -> None:
    with pytest.raises(BadInput):
        open_place("acme/Two", lambda: hub)

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from hubq.localhub import Storage
from hubq.localhub.problems import BadRequestError, ConflictError, RepoNotFoundError


def test_reading_an_absent_folder_finds_nothing_and_creates_nothing(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "none")
    assert storage.repos() == []
    assert storage.collections.all() == []
    with pytest.raises(RepoNotFoundError):
        storage.repo("a/b")
    assert not (tmp_path / "none").exists()


def test_a_repo_is_read_without_a_server(storage: Storage) -> None:
    repo = storage.create_repo("acme/model", author="local")
    entry = storage.store_file(b"hello\n")
    oid = repo.advance("main", {"a/b.txt": entry}, author="local", title="Add a file")
    again = Storage(storage.directory)
    assert [found.id for found in again.repos()] == ["acme/model"]
    assert again.repo("acme/model").head() == oid
    assert again.repo("acme/model").read("a/b.txt") == b"hello\n"
    assert list(again.repo("acme/model").files()) == [".gitattributes", "a/b.txt"]


def test_reading_needs_neither_starlette_nor_uvicorn() -> None:
    code = "import sys, hubq.localhub; print({'starlette', 'uvicorn', 'jinja2'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_writers_token_stays_the_same_and_is_private(storage: Storage) -> None:
    token = storage.writer_token()
    assert token.startswith("hf_")
    assert Storage(storage.directory).writer_token() == token
    mode = stat.S_IMODE((storage.directory / "accounts.json").stat().st_mode)
    assert mode == 0o600


@pytest.mark.parametrize(
    "repo_id", ["model", "a/b/c", "../x", "a/..", "a/.hidden", "api/model", "a/b--c", "a/b.", ""]
)
def test_it_refuses_ids_that_the_hub_would_refuse(storage: Storage, repo_id: str) -> None:
    with pytest.raises(BadRequestError):
        storage.create_repo(repo_id, author="local")


def test_a_repo_can_be_made_once_deleted_and_made_again(storage: Storage) -> None:
    storage.create_repo("a/b", author="local")
    with pytest.raises(ConflictError):
        storage.create_repo("a/b", author="local")
    storage.create_repo("a/b", "dataset", author="local")
    storage.delete_repo("a/b")
    assert storage.repos() == []
    assert [repo.id for repo in storage.repos("dataset")] == ["a/b"]
    assert storage.create_repo("a/b", author="local").id == "a/b"


def test_a_moved_repo_keeps_its_history(storage: Storage) -> None:
    head = storage.create_repo("a/old", author="local").head()
    storage.create_repo("a/taken", author="local")
    storage.move_repo("a/old", "b/new")
    assert storage.repo("b/new").head() == head
    assert storage.repo("b/new").id == "b/new"
    with pytest.raises(ConflictError):
        storage.move_repo("b/new", "a/taken")
    with pytest.raises(RepoNotFoundError):
        storage.repo("a/old")


def test_commits_made_at_once_are_all_kept(storage: Storage) -> None:
    repo = storage.create_repo("a/b", author="local")

    def add(number: int) -> None:
        own = storage.repo("a/b")
        for step in range(5):
            entry = storage.store_file(f"{number} {step}".encode())
            own.advance("main", {f"{number}-{step}.txt": entry}, author="local", title="Add")

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(repo.files()) == 1 + 40
    assert len(list(repo.history())) == 1 + 40


_WRITER = """
import sys
from pathlib import Path
from hubq.localhub import Storage
storage = Storage(Path(sys.argv[1]))
repo = storage.repo("a/b")
print("ready", flush=True)
number = 0
while True:
    number += 1
    entry = storage.store_file(b"%d" % number * 50_000)
    repo.advance("main", {"file.txt": entry}, author="local", title=f"Commit {number}")
"""


@pytest.mark.parametrize("attempt", range(3))
def test_a_killed_writer_leaves_whole_commits_only(storage: Storage, attempt: int) -> None:
    repo = storage.create_repo("a/b", author="local")
    command = [sys.executable, "-c", _WRITER, str(storage.directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        deadline = threading.Event()
        deadline.wait(0.03 + 0.04 * attempt)
        os.kill(writer.pid, signal.SIGKILL)
    history = list(repo.history())
    assert history
    for oid, commit in history:
        assert commit.id == oid
        for path, entry in commit.files.items():
            content = repo.blobs.read(entry.blob)
            assert len(content) == entry.size, path
    blobs = [path for path in (storage.directory / "blobs").rglob("*") if path.is_file()]
    for blob in blobs:
        if not blob.name.startswith(".part-"):
            assert storage.blobs.put(blob.read_bytes()) == blob.name

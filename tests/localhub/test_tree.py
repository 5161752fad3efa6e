from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from hubq.localhub import Storage
from hubq.localhub.problems import EntryNotFoundError
from hubq.localhub.tree import Folder, folder, lookup, walk

_FILES = {"a.txt": b"a\n", "b/c.txt": b"c\n", "b/d/e.txt": b"e\n", "b.txt": b"b\n"}


def test_folders_are_listed_one_level_at_a_time_or_all_at_once(storage: Storage) -> None:
    files = {path: storage.store_file(content) for path, content in _FILES.items()}
    assert list(walk(files)) == ["a.txt", "b", "b.txt"]
    assert list(walk(files, "b")) == ["b/c.txt", "b/d"]
    assert list(walk(files, recursive=True)) == sorted([*_FILES, "b", "b/d"])
    assert isinstance(lookup(files, "b/d"), Folder)
    assert lookup(files, "b/x") is None
    with pytest.raises(EntryNotFoundError):
        walk(files, "none")


def test_ids_are_those_of_git(storage: Storage, tmp_path: Path) -> None:
    work = tmp_path / "work"
    for path, content in _FILES.items():
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        (work / path).write_bytes(content)

    def git(*arguments: str) -> str:
        command = ["git", "-c", "core.autocrlf=false", *arguments]
        done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    git("init", "--quiet")
    git("add", ".")
    files = {path: storage.store_file(content) for path, content in _FILES.items()}
    assert folder(files, "").oid == git("write-tree")
    assert files["a.txt"].git == git("hash-object", "a.txt")

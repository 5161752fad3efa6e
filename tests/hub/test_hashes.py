from __future__ import annotations

import hashlib
import os
from pathlib import Path

from hubq.hub.hashes import Fingerprint, HashCache, fingerprint, git_oid, local_files
from hubq.hub.port import RemoteFile


def _old(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    os.utime(path, ns=(10**18, 10**18))
    return path


def test_git_oid_is_what_git_says() -> None:
    # `printf 'hello\n' | git hash-object --stdin`
    assert git_oid(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"


def test_a_file_and_its_bytes_have_one_fingerprint(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"content")
    assert fingerprint(file) == fingerprint(b"content")
    assert git_oid(file) == git_oid(b"content")
    assert fingerprint(file, known="0" * 64).sha256 == "0" * 64


def test_lfs_files_are_compared_by_sha256_and_others_by_git_oid() -> None:
    content = b"content"
    file = local_files({"x": content})["x"]
    sha256 = hashlib.sha256(content).hexdigest()
    assert file.mark == Fingerprint(size=7, sha256=sha256)
    assert file.matches(RemoteFile(size=7, oid=sha256, lfs=True))
    assert file.matches(RemoteFile(size=7, oid=git_oid(content), lfs=False))
    assert not file.matches(RemoteFile(size=7, oid=git_oid(content), lfs=True))
    assert not file.matches(RemoteFile(size=8, oid=sha256, lfs=True))
    assert not file.matches(None)


def test_a_hash_is_remembered_while_size_and_time_stand(tmp_path: Path) -> None:
    file = _old(tmp_path / "x", b"one")
    first = HashCache(tmp_path)
    digest = first.sha256(file)
    first.save()
    _old(file, b"two")  # the same size and time: taken for unchanged, as the cache promises
    assert HashCache(tmp_path).sha256(file) == digest


def test_a_changed_file_is_hashed_again(tmp_path: Path) -> None:
    file = _old(tmp_path / "x", b"one")
    first = HashCache(tmp_path)
    first.sha256(file)
    first.save()
    _old(file, b"three")
    assert HashCache(tmp_path).sha256(file) == hashlib.sha256(b"three").hexdigest()


def test_a_file_changed_just_now_is_not_remembered(tmp_path: Path, own_cache: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"one")
    first = HashCache(tmp_path)
    first.sha256(file)
    first.save()
    assert not (own_cache / "hashes").exists()


def test_a_broken_cache_is_no_cache(tmp_path: Path, own_cache: Path) -> None:
    file = _old(tmp_path / "x", b"one")
    first = HashCache(tmp_path)
    digest = first.sha256(file)
    first.save()
    (entry,) = (own_cache / "hashes").iterdir()
    entry.write_bytes(b"{ broken")
    assert HashCache(tmp_path).sha256(file) == digest

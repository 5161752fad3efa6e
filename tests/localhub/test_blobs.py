from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from hubq.localhub import disk
from hubq.localhub.blobs import BlobStore
from hubq.localhub.disk import Disk
from hubq.localhub.problems import BadRequestError, NotFoundError


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path, Disk(durable=False))


def test_parts_become_one_blob_and_joining_again_is_harmless(blobs: BlobStore) -> None:
    sha256 = hashlib.sha256(b"onetwo").hexdigest()
    blobs.disk.write_bytes(blobs.part_path(sha256, 2), b"two")
    blobs.disk.write_bytes(blobs.part_path(sha256, 1), b"one")
    assert blobs.stored_parts(sha256) == [1, 2]
    for _ in range(2):
        blobs.assemble(sha256, 6, {1: "", 2: ""})
        assert blobs.read(sha256) == b"onetwo"
    assert blobs.stored_parts(sha256) == []


def test_a_wrong_content_never_becomes_a_blob(blobs: BlobStore) -> None:
    sha256 = hashlib.sha256(b"right").hexdigest()
    blobs.disk.write_bytes(blobs.part_path(sha256, 0), b"wrong")
    with pytest.raises(BadRequestError, match="the content has sha256"):
        blobs.assemble(sha256, 5, {0: ""})
    with pytest.raises(BadRequestError, match="expected 6 bytes, got 5"):
        blobs.assemble(sha256, 6, {0: ""})
    with pytest.raises(BadRequestError, match="part 1 has not arrived"):
        blobs.assemble(sha256, 5, {1: ""})
    assert not blobs.has(sha256)
    with pytest.raises(NotFoundError):
        blobs.read(sha256)


def test_a_blobs_name_cannot_climb_out_of_the_folder(blobs: BlobStore) -> None:
    with pytest.raises(BadRequestError):
        blobs.path("../../etc/passwd")


class _KilledError(Exception):
    pass


def _write_half(writes: Disk, target: Path) -> None:
    with writes.replacing(target) as file:
        file.write(b"half")
        assert disk.listing(target.parent) == []
        raise _KilledError


@pytest.mark.parametrize("durable", [True, False])
def test_a_half_written_file_is_not_seen(tmp_path: Path, durable: bool) -> None:
    writes = Disk(durable=durable)
    target = tmp_path / "folder" / "file"
    with pytest.raises(_KilledError):
        _write_half(writes, target)
    assert list(target.parent.iterdir()) == []
    writes.write_bytes(target, b"whole")
    assert target.read_bytes() == b"whole"

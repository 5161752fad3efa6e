"""Contents by sha256 on disk, with uploads in parts that survive a restart."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from hubq.localhub import disk
from hubq.localhub.disk import Disk
from hubq.localhub.problems import BadRequestError, NotFoundError

_SHA256 = re.compile(r"[0-9a-f]{64}")
_CHUNK = 1 << 20


class BlobStore:
    """A folder of blobs named by their sha256; a blob that is there is whole and right."""

    def __init__(self, folder: Path, writes: Disk) -> None:
        self.disk = writes
        self._blobs = folder / "blobs"
        self._uploads = folder / "uploads"

    def path(self, sha256: str) -> Path:
        """Return where a blob lies or would lie.

        Raises:
            BadRequestError: the name is not a sha256.
        """
        if not _SHA256.fullmatch(sha256):
            raise BadRequestError(f"{sha256!r} is not a sha256")
        return self._blobs / sha256[:2] / sha256

    def has(self, sha256: str) -> bool:
        """Return whether the blob is there."""
        return self.path(sha256).is_file()

    def read(self, sha256: str) -> bytes:
        """Return a blob's content.

        Raises:
            NotFoundError: there is no such blob.
        """
        try:
            return self.path(sha256).read_bytes()
        except FileNotFoundError:
            raise NotFoundError(f"no blob {sha256}") from None

    def size(self, sha256: str) -> int:
        """Return a blob's size in bytes.

        Raises:
            NotFoundError: there is no such blob.
        """
        try:
            return self.path(sha256).stat().st_size
        except FileNotFoundError:
            raise NotFoundError(f"no blob {sha256}") from None

    def put(self, content: bytes) -> str:
        """Store a content and return its sha256."""
        sha256 = hashlib.sha256(content).hexdigest()
        if not self.has(sha256):
            self.disk.write_bytes(self.path(sha256), content)
        return sha256

    def part_path(self, sha256: str, number: int) -> Path:
        """Return where one part of an upload lies; part 0 is a whole upload."""
        self.path(sha256)
        return self._uploads / sha256 / f"{number:05d}"

    def stored_parts(self, sha256: str) -> list[int]:
        """Return the numbers of the parts that have arrived, from 1 on."""
        self.path(sha256)
        return [int(part.name) for part in disk.listing(self._uploads / sha256) if int(part.name)]

    def assemble(self, sha256: str, size: int, parts: Mapping[int, str]) -> None:
        """Join uploaded parts to a blob; doing it twice is harmless.

        Args:
            sha256: of the whole.
            size: of the whole, in bytes.
            parts: number -> sha256 of the part that is meant; empty for whichever is there.

        Raises:
            BadRequestError: a part is missing or another one, or the whole has another size or
                hash.
        """
        if self.has(sha256):
            shutil.rmtree(self._uploads / sha256, ignore_errors=True)
            return
        digest = hashlib.sha256()
        with self.disk.replacing(self.path(sha256)) as out:
            written = 0
            for number, meant in parts.items():
                written += self._append(out, sha256, number, digest)
                if meant and meant != self._part_digest(sha256, number):
                    raise BadRequestError(f"{sha256}: part {number} is another one than was sent")
            if written != size:
                raise BadRequestError(f"{sha256}: expected {size} bytes, got {written}")
            if digest.hexdigest() != sha256:
                raise BadRequestError(f"{sha256}: the content has sha256 {digest.hexdigest()}")
        shutil.rmtree(self._uploads / sha256, ignore_errors=True)

    def _part_digest(self, sha256: str, number: int) -> str:
        with self.part_path(sha256, number).open("rb") as part:
            return hashlib.file_digest(part, "sha256").hexdigest()

    def _append(self, out: BinaryIO, sha256: str, number: int, digest: hashlib._Hash) -> int:
        """Copy one part to `out` and return its bytes."""
        written = 0
        try:
            with self.part_path(sha256, number).open("rb") as part:
                while chunk := part.read(_CHUNK):
                    digest.update(chunk)
                    out.write(chunk)
                    written += len(chunk)
        except FileNotFoundError:
            raise BadRequestError(f"{sha256}: part {number} has not arrived") from None
        return written

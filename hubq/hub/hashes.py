"""Hashes of files: what a hub compares, and a cache so that weights are read once.

A hub lists LFS files by the SHA-256 of their content and regular files by git's blob id.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from hubq.hub.port import Content, RemoteFile
from hubq.resources import cache_folder
from hubq.store import record_file

_CHUNK = 4 << 20
_SETTLED_NS = 2_000_000_000


class Fingerprint(msgspec.Struct, frozen=True, kw_only=True):
    """What a content is: its size in bytes and its SHA-256."""

    size: int
    sha256: str


def fingerprint(content: Content, known: str = "") -> Fingerprint:
    """Return the fingerprint of a content.

    Args:
        content: bytes, or a file.
        known: its SHA-256 where somebody has worked it out already.
    """
    if isinstance(content, bytes):
        return Fingerprint(size=len(content), sha256=known or hashlib.sha256(content).hexdigest())
    return Fingerprint(size=content.stat().st_size, sha256=known or file_sha256(content))


class LocalFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is, or is to be, in a repo.

    Attributes:
        content: where its bytes are.
        mark: what they are.
    """

    content: Content
    mark: Fingerprint

    def matches(self, remote: RemoteFile | None) -> bool:
        """Return whether a hub's file has exactly this content.

        LFS files are compared by SHA-256, others by git's blob id, which is worked out here.
        """
        if remote is None or remote.size != self.mark.size:
            return False
        return remote.oid == (self.mark.sha256 if remote.lfs else git_oid(self.content))


def local_files(
    files: Mapping[str, Content], known: Mapping[str, str] = {}
) -> dict[str, LocalFile]:
    """Return each file with its fingerprint, sorted by path.

    Args:
        files: path in the repo -> content.
        known: path in the repo -> SHA-256, for files that need not be hashed again.
    """
    return {
        path: LocalFile(content=files[path], mark=fingerprint(files[path], known.get(path, "")))
        for path in sorted(files)
    }


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's content, read in pieces."""
    return record_file(path).sha256


def git_oid(content: Content) -> str:
    """Return git's blob id: the SHA-1 of `blob <size>`, a zero byte and the content."""
    if isinstance(content, bytes):
        return _blob(len(content), content).hexdigest()
    digest = _blob(content.stat().st_size)
    with content.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _blob(size: int, content: bytes = b"") -> hashlib._Hash:
    return hashlib.sha1(b"blob %d\x00" % size + content, usedforsecurity=False)


class _Entry(msgspec.Struct, frozen=True, array_like=True):
    size: int
    mtime_ns: int
    inode: int
    sha256: str


class HashCache:
    """SHA-256 of the files in one folder, remembered while size and modification time stand.

    A file changed less than two seconds before it was hashed is not remembered: it could change
    again without its time showing it.

    Args:
        folder: whose files are hashed; the cache itself lies in hubq's cache folder.
    """

    def __init__(self, folder: Path) -> None:
        name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:24]
        self._file = cache_folder() / "hashes" / f"{name}.json"
        self._entries = self._load()
        self._changed = False

    def sha256(self, path: Path) -> str:
        """Return the SHA-256 of a file, from memory when the file has not changed."""
        key, stat = str(path.resolve()), path.stat()
        entry = self._entries.get(key)
        now = (stat.st_size, stat.st_mtime_ns, stat.st_ino)
        if entry and (entry.size, entry.mtime_ns, entry.inode) == now:
            return entry.sha256
        digest = file_sha256(path)
        if time.time_ns() - stat.st_mtime_ns > _SETTLED_NS:
            self._entries[key] = _Entry(*now, digest)
            self._changed = True
        return digest

    def save(self) -> None:
        """Write what was learned, by one rename; a cache that cannot be written is no error."""
        if not self._changed:
            return
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=".part-", dir=self._file.parent)
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.encode(self._entries))
            Path(name).replace(self._file)
        except OSError:
            return
        self._changed = False

    def _load(self) -> dict[str, _Entry]:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=dict[str, _Entry])
        except (OSError, msgspec.DecodeError):
            return {}

"""Looking for secrets in files before they are published: in archives too, never in weights."""

from __future__ import annotations

import gzip
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import IO

from hubq.errors import Refused
from hubq.hub.port import Content
from hubq.secrets import find_secret

_CHUNK = 1 << 20
_OVERLAP = 4096
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_GZIP = b"\x1f\x8b\x08"
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, NotImplementedError)
_DEEPEST = 3

UNPACKED = 1 << 30
"""Bytes that any archive may unpack to."""
RATIO = 20
"""How many times its own size an archive may unpack to when that is more."""


class _TooLargeError(Exception):
    """An archive unpacks to far more than it should."""


def secret_in(content: Content) -> str:
    """Return what secret a content holds (`a private key`), or an empty string.

    Of a safetensors file only the header is looked at: the rest is numbers. What lies in a zip or
    gzip file is unpacked; one that would unpack to more than `UNPACKED` bytes and `RATIO` times its
    size counts as holding one, since nobody can tell.
    """
    if isinstance(content, bytes):
        return _found(io.BytesIO(content), len(content))
    size = content.stat().st_size
    with content.open("rb") as file:
        if content.suffix == ".safetensors":
            return find_secret(file.read(_header_size(file.read(8), size)))
        return _found(file, size)


def refuse_secrets(files: Mapping[str, Content]) -> None:
    """Make sure that no file to be published holds a secret.

    Raises:
        Refused: names the files and what was found in them, never the secret.
    """
    found = [(path, secret_in(content)) for path, content in sorted(files.items())]
    leaks = [f"{path} holds {what}" for path, what in found if what]
    if leaks:
        raise Refused(
            "nothing was sent: " + "; ".join(leaks),
            remedy="Remove it from the file, revoke it where it was issued, and run again.",
        )


def _found(file: IO[bytes], size: int, depth: int = 0, budget: _Budget | None = None) -> str:
    """Look through a file as it is, then through what is packed in it."""
    start = file.read(4)
    file.seek(0)
    packed = (start in _ZIP or start.startswith(_GZIP)) and depth < _DEEPEST
    plain = _search(_pieces(file))
    if plain or not packed:
        return plain
    file.seek(0)
    budget = budget or _Budget(max(UNPACKED, RATIO * size))
    try:
        return _in_zip(file, budget, depth) if start in _ZIP else _in_gzip(file, budget)
    except _TooLargeError:
        return f"more than {budget.limit >> 20} MB when unpacked, too much to look through"
    except _DAMAGED:
        return ""


def _in_zip(file: IO[bytes], budget: _Budget, depth: int) -> str:
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            if member.flag_bits & 1 or member.is_dir():
                continue
            with archive.open(member) as inner:
                what = _found_inside(inner, budget, depth)
            if what:
                return f"{what} (in {member.filename})"
    return ""


def _found_inside(inner: IO[bytes], budget: _Budget, depth: int) -> str:
    """Look through a member; one that is an archive itself is read whole and unpacked."""
    start = inner.read(4)
    if start in _ZIP or start.startswith(_GZIP):
        whole = b"".join([start, *budget.spend(_pieces(inner))])
        return _found(io.BytesIO(whole), len(whole), depth + 1, budget)
    return _search(_after(start, budget.spend(_pieces(inner))))


def _in_gzip(file: IO[bytes], budget: _Budget) -> str:
    with gzip.open(file) as inner:
        return _search(budget.spend(_pieces(inner)))


class _Budget:
    """How many bytes an archive may unpack to."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._left = limit

    def spend(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Pass pieces on while there is some left."""
        for piece in pieces:
            self._left -= len(piece)
            if self._left < 0:
                raise _TooLargeError
            yield piece


def _search(pieces: Iterator[bytes]) -> str:
    """Return the first secret in what comes piece by piece; it may lie across two pieces."""
    seen = b""
    for piece in pieces:
        window = seen + piece
        what = find_secret(window)
        if what:
            return what
        seen = window[-_OVERLAP:]
    return ""


def _pieces(file: IO[bytes] | gzip.GzipFile) -> Iterator[bytes]:
    while piece := file.read(_CHUNK):
        yield piece


def _after(start: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the pieces with some bytes before the first."""
    yield start + next(pieces, b"")
    yield from pieces


def _header_size(prefix: bytes, size: int) -> int:
    """Return the bytes of a safetensors header, never more than the file has."""
    if len(prefix) < 8:
        return 0
    header: int = struct.unpack("<Q", prefix)[0]
    return min(header, size)

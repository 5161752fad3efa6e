"""Headers: what safetensors files say of their tensors, read from their first bytes alone."""

from __future__ import annotations

import msgspec

from hubq.quantize.headers import LARGEST, NoHeaderError, Tensor, length_of, parse

READ = 25_000_000
"""Bytes of a header that are read at most; those of real models stay far below it, and what is read
takes about ten times as much memory."""

UNREAD = "its header was not read whole"
"""The problem of a header that may be in order."""


class Header(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The header of one file.

    Attributes:
        length: of the JSON in bytes, without the 8 before it.
        size: of the whole file.
        tensors: by name.
        metadata: what is said of the file as a whole.
        problem: why it could not be read, in words; empty where it could.
    """

    length: int
    size: int
    tensors: dict[str, Tensor] = {}
    metadata: dict[str, str] = {}
    problem: str = ""

    @property
    def end(self) -> int:
        """Where the last tensor's bytes end in the file."""
        return 8 + self.length + max((one.end for one in self.tensors.values()), default=0)


def parse_header(start: bytes, size: int) -> Header:
    """Return the header of a file; never fails, see `Header.problem`.

    Args:
        start: the file's first bytes, the whole header among them where it is no longer than
            `READ`.
        size: of the whole file.
    """
    length = length_of(start)
    if length < 0 or length + 8 > size:
        return Header(length=max(length, 0), size=size, problem="the file ends within its header")
    if length > LARGEST:
        return Header(length=length, size=size, problem="its header is larger than any may be")
    if length > READ or len(start) < 8 + length:
        return Header(length=length, size=size, problem=UNREAD)
    try:
        tensors, metadata = parse(start[8 : 8 + length])
    except NoHeaderError as error:
        return Header(length=length, size=size, problem=f"its header is no such JSON: {error}")
    return Header(length=length, size=size, tensors=tensors, metadata=metadata)

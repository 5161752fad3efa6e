"""Headers: what safetensors files say of their tensors, read from their first bytes alone.

The format: 8 bytes with the header's length (little endian), the header as JSON, then the tensors'
bytes (https://huggingface.co/docs/safetensors).
"""

from __future__ import annotations

import struct
from typing import Annotated

import msgspec

from hubq.quantize.headers import BITS

LARGEST = 100_000_000
"""Bytes that a header may have at most; safetensors refuses larger ones."""

READ = 25_000_000
"""Bytes of a header that are read at most; those of real models stay far below it, and what is read
takes about ten times as much memory."""

UNREAD = "its header was not read whole"
"""The problem of a header that may be in order."""

_Size = Annotated[int, msgspec.Meta(ge=0, le=2**60)]
_MOST_SIDES = 64
"""Of a tensor's shape; PyTorch has no tensors with more."""


class TensorFacts(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A tensor as a header describes it.

    Attributes:
        dtype: as the format names it: `BF16`, `I32`.
        shape: its sizes, the outermost first.
        start, end: of its bytes, counted from the end of the header.
    """

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int

    @property
    def elements(self) -> int:
        """How many numbers its shape has room for."""
        found = 1
        for length in self.shape:
            found *= length
        return found

    @property
    def bits(self) -> int:
        """How many bits one of its numbers has; 0 where the type is not known."""
        return BITS.get(self.dtype, 0)


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
    tensors: dict[str, TensorFacts] = {}
    metadata: dict[str, str] = {}
    problem: str = ""

    @property
    def end(self) -> int:
        """Where the last tensor's bytes end in the file."""
        return 8 + self.length + max((one.end for one in self.tensors.values()), default=0)


class _Tensor(msgspec.Struct, frozen=True, kw_only=True):
    dtype: str
    shape: Annotated[tuple[_Size, ...], msgspec.Meta(max_length=_MOST_SIDES)]
    data_offsets: tuple[_Size, _Size]


def length_of(start: bytes) -> int:
    """Return the length of a header from a file's first 8 bytes; -1 where there are fewer."""
    return int(struct.unpack("<Q", start[:8])[0]) if len(start) >= 8 else -1


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
        entries = msgspec.json.decode(start[8 : 8 + length], type=dict[str, msgspec.Raw])
        about = entries.pop("__metadata__", None)
        metadata = msgspec.json.decode(about, type=dict[str, str]) if about is not None else {}
        read = {name: msgspec.json.decode(raw, type=_Tensor) for name, raw in entries.items()}
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        return Header(length=length, size=size, problem=f"its header is no such JSON: {error}")
    tensors = {
        name: TensorFacts(
            dtype=one.dtype,
            shape=one.shape,
            start=one.data_offsets[0],
            end=one.data_offsets[1],
        )
        for name, one in read.items()
    }
    return Header(length=length, size=size, tensors=tensors, metadata=metadata)

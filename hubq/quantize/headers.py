"""Headers of safetensors files: what weight files hold, read without loading a tensor.

The format: 8 bytes with the header's length (little endian), the header as JSON, then the tensors'
bytes one after another with nothing between them (https://huggingface.co/docs/safetensors).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Annotated

import msgspec

from hubq.errors import BadInput

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
#: Bits of one element of each type that the format knows.
BITS = {
    name: bits
    for bits, names in (
        (4, ("F4",)),
        (6, ("F6_E2M3", "F6_E3M2")),
        (8, ("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0")),
        (16, ("I16", "U16", "F16", "BF16")),
        (32, ("I32", "U32", "F32")),
        (64, ("I64", "U64", "F64", "C64")),
    )
    for name in names
}

LARGEST = 100_000_000
"""Bytes that a header may have at most; safetensors refuses larger ones."""

_Size = Annotated[int, msgspec.Meta(ge=0, le=2**60)]
_MOST_SIDES = 64
"""Of a tensor's shape; PyTorch has no tensors with more."""


class Tensor(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
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
        return prod(self.shape)

    @property
    def bits(self) -> int:
        """How many bits one of its numbers has; 0 where the type is not known."""
        return BITS.get(self.dtype, 0)

    @property
    def bytes(self) -> int:
        """Its size in bytes; negative where it ends before it starts."""
        return self.end - self.start


class NoHeaderError(ValueError):
    """Bytes that are no header; says why."""


class _Entry(msgspec.Struct, frozen=True, kw_only=True):
    dtype: str
    shape: Annotated[tuple[_Size, ...], msgspec.Meta(max_length=_MOST_SIDES)]
    data_offsets: tuple[_Size, _Size]


class _Index(msgspec.Struct, frozen=True, kw_only=True):
    weight_map: dict[str, str]


def length_of(start: bytes) -> int:
    """Return the length of a header from a file's first 8 bytes; -1 where there are fewer."""
    return int(struct.unpack("<Q", start[:8])[0]) if len(start) >= 8 else -1


def parse(raw: bytes) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the tensors of a header by name, and what it says of the file as a whole.

    Whether the tensors lie where they can is not looked at.

    Args:
        raw: the JSON, without the 8 bytes before it.

    Raises:
        NoHeaderError: it is no JSON of a header.
    """
    try:
        entries = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
        about = entries.pop("__metadata__", None)
        metadata = msgspec.json.decode(about, type=dict[str, str]) if about is not None else {}
        read = {name: msgspec.json.decode(entry, type=_Entry) for name, entry in entries.items()}
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise NoHeaderError(str(error)) from error
    tensors = {
        name: Tensor(
            dtype=one.dtype, shape=one.shape, start=one.data_offsets[0], end=one.data_offsets[1]
        )
        for name, one in read.items()
    }
    return tensors, metadata


def read_header(path: Path) -> dict[str, Tensor]:
    """Return the header of a safetensors file: tensor name -> type, shape and place.

    Raises:
        BadInput: the file is no safetensors file, or shorter or longer than its header says, or a
            tensor's bytes are not those of its shape, overlap or leave a hole.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        length = length_of(file.read(8))
        if not 0 <= length <= min(size - 8, LARGEST):
            raise BadInput(f"{path}: not a safetensors file", remedy=_FETCH)
        raw = file.read(length)
    try:
        header, _ = parse(raw)
    except NoHeaderError as error:
        raise BadInput(f"{path}: not a safetensors file: {error}", remedy=_FETCH) from error
    end = _check_places(header, path)
    if size != 8 + length + end:
        raise BadInput(
            f"{path}: has {size} bytes where its header says {8 + length + end}", remedy=_FETCH
        )
    return header


_FETCH = "Fetch the file again."


def _check_places(header: Mapping[str, Tensor], path: Path) -> int:
    """Check that tensors follow one another and are as large as their shapes; return the end."""
    end = 0
    for name, tensor in sorted(header.items(), key=lambda item: (item[1].start, item[1].end)):
        if tensor.dtype not in BITS:
            raise BadInput(f"{path}: {name} is of the unknown type {tensor.dtype!r}")
        if tensor.start != end or tensor.bytes < 0:
            raise BadInput(
                f"{path}: {name} is at {tensor.start} where {end} is expected",
                remedy=_FETCH,
            )
        if tensor.bytes * 8 != tensor.elements * tensor.bits:
            shape = " x ".join(map(str, tensor.shape)) or "scalar"
            raise BadInput(
                f"{path}: {name} has {tensor.bytes} bytes, which is no {shape} of {tensor.dtype}",
                remedy=_FETCH,
            )
        end = tensor.end
    return end


def weight_files(folder: Path) -> tuple[Path, ...]:
    """Return the weight files that a loader takes from a model folder, in order of their names.

    `model.safetensors` where it is there, or else those that the index names; others are ignored
    by transformers too.

    Raises:
        BadInput: neither is there, or a file that the index names is not.
    """
    if (folder / WEIGHTS).is_file():
        return (folder / WEIGHTS,)
    names = sorted(set(_read_index(folder / INDEX).values()))
    for name in names:
        # A name with a folder in it could lead out of the model.
        if Path(name).name != name or not (folder / name).is_file():
            raise BadInput(
                f"{folder / INDEX}: names {name}, which is not there", remedy="Fetch it."
            )
    return tuple(folder / name for name in names)


def read_tensors(folder: Path) -> dict[str, Tensor]:
    """Return tensor name -> tensor over all weight files of a model folder.

    Raises:
        BadInput: a file is missing or no safetensors file, or files and index do not agree.
    """
    places: dict[str, str] = {}
    tensors: dict[str, Tensor] = {}
    for path in weight_files(folder):
        for name, tensor in read_header(path).items():
            if name in places:
                raise BadInput(f"{path}: {name} is in {places[name]} too")
            places[name], tensors[name] = path.name, tensor
    if not (folder / WEIGHTS).is_file():
        _check_index(folder / INDEX, places)
    return tensors


def _read_index(path: Path) -> dict[str, str]:
    try:
        index = msgspec.json.decode(path.read_bytes(), type=_Index)
    except FileNotFoundError:
        raise BadInput(
            f"{path.parent}: there is neither {WEIGHTS} nor {INDEX}",
            remedy="Give a folder that transformers can load.",
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"{path}: {error}", remedy=_FETCH) from error
    if not index.weight_map:
        raise BadInput(f"{path}: weight_map is empty", remedy=_FETCH)
    return index.weight_map


def _check_index(path: Path, places: Mapping[str, str]) -> None:
    """Check that an index says of each tensor which file really holds it."""
    named = _read_index(path)
    for name in sorted(named.keys() | places.keys()):
        if named.get(name) != places.get(name):
            there = places.get(name, "no file")
            raise BadInput(
                f"{path}: weight_map says {name} is in {named.get(name, 'no file')}; "
                f"it is in {there}",
                remedy="Fetch index and shards of the same commit.",
            )

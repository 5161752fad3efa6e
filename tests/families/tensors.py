"""What stands in a model folder's weight files, read without any library."""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path
from typing import Any

import msgspec

INDEX = "model.safetensors.index.json"
PACKED = ("qweight", "qzeros", "scales", "g_idx")


class Tensor(msgspec.Struct, frozen=True):
    """A tensor in a file.

    Attributes:
        file: its name.
        dtype, shape: as in the file's header.
        sha256: of its bytes.
    """

    file: str
    dtype: str
    shape: tuple[int, ...]
    sha256: str

    @property
    def value(self) -> tuple[str, tuple[int, ...], str]:
        """What it is, wherever it lies."""
        return self.dtype, self.shape, self.sha256


def read(folder: Path) -> dict[str, Tensor]:
    """Return the tensors of a model folder by name; none stands in two files."""
    found: dict[str, Tensor] = {}
    for path in sorted(folder.glob("*.safetensors")):
        for name, (dtype, shape, data) in values(path).items():
            assert name not in found
            digest = hashlib.sha256(data).hexdigest()
            found[name] = Tensor(path.name, dtype, tuple(shape), digest)
    return found


def packed_modules(names: set[str]) -> set[str]:
    """Return the modules whose weight is packed."""
    return {name.removesuffix(".qweight") for name in names if name.endswith(".qweight")}


def unpacked(found: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors that are none of a packed module's own, its bias apart."""
    return {name: tensor for name, tensor in found.items() if not name.endswith(PACKED)}


def values(path: Path) -> dict[str, tuple[str, list[int], bytes]]:
    """Return a weight file's tensors: dtype, shape and bytes by name."""
    raw = path.read_bytes()
    start = 8 + struct.unpack("<Q", raw[:8])[0]
    return {
        name: (about["dtype"], about["shape"], raw[slice(*(start + n for n in at))])
        for name, about in json.loads(raw[8:start]).items()
        if name != "__metadata__"
        for at in (about["data_offsets"],)
    }


def write(path: Path, tensors: dict[str, tuple[str, list[int], bytes]]) -> None:
    """Write a weight file with these tensors."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + len(data)]}
        end += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    body = b"".join(data for _, _, data in tensors.values())
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)

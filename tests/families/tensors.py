"""What stands in a model folder's weight files, read without any library."""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path

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
        raw = path.read_bytes()
        start = 8 + struct.unpack("<Q", raw[:8])[0]
        for name, about in json.loads(raw[8:start]).items():
            if name != "__metadata__":
                begin, end = about["data_offsets"]
                digest = hashlib.sha256(raw[start + begin : start + end]).hexdigest()
                assert name not in found
                found[name] = Tensor(path.name, about["dtype"], tuple(about["shape"]), digest)
    return found


def packed_modules(names: set[str]) -> set[str]:
    """Return the modules whose weight is packed."""
    return {name.removesuffix(".qweight") for name in names if name.endswith(".qweight")}


def unpacked(found: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors that are none of a packed module's own, its bias apart."""
    return {name: tensor for name, tensor in found.items() if not name.endswith(PACKED)}


def write_subset(source: Path, folder: Path, drop: str) -> None:
    """Write a model folder's one weight file anew without the tensors of one branch."""
    raw = (source / "model.safetensors").read_bytes()
    start = 8 + struct.unpack("<Q", raw[:8])[0]
    header, body, end = {}, bytearray(), 0
    for name, about in json.loads(raw[8:start]).items():
        if name == "__metadata__" or name.startswith(drop):
            continue
        begin, stop = about["data_offsets"]
        body += raw[start + begin : start + stop]
        header[name] = {**about, "data_offsets": [end, end + stop - begin]}
        end += stop - begin
    text = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    text += b" " * (-len(text) % 8)
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + bytes(body))

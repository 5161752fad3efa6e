"""Contents of repos, made for tests."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hubq.hub.hashes import git_oid
from hubq.hub.port import RemoteFile

LFS_SUFFIXES = (".safetensors", ".bin", ".gguf", ".zip")


def safetensors(seed: int = 0, size: int = 64) -> bytes:
    """A valid safetensors file with one tensor of `size` bytes."""
    header = {"weight": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}
    raw = json.dumps(header).encode()
    body = bytes((seed + i) % 256 for i in range(size))
    return struct.pack("<Q", len(raw)) + raw + body


def write_raw(path: Path, header: object, data: int) -> Path:
    """Write a safetensors file with this header and as many bytes of data."""
    raw = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(raw)) + raw + bytes(data))
    return path


def write_safetensors(path: Path, tensors: Mapping[str, tuple[int, ...]]) -> Path:
    """Write a safetensors file of zeros in bfloat16."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, shape in tensors.items():
        size = 2
        for width in shape:
            size *= width
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    return write_raw(path, header, end)


def model_files(*, seed: int = 0, license_name: str = "apache-2.0") -> dict[str, bytes]:
    """The files of a small model as a repo holds them."""
    config = {"model_type": "qwen2_vl", "architectures": ["Qwen2VLForConditionalGeneration"]}
    card = f"---\nlicense: {license_name}\nlanguage:\n- en\n---\n# A model\n"
    return {
        "README.md": card.encode(),
        "config.json": json.dumps(config).encode(),
        "generation_config.json": b"{}",
        "model.safetensors": safetensors(seed),
    }


def write_files(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write files into a folder, made when it is not there, and return it."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def remote_file(path: str, content: bytes) -> RemoteFile:
    """The file as a hub lists it: large kinds by SHA-256, the others by git's blob id."""
    lfs = path.endswith(LFS_SUFFIXES)
    oid = hashlib.sha256(content).hexdigest() if lfs else git_oid(content)
    return RemoteFile(size=len(content), oid=oid, lfs=lfs)

from __future__ import annotations

import base64
import csv
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

Rows = Sequence[Mapping[str, object]]


def picture(shade: int) -> bytes:
    """Return a PNG of one grey pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes([0, shade]))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


@pytest.fixture
def image() -> Callable[[int], str]:
    """Return a maker of pictures as they stand in a TSV."""
    return lambda shade: base64.b64encode(picture(shade)).decode()


@pytest.fixture
def tsv(tmp_path: Path) -> Callable[[Rows], Path]:
    """Return a writer of TSV files."""

    def write(rows: Rows) -> Path:
        path = tmp_path / "SET_VAL.tsv"
        names = list(dict.fromkeys(name for row in rows for name in row))
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, names, delimiter="\t", restval="")
            writer.writeheader()
            writer.writerows(rows)
        return path

    return write

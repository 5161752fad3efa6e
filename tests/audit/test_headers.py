"""Headers of safetensors files, good and bad."""

from __future__ import annotations

import json
import struct

import pytest

from hubq.audit.headers import READ, UNREAD, parse_header
from hubq.quantize.headers import LARGEST, length_of


def _file(header: bytes, body: int = 0, length: int | None = None) -> bytes:
    return struct.pack("<Q", len(header) if length is None else length) + header + bytes(body)


def test_it_reads_tensors_and_metadata() -> None:
    about = {"a": {"dtype": "F16", "shape": [2, 3], "data_offsets": [0, 12]}}
    raw = _file(json.dumps({"__metadata__": {"format": "pt"}, **about}).encode(), 12)
    found = parse_header(raw, len(raw))
    assert (found.problem, found.metadata, found.end) == ("", {"format": "pt"}, len(raw))
    assert (found.tensors["a"].elements, found.tensors["a"].bits) == (6, 16)


@pytest.mark.parametrize(
    "header",
    [
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"a": 3}',
        b'{"a": {"dtype": "F16", "shape": [-1], "data_offsets": [0, 2]}}',
        b'{"a": {"dtype": "F16", "shape": [1], "data_offsets": [0, 99999999999999999999999]}}',
        b'{"a": {"dtype": "F16", "shape": [1], "data_offsets": [0, 9223372036854775807]}}',
        b'{"a": {"dtype": "F16", "shape": [1], "data_offsets": [0]}}',
        b'{"a": {"dtype": "F16", "shape": [' + b"1," * 5000 + b'1], "data_offsets": [0, 2]}}',
        b'{"__metadata__": [1]}',
        b"[" * 100_000,
        b'{"a": ' * 20_000,
        b'{"a": {"dtype": "F16", "shape": [' + b"9" * 50_000 + b'], "data_offsets": [0, 2]}}',
    ],
    ids=range(13),
)
def test_what_is_no_header_is_a_problem_and_no_crash(header: bytes) -> None:
    raw = _file(header)
    assert parse_header(raw, len(raw)).problem.startswith("its header is no such JSON")


@pytest.mark.parametrize(
    ("raw", "size", "problem"),
    [
        (b"", 0, "the file ends within its header"),
        (b"1234567", 7, "the file ends within its header"),
        (_file(b"{}", length=50), 20, "the file ends within its header"),
        (_file(b"{}", length=2**64 - 1), 10**6, "the file ends within its header"),
        (_file(b"{}", length=500_000_000), 10**10, "its header is larger than any may be"),
        (_file(b"{}", length=9_000), 10**6, UNREAD),
        (_file(b" " * (READ + 1)), READ + 9, UNREAD),
    ],
)
def test_lengths_are_not_believed(raw: bytes, size: int, problem: str) -> None:
    assert parse_header(raw, size).problem == problem


def test_a_length_needs_eight_bytes() -> None:
    assert length_of(b"1234567") == -1
    assert length_of(struct.pack("<Q", LARGEST)) == LARGEST

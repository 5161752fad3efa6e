from __future__ import annotations

import struct

import pytest

from hubq.audit.headers import UNREAD, Header, parse_header
from hubq.audit.rules.bad_header import RULE
from hubq.quantize.headers import Tensor
from tests.audit.cases import case, findings, header


def _tensor(start: int, end: int, shape: tuple[int, ...] = (2, 2)) -> Tensor:
    return Tensor(dtype="F16", shape=shape, start=start, end=end)


def _header(**tensors: Tensor) -> Header:
    return Header(length=100, size=1000, tensors=tensors)


@pytest.mark.parametrize(
    ("read", "found"),
    [
        (parse_header(struct.pack("<Q", 500_000_000), 10**10), "larger than any may be"),
        (parse_header(struct.pack("<Q", 1) + b"{", 1000), "no such JSON"),
        (_header(a=_tensor(0, 9)), "a has 9 bytes, which is no 2 x 2 of F16"),
        (_header(a=_tensor(0, 8), b=_tensor(4, 12)), "it overlaps the one before"),
        (_header(a=_tensor(0, 8), b=_tensor(16, 24)), "it leaves a hole before it"),
    ],
)
def test_what_no_loader_takes_is_found(read: Header, found: str) -> None:
    (one,) = findings(RULE, case(headers={"model.safetensors": read}))
    assert one.severity == "error"
    assert found in one.found


def test_a_pointer_in_place_of_the_weights_is_found() -> None:
    (found,) = findings(RULE, case(files={"model.safetensors": 134}))
    assert "git's pointer" in found.found


def test_good_files_and_those_that_were_not_read_are_fine() -> None:
    headers = {
        "model.safetensors": header({"a": ("F16", (2, 2)), "b": ("I32", (0,)), "c": ("F32", ())}),
        "large.safetensors": Header(length=10_000, size=10**9, problem=UNREAD),
        "new.safetensors": Header(
            length=9, size=99, tensors={"a": Tensor(dtype="F3_X", shape=(9,), start=0, end=4)}
        ),
    }
    assert not findings(RULE, case(headers=headers))
    assert not findings(RULE, case(files={"model.safetensors": 10**9, "x.json": 2}))

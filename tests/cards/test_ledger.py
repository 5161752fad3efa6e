from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubq.cards.family import Family
from hubq.cards.ledger import (
    COUNT,
    DELTA,
    PERCENT,
    Ledger,
    Shape,
    escape_pointer,
    resolve_pointer,
)
from hubq.cards.show import shown_agrees
from tests.rows import each_row


@each_row(
    ("shape", "value", "shown"),
    [
        (DELTA, -3.1, "−3.10"),
        (DELTA, 0.2, "+0.20"),
        (DELTA, -0.001, "0.00"),
        (COUNT, 12345, "12,345"),
        (Shape(digits=3, floor=0.001), 0.0001, "<0.001"),
        (Shape(plain=True), 0.05, "0.05"),
        (Shape(digits=1), -2.0, "−2.0"),
    ],
)
def test_numbers_are_printed_by_their_shape(shape: Shape, value: float, shown: str) -> None:
    assert shape.show(value) == shown


@settings(deadline=None)
@given(
    value=st.floats(-1e6, 1e6),
    digits=st.integers(0, 6),
    signed=st.booleans(),
)
def test_what_is_printed_is_always_a_rounding(value: float, digits: int, signed: bool) -> None:
    assert shown_agrees(Shape(digits=digits, signed=signed).show(value), value)


def test_a_claim_is_entered_once(family: Family) -> None:
    ledger = Ledger(family, b"{}")
    first = ledger.measure("a", "score/AWQ/NanoMath_MINI", "score", PERCENT)
    assert ledger.measure("a", "score/AWQ/NanoMath_MINI", "score", PERCENT) is first
    assert ledger.claims == (first,)


def test_a_count_of_items_is_read_from_the_result(family: Family) -> None:
    ledger = Ledger(family, b"{}")
    found = ledger.items("n", "score/AWQ/NanoMath_MINI", "score")
    assert (found.shown, found.file, found.pointer) == ("400", "result.json", "/measures/0/n")
    with pytest.raises(KeyError):
        ledger.items("n2", "score/AWQ/NanoMath_MINI", "no such measure")


def test_what_is_no_number_is_no_claim(family: Family) -> None:
    ledger = Ledger(family, b'{"a": true, "b": "7"}')
    for pointer in ("/a", "/b", "/c"):
        with pytest.raises(KeyError):
            ledger.own(pointer, pointer, COUNT)
    assert ledger.claims == ()


@settings(deadline=None)
@given(name=st.text())
def test_any_name_can_be_a_step_of_a_pointer(name: str) -> None:
    assert resolve_pointer({"x": {name: 7}}, f"/x/{escape_pointer(name)}") == 7


def test_a_pointer_goes_into_lists() -> None:
    assert resolve_pointer([{"a": 1}, {"a": 2}], "/1/a") == 2
    with pytest.raises(KeyError):
        resolve_pointer([1], "/x")

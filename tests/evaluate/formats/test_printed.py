"""Tests of hubq.evaluate.formats.printed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubq.evaluate.formats.printed import Number, read_cell, read_number
from tests.rows import each_row


def number(text: str) -> Number:
    (found,) = read_cell(text).values
    return found


@each_row(
    ("text", "value", "decimals", "unit"),
    [
        ("41.55", 41.55, 2, ""),
        ("88.09%", 88.09, 2, "%"),
        ("88.1 \\%", 88.1, 1, "%"),
        ("**0.460**", 0.46, 3, ""),
        ("`12`", 12, 0, ""),
        (".5", 0.5, 1, ""),
        ("41,88", 41.88, 2, ""),
        ("12,345", 12345, 0, ""),
        ("9\u202f140", 9140, 0, ""),
        ("9 140", 9140, 0, ""),
        ("−5.5 pts", -5.5, 1, "pts"),
        ("+0.275", 0.275, 3, ""),
        ("39.02 tokens/s", 39.02, 2, "tokens/s"),
        ("1.00×", 1.0, 2, "×"),
        ("3.02× slower", 3.02, 2, "× slower"),
        ("2h 56.7 min", 176.7, 1, "min"),
        ("1 h 3 min 30 s", 63.5, 2, "min"),
        ("1e-4", 0.0001, 0, ""),
        ("86.86% ↑", 86.86, 2, "%"),
        ("$\\mathbf{61.48}$", 61.48, 2, ""),
    ],
)
def test_numbers_are_read_as_printed(text: str, value: float, decimals: int, unit: str) -> None:
    found = number(text)
    assert found.value == pytest.approx(value)
    assert (found.decimals, found.unit) == (decimals, unit)


@pytest.mark.parametrize("text", ["1.3–1.7x", "1.3x-1.7x", "1.3 to 1.7x"])
def test_a_range_has_two_ends(text: str) -> None:
    found = number(text)
    assert (found.value, found.upper, found.unit) == (1.3, 1.7, "x")


@each_row(
    ("text", "state", "marks"),
    [
        ("OOM¹", "oom", ("1",)),
        ("OOM1", "oom", ("1",)),
        ("OOM [2]", "oom", ("2",)),
        ("timed out³", "timeout", ("3",)),
        ("running²", "running", ("2",)),
        ("In progress", "running", ()),
        ("TBD", "pending", ()),
        ("(suspect)", "suspect", ()),
        ("Not supported", "infeasible", ()),
        ("-", "missing", ()),
        ("—", "missing", ()),
        ("N/A", "missing", ()),
        ("", "missing", ()),
        ("failed†", "failed", ("†",)),
        ("Fine-grained", "text", ()),
        ("4–16384", "text", ()),
        ("INT3", "text", ()),
        ("~parity", "text", ()),
        ("1e308", "text", ()),
    ],
)
def test_reasons_for_no_number_are_states(text: str, state: str, marks: tuple[str, ...]) -> None:
    found = read_cell(text)
    assert (found.state, found.marks, found.values) == (state, marks, ())


def test_a_difference_in_brackets_stands_beside_the_value() -> None:
    found = read_cell("41.55 (−0.33)")
    assert number("41.55 (−0.33)").value == 41.55
    assert found.delta is not None
    assert found.delta.value == -0.33
    assert read_cell("88.34 (0.00)").delta is not None


def test_other_brackets_are_an_aside() -> None:
    found = read_cell("35.29 (4.68)")
    assert (found.values[0].value, found.delta, found.aside) == (35.29, None, "4.68")


def test_two_numbers_in_a_cell_are_two_values() -> None:
    assert [one.value for one in read_cell("0.416 / 0.432").values] == [0.416, 0.432]
    assert [one.value for one in read_cell("66.3/69.6").values] == [66.3, 69.6]
    assert read_cell("acc / 0.4").state == "text"


def test_marks_are_kept_apart_from_the_value() -> None:
    found = read_cell("82.1†", ("1",))
    assert found.values[0].value == 82.1
    assert found.marks == ("1", "†")
    assert read_cell("$61.48^{*}$").marks == ("†",)


def test_bounds_and_errors_are_kept() -> None:
    assert number("<0.01").bound == "<"
    assert number("≈ 3.5").bound == "~"
    assert number("61.2 ± 0.3").error == 0.3


@given(st.floats(0, 100), st.integers(0, 4), st.sampled_from(["", "%", " pts"]))
def test_what_is_printed_is_read(value: float, decimals: int, unit: str) -> None:
    text = f"{value:.{decimals}f}"
    found = read_number(text + unit)
    assert found is not None
    assert (found.value, found.decimals, found.unit) == (float(text), decimals, unit.strip())


@given(st.text(max_size=40))
def test_any_text_has_a_state(text: str) -> None:
    found = read_cell(text)
    assert (found.state == "measured") == bool(found.values)

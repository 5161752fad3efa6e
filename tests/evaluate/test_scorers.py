from __future__ import annotations

from fractions import Fraction
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubq.evaluate.scorers import anls, edit_distance, exact_match, numeric_match
from tests.rows import each_row

short = st.text("abc ", max_size=8)


@each_row(
    ("said", "golds", "score"),
    [
        ("343", ["343"], 1.0),
        ("  343\n", ["343"], 1.0),
        ("New  York", ["new york"], 1.0),
        ("\n" * 8, ["343"], 0.0),
        ("", ["343"], 0.0),
        ("kitten", ["sitting"], 1 - 3 / 7),
        ("ab", ["ax"], 0.0),
        ("abc", ["xyz", "abd"], 1 - 1 / 3),
        ("abc" * 1000, ["abc"], 0.0),
    ],
)
def test_anls_is_as_the_paper_defines_it(said: str, golds: list[str], score: float) -> None:
    assert anls(said, golds) == pytest.approx(score)


@given(short, st.lists(short, min_size=1, max_size=3))
def test_anls_is_zero_or_above_a_half(said: str, golds: list[str]) -> None:
    score = anls(said, golds)
    assert score == 0 or 0.5 < score <= 1
    assert anls(f" {said.upper()}\n", golds) == score


@given(short.filter(str.strip))
def test_anls_of_the_answer_itself_is_one(said: str) -> None:
    assert anls(said, ["zzzzzzzz", said]) == 1.0


def _slow_distance(first: str, second: str) -> int:
    @cache
    def far(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        change = far(i - 1, j - 1) + (first[i - 1] != second[j - 1])
        return min(change, far(i - 1, j) + 1, far(i, j - 1) + 1)

    return far(len(first), len(second))


@given(short, short)
def test_the_edit_distance_is_that_of_the_recursive_definition(first: str, second: str) -> None:
    assert edit_distance(first, second) == _slow_distance(first, second)
    assert edit_distance(first, second) == edit_distance(second, first)


@given(short, short, short)
def test_the_edit_distance_keeps_the_triangle_inequality(a: str, b: str, c: str) -> None:
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)


def test_exact_match_looks_past_case_and_spaces_only() -> None:
    assert exact_match(" A  b\n", ["x", "a B"]) == 1.0
    assert exact_match("ab.", ["ab"]) == 0.0


@each_row(
    ("said", "gold", "score"),
    [
        ("5", "5", 1), ("5.0", "5", 1), ("5.1", "5", 0), ("1.24", "1.2", 1), ("1.26", "1.2", 0),
        ("1.2", "1.20", 1), ("1.21", "1.20", 0), ("-0.5", "-.5", 1), ("1234", "1,234", 1),
        ("1240", "1.2e3", 1), ("1300", "1.2e3", 0),
    ],
)  # fmt: skip
def test_a_decimal_is_met_by_what_rounds_to_it(said: str, gold: str, score: float) -> None:
    assert numeric_match(Fraction(said), gold) == score


def test_a_right_answer_that_is_no_number_is_an_error() -> None:
    with pytest.raises(ValueError, match="not a number: 'five'"):
        numeric_match(Fraction(5), "five")

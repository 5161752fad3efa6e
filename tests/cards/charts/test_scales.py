from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubq.cards.charts.scales import Scale, nice

_VALUES = st.floats(min_value=-1e9, max_value=1e9).map(lambda value: round(value, 6))


@given(st.lists(_VALUES, min_size=1, max_size=9))
def test_every_number_is_inside_and_there_are_ticks(values: list[float]) -> None:
    scale = nice(values, 1.0, 4.0)
    assert all(1.0 - 1e-9 <= scale.place(value) <= 4.0 + 1e-9 for value in values)
    assert 2 <= len(scale.ticks) <= 12
    assert len({scale.words(value) for value in scale.ticks}) == len(scale.ticks)


def test_places_are_in_proportion() -> None:
    scale = nice([0.0, 10.0], 0.0, 11.0)
    assert scale.place(5.0) - scale.place(0.0) == pytest.approx(5.0)
    assert scale.ticks == (0.0, 2.0, 4.0, 6.0, 8.0, 10.0)


def test_ticks_have_the_digits_of_their_step() -> None:
    assert [nice([0, 1], 0, 1).words(value) for value in (0.0, 0.2, 1.0)] == ["0.0", "0.2", "1.0"]
    assert nice([-4, 4], 0, 1).words(-2.0, signed=True) == "−2"
    assert nice([-4, 4], 0, 1).words(2.0, signed=True) == "+2"
    assert nice([-4, 4], 0, 1).words(0.0, signed=True) == "0"


def test_a_scale_can_begin_at_zero_exactly() -> None:
    assert nice([3.0, 9.0], 0, 1, from_zero=True).first == 0.0
    assert nice([3.0, 9.0], 0, 1).first > 2.0


def test_on_a_logarithmic_scale_equal_factors_are_equally_far_apart() -> None:
    scale = Scale(first=1.0, last=16.0, start=0.0, end=4.0, logarithmic=True)
    assert [scale.place(value) for value in (1.0, 2.0, 8.0)] == pytest.approx([0.0, 1.0, 3.0])

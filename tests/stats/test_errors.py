from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubq.stats.errors import Part, error_of
from hubq.stats.quantiles import student_95, student_tail
from hubq.stats.rounds import common_of, relative, typical

VARIANCES = st.floats(1e-12, 1e3)
PARTS = st.lists(st.builds(Part, VARIANCES, st.floats(1, 100)), min_size=1, max_size=3)
LOAD_SPREAD = 0.01


@given(st.floats(-1e3, 1e3), PARTS, VARIANCES)
def test_what_is_given_widens_an_interval_and_never_makes_a_finding(
    mean: float, parts: list[Part], given: float
) -> None:
    without, beside = error_of(mean, parts), error_of(mean, parts, given)
    assert beside.half >= without.half
    assert beside.p >= without.p - 1e-12


@given(st.floats(-1e3, 1e3), VARIANCES, st.integers(1, 100))
def test_a_single_part_is_student_s_t(mean: float, variance: float, freedom: int) -> None:
    found, se = error_of(mean, [Part(variance, freedom)]), math.sqrt(variance)
    assert found.half == pytest.approx(student_95(freedom) * se)
    assert found.p == pytest.approx(student_tail(abs(mean) / se, freedom))


def test_values_without_spread_have_the_freedom_of_the_smaller_sample() -> None:
    found = error_of(0.1, [Part(0.0, 9), Part(0.0, 4)], given=0.01)
    assert found.half == pytest.approx(0.1 * student_95(4))
    assert error_of(0.0, [Part(0.0, 4)]).p == 1
    assert error_of(0.1, [Part(0.0, 4)]).p == 0


@pytest.mark.parametrize(
    ("loads", "share"),
    [
        ([0, 0, 0, 0], 1.0),
        ([0, 0, 1, 1], math.sqrt(1 / 2)),
        ([0, 0, 0, 1], math.sqrt(9 / 16 + 1 / 16)),
        ([0, 1, 2, 3], 0.0),
        ([0], 1.0),
    ],
)
def test_rounds_have_their_load_in_common(loads: list[int], share: float) -> None:
    assert common_of(loads, LOAD_SPREAD) == pytest.approx(share * LOAD_SPREAD)


def sittings(count: int, rounds: int) -> list[tuple[list[float], list[float]]]:
    """Return the seconds of two models of one speed, each loaded once for a sitting."""
    random = np.random.default_rng(8)
    loads = random.normal(0, LOAD_SPREAD, (count, 2, 1))
    seconds = np.exp(loads + random.normal(0, 0.01, (count, 2, rounds)))
    return [(one[0].tolist(), one[1].tolist()) for one in seconds]


def test_intervals_hold_a_load_that_rounds_cannot_show() -> None:
    held, blind, own = [], [], []
    for mine, other in sittings(1500, 6):
        found, without = relative(mine, other, LOAD_SPREAD), relative(mine, other)
        held.append((found.low or 0) <= 1 <= (found.high or 0))
        blind.append((without.low or 0) <= 1 <= (without.high or 0))
        alone = typical(mine, LOAD_SPREAD)
        own.append((alone.low or 0) <= 1 <= (alone.high or 0))
    assert np.mean(held) >= 0.95
    assert np.mean(own) >= 0.95
    assert np.mean(blind) < 0.8


def test_what_rounds_share_is_a_part_of_a_mean_with_zeros_too() -> None:
    without, beside = typical([0.0, 2.0, 4.0]), typical([0.0, 2.0, 4.0], 0.5)
    assert (without.value, beside.value) == (2.0, 2.0)
    assert (beside.high or 0) > (without.high or 0)
    assert beside.low == 0

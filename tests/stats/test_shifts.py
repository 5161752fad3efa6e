from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubq.stats.shifts import shift
from tests.stats.reference import Reference

scipy_stats: Any = Reference("scipy.stats")

SEVERAL = st.lists(st.floats(1e-3, 1e3), min_size=2, max_size=12)


@settings(max_examples=60, deadline=None)
@given(SEVERAL, SEVERAL)
def test_a_shift_agrees_with_scipy_s_welch_test_of_the_logarithms(
    before: list[float], after: list[float]
) -> None:
    logs = np.log(after), np.log(before)
    if min(np.ptp(one) for one in logs) < 1e-6:
        return
    wanted = scipy_stats.ttest_ind(*logs, equal_var=False)
    interval = wanted.confidence_interval(0.95)
    found = shift(before, after)
    assert found.p == pytest.approx(float(wanted.pvalue), rel=1e-6, abs=1e-12)
    assert [math.log(found.low or 0), math.log(found.high or 0)] == pytest.approx(
        [interval.low, interval.high], rel=1e-6, abs=1e-9
    )
    assert found.factor == pytest.approx(found.after / found.before)


@settings(max_examples=30, deadline=None)
@given(SEVERAL, SEVERAL)
def test_the_way_back_is_the_same_shift_upside_down(
    before: list[float], after: list[float]
) -> None:
    there, back = shift(before, after), shift(after, before)
    assert there.factor * back.factor == pytest.approx(1)
    assert there.p == pytest.approx(back.p)


@given(SEVERAL, SEVERAL, st.floats(0, 0.1), st.floats(0, 0.1))
def test_what_a_run_s_rounds_share_makes_a_shift_less_sure(
    before: list[float], after: list[float], one: float, other: float
) -> None:
    without, beside = shift(before, after), shift(before, after, (one, other))
    assert beside.factor == without.factor
    assert (beside.high or 0) >= (without.high or 0) * (1 - 1e-12)
    assert (beside.p or 0) >= (without.p or 0) - 1e-12


def test_a_run_with_one_round_has_no_interval() -> None:
    found = shift([2.0], [3.0, 3.1])
    assert (found.low, found.high, found.p, found.n) == (None, None, None, (1, 2))


def test_rounds_that_agree_to_the_last_bit_have_a_decided_test() -> None:
    assert shift([2.0, 2.0], [2.0, 2.0]).p == 1
    assert shift([2.0, 2.0], [3.0, 3.0]).p == 0


def test_one_run_without_spread_leaves_the_other_s_freedom() -> None:
    found = shift([2.0, 2.0, 2.0], [2.0, 2.2, 2.4])
    alone = scipy_stats.ttest_1samp(np.log([2.0, 2.2, 2.4]), math.log(2))
    assert found.p == pytest.approx(float(alone.pvalue), rel=1e-9)


@pytest.mark.parametrize(("before", "after"), [([], [1.0]), ([1.0], []), ([0.0], [1.0])])
def test_rounds_that_are_no_times_are_refused(before: list[float], after: list[float]) -> None:
    with pytest.raises(ValueError, match="above 0"):
        shift(before, after)

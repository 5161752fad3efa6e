from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubq.stats.rounds import relative, typical
from tests.stats.reference import Reference

scipy_stats: Any = Reference("scipy.stats")

TIMES = st.floats(1e-6, 1e6)
SEVERAL = st.lists(TIMES, min_size=2, max_size=12)
PAIRS = st.lists(st.tuples(TIMES, TIMES), min_size=2, max_size=12)
FACTORS = st.floats(1e-3, 1e3)


def varied(values: list[float]) -> bool:
    """Say whether values differ by more than their last digits, which scipy warns of."""
    return max(values) - min(values) > 1e-6 * max(1.0, *map(abs, values))


def columns(pairs: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [own for own, _ in pairs], [baseline for _, baseline in pairs]


@settings(max_examples=60, deadline=None)
@given(SEVERAL)
def test_an_interval_agrees_with_scipy_s_of_the_logarithms(values: list[float]) -> None:
    logs = np.log(values)
    if not varied(list(logs)):
        return
    found = typical(values)
    low, high = scipy_stats.t.interval(
        0.95, len(values) - 1, loc=logs.mean(), scale=scipy_stats.sem(logs)
    )
    assert math.log(found.value) == pytest.approx(logs.mean(), abs=1e-9)
    assert found.low is not None
    assert found.high is not None
    wanted = (math.exp(max(low, -700)), math.exp(min(high, 700)))
    assert (found.low, found.high) == pytest.approx(wanted, rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(PAIRS)
def test_p_of_a_ratio_is_that_of_scipy_s_test_of_one_sample(
    pairs: list[tuple[float, float]],
) -> None:
    own, baseline = columns(pairs)
    ratios = np.log(own) - np.log(baseline)
    if not varied(list(ratios)):
        return
    wanted = scipy_stats.ttest_1samp(ratios, 0).pvalue
    found = relative(own, baseline)
    assert found.p == pytest.approx(float(wanted), rel=1e-6, abs=1e-12)
    interval = scipy_stats.t.interval(
        0.95, len(own) - 1, loc=ratios.mean(), scale=scipy_stats.sem(ratios)
    )
    assert [math.log(found.low or 0), math.log(found.high or 0)] == pytest.approx(
        list(interval), rel=1e-6, abs=1e-9
    )


@settings(max_examples=40, deadline=None)
@given(PAIRS)
def test_a_ratio_upside_down_is_the_same_finding(pairs: list[tuple[float, float]]) -> None:
    own, baseline = columns(pairs)
    found, turned = relative(own, baseline), relative(baseline, own)
    assert found.ratio * turned.ratio == pytest.approx(1)
    assert found.low is not None
    assert turned.high is not None
    assert found.low * turned.high == pytest.approx(1)
    assert found.p == pytest.approx(turned.p, rel=1e-6)


@settings(max_examples=40, deadline=None)
@given(PAIRS, FACTORS)
def test_a_ratio_knows_no_unit(pairs: list[tuple[float, float]], factor: float) -> None:
    own, baseline = columns(pairs)
    plain = relative(own, baseline)
    scaled = relative([factor * one for one in own], [factor * one for one in baseline])
    assert scaled.ratio == pytest.approx(plain.ratio, rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(SEVERAL, FACTORS)
def test_an_interval_is_in_the_unit_of_its_values(values: list[float], factor: float) -> None:
    plain, scaled = typical(values), typical([factor * value for value in values])
    assert scaled.value == pytest.approx(factor * plain.value)
    assert scaled.low == pytest.approx(factor * (plain.low or 0))


@settings(max_examples=40, deadline=None)
@given(PAIRS)
def test_the_ratio_of_the_means_is_the_mean_of_the_ratios(
    pairs: list[tuple[float, float]],
) -> None:
    own, baseline = columns(pairs)
    wanted = typical(own).value / typical(baseline).value
    assert relative(own, baseline).ratio == pytest.approx(wanted)


def test_drift_that_hits_both_leaves_the_ratio_narrow() -> None:
    baseline = [1.0, 2.0, 4.0, 8.0]
    found = relative([1.1 * one for one in baseline], baseline)
    assert (found.low, found.high) == pytest.approx((1.1, 1.1))
    spread = typical(baseline)
    assert spread.high is not None
    assert spread.high > 2 * spread.value


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=8))
def test_a_round_with_nothing_makes_plain_means(values: list[float]) -> None:
    values = [0.0, *values]
    found = typical(values)
    assert found.value == pytest.approx(sum(values) / len(values))
    assert found.low is not None
    assert 0 <= found.low <= found.value * (1 + 1e-12)


def test_all_zeros_are_zero() -> None:
    found = typical([0.0, 0.0, 0.0])
    assert (found.value, found.low, found.high) == (0, 0, 0)


def test_a_single_round_has_no_interval() -> None:
    alone = typical([3.0])
    assert alone.value == pytest.approx(3)
    assert (alone.low, alone.high, alone.n) == (None, None, 1)
    beside = relative([3.0], [2.0])
    assert beside.ratio == pytest.approx(1.5)
    assert (beside.low, beside.high, beside.p, beside.n) == (None, None, None, 1)


def test_rounds_that_agree_to_the_last_bit_have_a_decided_test() -> None:
    assert relative([2.0, 2.0], [2.0, 2.0]).p == 1
    assert relative([2.0, 2.0], [1.0, 1.0]).p == 0


@pytest.mark.parametrize("values", [[], [-1.0], [math.nan, 1.0], [math.inf]])
def test_values_that_no_time_can_be_are_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="expected finite"):
        typical(values)


@pytest.mark.parametrize(("own", "baseline"), [([], []), ([1.0], [1.0, 2.0]), ([0.0], [1.0])])
def test_rounds_without_a_partner_have_no_ratio(own: list[float], baseline: list[float]) -> None:
    with pytest.raises(ValueError, match="above 0"):
        relative(own, baseline)

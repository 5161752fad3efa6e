from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from hubq import stats
from hubq.stats.bootstrap import cluster_draws, coin_flips, critical, replicates
from hubq.stats.clusters import jackknife, ratio
from tests.stats.reference import Reference

if TYPE_CHECKING:
    from hubq.stats.clusters import Floats

scipy_stats: Any = Reference("scipy.stats")


def clusters(seed: int, count: int) -> tuple[Floats, Floats]:
    draw = np.random.default_rng(seed)
    sizes = draw.integers(1, 9, count).astype(float)
    return draw.normal(0.1, 0.4, (3, count)) * sizes, sizes


@pytest.mark.long
def test_the_percentile_interval_agrees_with_scipy() -> None:
    sums, sizes = clusters(3, 400)
    wanted = scipy_stats.bootstrap(
        (sums[0], sizes),
        lambda a, b, axis=-1: a.sum(axis=axis) / b.sum(axis=axis),
        paired=True,
        vectorized=True,
        method="percentile",
        batch=500,
        rng=np.random.default_rng(1),
    ).confidence_interval
    se = float(ratio(sums[:1], sizes).se[0])
    low, high = stats.bootstrap_interval(sums[0].tolist(), sizes.astype(int).tolist())
    assert low == pytest.approx(wanted.low, abs=0.1 * se)
    assert high == pytest.approx(wanted.high, abs=0.1 * se)


@pytest.mark.parametrize("is_even", [True, False])
def test_replicates_are_those_of_a_plain_bootstrap(is_even: bool) -> None:
    sums, sizes = clusters(5, 60)
    sizes = np.full(60, 2.0) if is_even else sizes
    found = ratio(sums, sizes)
    point = critical(*replicates(found.residuals, sizes))
    draw = np.random.default_rng(0)
    ratios = []
    for _ in range(4000):
        chosen = draw.integers(0, 60, 60)
        again = ratio(sums[:, chosen], sizes[chosen])
        ratios.append(np.abs(again.mean - found.mean) / again.se)
    assert point == pytest.approx(np.quantile(ratios, 0.95, axis=0), rel=0.06)


def test_all_draws_have_equal_chances_and_the_right_number() -> None:
    drawn = cluster_draws(np.random.SFC64(1), 2000, 37)
    assert (drawn.sum(axis=1) == 37).all()
    observed = drawn.sum(axis=0)
    assert scipy_stats.chisquare(observed).pvalue > 0.001
    # How often a cluster is drawn is binomial: 36/37 of it is the variance of one.
    assert drawn.var() == pytest.approx(36 / 37, abs=0.02)
    heads = coin_flips(np.random.SFC64(1), 2000, 37)
    assert set(np.unique(heads)) == {0.0, 1.0}
    assert heads.mean() == pytest.approx(0.5, abs=0.01)


def test_using_draws_in_several_orders_costs_no_precision() -> None:
    sums, sizes = clusters(8, 200)
    residuals = ratio(sums, sizes).residuals
    points = [
        critical(*replicates(residuals, sizes, resamples=2000, seed=seed)) for seed in range(60)
    ]
    # Of independent resamples: sqrt(0.95 * 0.05 / 2000) over the density there, about 0.12.
    assert np.std(points, axis=0) == pytest.approx(np.full(3, 0.041), abs=0.012)


def test_a_result_does_not_depend_on_its_company() -> None:
    sums, sizes = clusters(2, 90)
    residuals = ratio(sums, sizes).residuals
    shift, error = replicates(residuals, sizes, resamples=400)
    for place in range(3):
        alone = replicates(residuals[place : place + 1], sizes, resamples=400)
        assert (alone[0] == shift[place]).all()
        assert (alone[1] == error[place]).all()


def test_a_seed_gives_other_draws_and_the_same_seed_the_same() -> None:
    sums, sizes = clusters(2, 90)
    first, again, other = (
        replicates(sums, sizes, resamples=50, seed=seed)[0] for seed in (0, 0, 1)
    )
    assert (first == again).all()
    assert (first != other).any()


def test_resamples_without_any_spread_are_beyond_every_bound() -> None:
    shift = np.array([[0.0] * 50, [1.0] * 50, [1.0] * 50])
    error = np.array([[0.0] * 50, [0.0] * 50, [0.5] * 50])
    assert [*critical(shift, error)] == [0.0, np.inf, 2.0]


def test_the_jackknife_is_that_of_leaving_out_one_cluster_at_a_time() -> None:
    sums, sizes = clusters(4, 12)
    left = [np.delete(sums[0], place).sum() / np.delete(sizes, place).sum() for place in range(12)]
    se, freedom = jackknife(sums, sizes)
    assert se[0] == pytest.approx(np.sqrt(11 / 12 * ((left - np.mean(left)) ** 2).sum()))
    assert ((freedom >= 1) & (freedom <= 11)).all()


def test_degrees_of_freedom_count_what_carries_the_difference() -> None:
    few = np.zeros((1, 1000))
    few[0, :6] = (-1, -1, -1, 1, 1, 1)
    assert jackknife(few, np.ones(1000))[1][0] == pytest.approx(12, rel=0.02)

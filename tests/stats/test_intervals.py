"""How often intervals hold the truth, on fewer experiments than benchmarks/coverage.py."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from hubq import stats
from hubq.stats.hypotheses import sign_flips
from hubq.stats.intervals import difference_intervals, is_thin
from tests.rows import some

if TYPE_CHECKING:
    from hubq.stats.clusters import Floats

EXPERIMENTS = 1000
#: What 94 to 96 % may look like: three standard errors of so many experiments on either side.
SLACK = 3 * math.sqrt(0.05 * 0.95 / EXPERIMENTS)


def held(sums: Floats, sizes: Floats, truth: float) -> float:
    moved = np.count_nonzero(sums, axis=1)
    thin = is_thin(moved, moved, len(sizes))
    bounds = difference_intervals(sums, sizes, thin, resamples=1000)
    inside = (bounds[:, 0] <= truth + 1e-12) & (truth - 1e-12 <= bounds[:, 1])
    return float(inside.mean())


@pytest.mark.parametrize(
    ("n", "lost", "gained"), some([(100, 0.2, 0.15), (300, 0.14, 0.06), (600, 0.04, 0.03)], 3)
)
def test_intervals_of_independent_0_1_items_hold_the_truth(
    n: int, lost: float, gained: float
) -> None:
    drawn = np.random.default_rng(1).random((EXPERIMENTS, n))
    differences = (drawn > 1 - gained).astype(float) - (drawn < lost)
    share = held(differences, np.ones(n), gained - lost)
    assert 0.94 - SLACK <= share <= 0.96 + SLACK


def test_intervals_of_independent_continuous_items_hold_the_truth() -> None:
    draw = np.random.default_rng(2)
    again = draw.random((EXPERIMENTS, 200)) < 0.4
    differences = np.where(again, draw.beta(0.5, 0.3, again.shape) - draw.random(again.shape), 0)
    share = held(differences, np.ones(200), 0.4 * (0.5 / 0.8 - 0.5))
    assert 0.94 - SLACK <= share <= 0.96 + SLACK


@pytest.mark.parametrize("count", some([50, 200], 2))
def test_intervals_of_unequal_clusters_hold_the_truth(count: int) -> None:
    draw = np.random.default_rng(count)
    sizes = draw.geometric(0.25, count)
    moved = draw.binomial(sizes, draw.beta(2, 4, (EXPERIMENTS, count)))
    sums = (moved - 2 * draw.binomial(moved, 0.65)).astype(float)
    share = held(sums, sizes.astype(float), -0.3 / 3)
    assert 0.94 - SLACK <= share <= 0.96 + SLACK


@pytest.mark.parametrize(
    ("count", "size", "rate"), some([(300, 1, 0.01), (12, 5, 0.3), (30, 3, 0.2)], 2)
)
def test_thin_intervals_are_rather_too_long_than_too_short(
    count: int, size: int, rate: float
) -> None:
    draw = np.random.default_rng(3)
    moved = draw.binomial(size, rate, (EXPERIMENTS, count))
    sums = (moved - 2 * draw.binomial(moved, 0.8)).astype(float)
    assert held(sums, np.full(count, float(size)), -0.6 * rate) >= 0.94 - SLACK


@pytest.mark.parametrize("is_clustered", [False, True])
def test_holm_holds_the_family_error(is_clustered: bool) -> None:
    draw = np.random.default_rng(4)
    families = []
    for _ in range(12):
        moved = draw.binomial(3 if is_clustered else 1, 0.2, (EXPERIMENTS, 90))
        sums = moved - 2 * draw.binomial(moved, 0.5)
        if is_clustered:
            families.append(sign_flips(sums.astype(float), resamples=499))
        else:
            lost, gained = (sums < 0).sum(axis=1), (sums > 0).sum(axis=1)
            pairs = zip(lost.tolist(), gained.tolist(), strict=True)
            families.append([stats.mcnemar_exact(*pair) for pair in pairs])
    called = [min(stats.holm(family)) < stats.ALPHA for family in zip(*families, strict=True)]
    assert sum(called) / EXPERIMENTS <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / EXPERIMENTS)

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubq import stats
from tests.stats.reference import Reference
from tests.stats.support import binary, fractions

scipy_stats: Any = Reference("scipy.stats")
proportion: Any = Reference("statsmodels.stats.proportion")
linear: Any = Reference("statsmodels.regression.linear_model")


@settings(max_examples=30, deadline=None)
@given(fractions)
def test_independent_scores_have_the_usual_standard_error(scores: list[float]) -> None:
    wanted = float(np.std(scores, ddof=1)) / math.sqrt(len(scores))
    assert stats.summarise(scores).se == pytest.approx(wanted, abs=1e-12)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(5))
def test_the_clustered_standard_error_agrees_with_statsmodels(seed: int) -> None:
    draw = np.random.default_rng(seed)
    clusters = draw.integers(0, 30, 200)
    scores = draw.random(200) + 0.2 * draw.random(30)[clusters]
    fitted = linear.OLS(scores, np.ones(200)).fit(cov_type="cluster", cov_kwds={"groups": clusters})
    found = stats.summarise(scores.tolist(), clusters.tolist(), bounds=(0, 2))
    assert found.se == pytest.approx(fitted.bse[0], rel=1e-9)
    assert found.clusters == 30


@pytest.mark.long
@settings(max_examples=50, deadline=None)
@given(st.integers(1, 2000), st.data())
def test_wilson_agrees_with_statsmodels(n: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, n))
    wanted = proportion.proportion_confint(hits, n, method="wilson")
    assert stats.wilson(hits / n, n) == pytest.approx(wanted, abs=1e-9)


def test_items_of_one_cluster_count_once() -> None:
    alone = stats.summarise([0.0, 1.0, 1.0, 0.0, 1.0])
    twins = stats.summarise([0.0, 1.0, 1.0, 0.0, 1.0] * 2, list("abcde") * 2)
    loose = stats.summarise([0.0, 1.0, 1.0, 0.0, 1.0] * 2)
    assert twins.mean == alone.mean
    assert twins.se == pytest.approx(alone.se)
    assert _width(twins) > _width(loose)


def _width(found: stats.Summary) -> float:
    assert found.low is not None
    assert found.high is not None
    return found.high - found.low


def test_one_item_has_no_standard_error() -> None:
    found = stats.summarise([0.4])
    assert (found.mean, found.se, found.low, found.high) == (0.4, None, None, None)
    right = stats.summarise([1.0])
    assert (right.se, right.high) == (None, 1.0)
    assert right.low == pytest.approx(0.2065, abs=1e-4)
    assert right.warning == "1 item or cluster; the interval is approximate"


def test_equal_scores_have_no_spread() -> None:
    for n in (9, 60):
        found = stats.summarise([0.5] * n)
        assert (found.se, found.low, found.high) == (0.0, 0.5, 0.5)


def test_few_clusters_are_warned_of() -> None:
    few = stats.summarise([0.1, 0.9] * 40, list(range(40)) * 2)
    assert few.warning == "40 independent items or clusters; the interval is approximate"
    assert stats.summarise([0.1, 0.9] * 40).warning == ""


def test_scores_that_are_nearly_all_the_same_are_warned_of() -> None:
    found = stats.summarise([1.0] * 99 + [0.5])
    assert found.warning == "few items differ from the rest; the interval is approximate"
    assert found.low is not None
    assert 0.97 < found.low < 0.99


def test_means_that_are_no_fractions_have_bounds_of_their_own() -> None:
    found = stats.summarise([3.0, 9.0] * 40, bounds=(0, math.inf))
    assert found.high == pytest.approx(6 + 1.99 * 3 / math.sqrt(79), abs=0.03)


def test_no_scores_and_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="no scores"):
        stats.summarise([])
    with pytest.raises(ValueError, match="2 scores and 1 clusters"):
        stats.summarise([1, 0], ["a"])


@settings(max_examples=30, deadline=None)
@given(st.one_of(binary, fractions))
def test_the_interval_holds_the_mean_and_stays_within_bounds(scores: list[float]) -> None:
    found = stats.summarise(scores)
    assert found.low is not None
    assert found.high is not None
    assert -1e-9 <= found.low <= found.mean + 1e-9
    assert found.mean - 1e-9 <= found.high <= 1 + 1e-9


def test_a_mean_over_tokens_is_one_over_clusters() -> None:
    draw = np.random.default_rng(3)
    labels = np.repeat(np.arange(70), draw.integers(1, 9, 70))
    values = draw.random(len(labels))
    found = stats.summarise(values.tolist(), labels.tolist())
    sums, sizes = np.bincount(labels, weights=values), np.bincount(labels)
    assert stats.mean_interval(sums.tolist(), sizes.tolist()) == (found.low, found.high, "")
    assert stats.mean_interval([0.1, 0.4], [1, 3])[2].startswith("2 independent")


def test_scores_too_small_to_square_are_no_trouble() -> None:
    found = stats.summarise([0.0, 6.957525753029123e-139])
    assert found.high is not None
    assert 0 <= found.high < 1e-137
    many = stats.summarise([0.0, 1e-160, 3e-155, 2e-155] * 20)
    assert many.high is not None
    assert many.mean <= many.high < 1e-154

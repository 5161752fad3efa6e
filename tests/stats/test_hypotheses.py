from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubq import stats
from hubq.stats.hypotheses import sign_flips
from tests.stats.reference import Reference

scipy_stats: Any = Reference("scipy.stats")
tables: Any = Reference("statsmodels.stats.contingency_tables")
multitest: Any = Reference("statsmodels.stats.multitest")


@pytest.mark.long
@settings(max_examples=60, deadline=None)
@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_agrees_with_statsmodels(lost: int, gained: int) -> None:
    if lost + gained == 0:
        assert stats.mcnemar_exact(0, 0) == 1.0
        return
    wanted = tables.mcnemar([[5, lost], [gained, 5]], exact=True).pvalue
    # Where as many were gained as lost, it is 1; statsmodels' sum of both tails goes beyond.
    assert stats.mcnemar_exact(lost, gained) == pytest.approx(min(1, wanted), rel=1e-9)


def test_mcnemar_takes_thousands_of_changes() -> None:
    wanted = scipy_stats.binomtest(2500, 5349).pvalue
    assert stats.mcnemar_exact(2500, 2849) == pytest.approx(wanted, rel=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.25, 1.0, 2.0]), min_size=2, max_size=9))
def test_few_moved_clusters_are_flipped_in_every_way(sums: list[float]) -> None:
    wanted = scipy_stats.permutation_test(
        (np.array(sums),), np.sum, permutation_type="samples", n_resamples=np.inf
    ).pvalue
    assert stats.sign_flip(sums) == pytest.approx(wanted, abs=1e-9)


def test_many_moved_clusters_are_flipped_at_random() -> None:
    sums = np.random.default_rng(4).normal(0.15, 1, 120)
    wanted = scipy_stats.permutation_test(
        (sums,),
        np.sum,
        permutation_type="samples",
        n_resamples=20_000,
        batch=500,
        rng=np.random.default_rng(0),
    ).pvalue
    assert stats.sign_flip(sums.tolist()) == pytest.approx(wanted, abs=0.01)
    assert stats.sign_flip((sums + 2).tolist()) == pytest.approx(1 / 10_001)


def test_a_test_does_not_depend_on_its_company() -> None:
    sums = np.random.default_rng(1).normal(0.1, 1, (3, 60))
    assert sign_flips(sums) == [stats.sign_flip(row.tolist()) for row in sums]


def test_nothing_moved_is_no_evidence() -> None:
    assert stats.sign_flip([0.0, 0.0]) == 1.0


def test_holm_agrees_with_the_worked_example() -> None:
    assert stats.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert stats.holm([0.9, 0.8]) == [1.0, 1.0]
    assert stats.holm([]) == []


@pytest.mark.long
@pytest.mark.parametrize("seed", range(4))
def test_holm_agrees_with_statsmodels(seed: int) -> None:
    values = (np.random.default_rng(seed).random(3 * seed + 1) ** 3).tolist()
    wanted = multitest.multipletests(values, method="holm")[1]
    assert stats.holm(values) == pytest.approx(wanted.tolist())


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_keeps_the_order_and_only_raises(values: list[float]) -> None:
    adjusted = stats.holm(values)
    assert all(before <= after <= 1 for before, after in zip(values, adjusted, strict=True))
    ranked = sorted(zip(values, adjusted, strict=True))
    assert [after for _, after in ranked] == sorted(adjusted)

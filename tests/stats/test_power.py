from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from hubq import stats
from tests.stats.reference import Reference

power: Any = Reference("statsmodels.stats.power")


@pytest.mark.parametrize(("discordance", "points"), [(0.05, 2.1), (0.1, 3.0), (0.2, 4.2)])
def test_what_mmmu_can_tell_apart(discordance: float, points: float) -> None:
    found = dict(stats.detectable_range(900))[discordance]
    assert 100 * found == pytest.approx(points, abs=0.05)
    assert found == stats.minimum_detectable(stats.discordance_se(900, discordance))


@pytest.mark.long
def test_a_detectable_difference_is_found_with_a_power_of_80_percent() -> None:
    effect = stats.minimum_detectable(0.02) / 0.02 / math.sqrt(400)
    assert power.normal_power(effect, 400, 0.05) == pytest.approx(0.8, abs=1e-4)


def test_the_detectable_difference_is_from_the_standard_error() -> None:
    found = stats.paired([1.0, 0.0] * 50, [1.0, 1.0, 0.0, 0.0] * 25)
    assert found.se is not None
    assert stats.detectable(found) == stats.Detectable(
        value=stats.minimum_detectable(found.se), is_bound=False
    )


def test_without_flips_it_is_an_upper_bound() -> None:
    scores = np.ones(900).tolist()
    found = stats.detectable(stats.paired(scores, scores))
    assert found is not None
    assert found.is_bound
    # Three in 900 (95 % sure) is a discordance of 0.33 %.
    assert found.value == pytest.approx(2.8 * math.sqrt(3 / 900 / 900), rel=0.01)
    fewer = stats.detectable(stats.paired(scores, scores, [n // 9 for n in range(900)]))
    assert fewer is not None
    assert fewer.value > 5 * found.value


def test_a_single_cluster_detects_nothing() -> None:
    assert stats.detectable(stats.paired([1.0], [1.0])) is None

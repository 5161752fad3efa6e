from __future__ import annotations

import pytest

from hubq import stats
from hubq.stats import Paired, Summary
from tests.rows import each_row


def difference(low: float | None, high: float | None, delta: float = 0.0) -> Paired:
    return Paired(
        n=900, delta=delta, se=None, low=low, high=high, p=1.0, lost=0, gained=0, test="sign-flip"
    )


def test_non_inferiority_is_read_from_the_interval() -> None:
    assert stats.non_inferiority(difference(-0.009, 0.002), 0.01) == "non-inferior"
    assert stats.non_inferiority(difference(-0.03, -0.011), 0.01) == "inferior"
    assert stats.non_inferiority(difference(-0.03, 0.01), 0.01) == "inconclusive"
    assert stats.non_inferiority(difference(None, None), 0.01) == "inconclusive"


@each_row(
    ("low", "high", "holm", "word"),
    [
        (-0.05, -0.01, 0.01, "loss"),
        (0.01, 0.05, 0.01, "gain"),
        (-0.005, 0.02, 0.5, "within"),
        (-0.05, -0.002, 0.05, "hint"),
        (-0.03, 0.01, 0.5, "open"),
        (None, None, 1.0, "open"),
    ],
)
def test_one_word_says_what_a_difference_is(
    low: float | None, high: float | None, holm: float, word: str
) -> None:
    delta = 0.0 if low is None or high is None else (low + high) / 2
    found = stats.judge(difference(low, high, delta), holm=holm, margin=0.01)
    assert found == word
    assert stats.is_suspect(found) == (word == "gain")


def test_what_two_runs_of_the_baseline_do_is_not_called_real() -> None:
    noise = stats.noise([1.0] * 100, [0.0] * 20 + [1.0] * 80)
    assert noise.floor(900) == pytest.approx(0.029, abs=0.001)
    for delta, holm, word in ((-0.02, 0.01, "noise"), (-0.05, 0.01, "loss"), (-0.02, 0.2, "open")):
        found = difference(delta - 0.015, delta + 0.015, delta)
        assert stats.judge(found, holm=holm, margin=0.01, noise=noise) == word


def test_a_task_is_at_the_floor_when_it_cannot_show_a_loss() -> None:
    def score(mean: float, low: float | None) -> Summary:
        return Summary(n=400, mean=mean, se=0.02, low=low, high=None)

    assert stats.is_floor(score(0.28, 0.24), chance=0.25, margin=0.01)
    assert not stats.is_floor(score(0.4, 0.35), chance=0.25, margin=0.01)
    # Known so well that it is above chance, yet by less than the loss that is to be ruled out.
    assert stats.is_floor(score(0.255, 0.251), chance=0.25, margin=0.01)
    assert stats.is_floor(score(0.25, None), chance=0.25, margin=0.0)

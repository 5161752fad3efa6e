from __future__ import annotations

import math
import statistics
from collections.abc import Iterator

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubq import stats
from hubq.stats import NotComparable, Paired, Summary


class Item(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    cluster: str
    prompt_hash: str
    score: float


def items(scores: list[float], prompt: str = "p") -> list[Item]:
    return [
        Item(key=str(n), cluster=str(n), prompt_hash=prompt, score=score)
        for n, score in enumerate(scores)
    ]


binary = st.lists(st.sampled_from([0.0, 1.0]), min_size=2, max_size=40)
fractions = st.lists(st.floats(0, 1, allow_subnormal=False), min_size=2, max_size=40)


# --- one score ------------------------------------------------------------------------------------


def test_independent_scores_have_the_usual_standard_error() -> None:
    scores = [0.0, 0.5, 1.0, 1.0, 0.25]
    assert stats.summarise(scores).se == pytest.approx(statistics.stdev(scores) / math.sqrt(5))


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),  # from scipy.stats.binomtest(...).proportion_ci("wilson")
    [
        (0, 5, 0.0, 0.434482),
        (3, 10, 0.107791, 0.603222),
        (47, 50, 0.837829, 0.979385),
        (50, 50, 0.928652, 1.0),
        (700, 900, 0.749468, 0.803726),
    ],
)
def test_wilson_agrees_with_scipy(hits: int, n: int, low: float, high: float) -> None:
    assert stats.wilson(hits / n, n) == pytest.approx((low, high), abs=1e-6)


def test_items_of_one_cluster_count_once() -> None:
    alone = stats.summarise([0.0, 1.0, 1.0, 0.0, 1.0])
    twins = stats.summarise([0.0, 1.0, 1.0, 0.0, 1.0] * 2, list("abcde") * 2)
    assert twins.mean == alone.mean
    assert twins.se == pytest.approx(alone.se)
    assert twins.low is not None
    assert twins.high is not None
    loose = stats.summarise([0.0, 1.0, 1.0, 0.0, 1.0] * 2)
    assert loose.low is not None
    assert loose.high is not None
    assert twins.high - twins.low > loose.high - loose.low


def test_one_item_has_no_standard_error() -> None:
    assert stats.summarise([0.4]) == Summary(n=1, mean=0.4, se=None, low=None, high=None)
    right = stats.summarise([1.0])
    assert (right.se, right.high) == (None, 1.0)
    assert right.low == pytest.approx(0.2065, abs=1e-4)


def test_equal_scores_have_no_spread() -> None:
    assert stats.summarise([0.5] * 9) == Summary(n=9, mean=0.5, se=0.0, low=0.5, high=0.5)


def test_no_scores_are_refused() -> None:
    with pytest.raises(ValueError, match="no scores"):
        stats.summarise([])


@settings(max_examples=30, deadline=None)
@given(st.one_of(binary, fractions))
def test_the_interval_holds_the_mean_and_stays_within_bounds(scores: list[float]) -> None:
    found = stats.summarise(scores)
    assert found.low is not None
    assert found.high is not None
    assert -1e-9 <= found.low <= found.mean + 1e-9
    assert found.mean - 1e-9 <= found.high <= 1 + 1e-9


# --- a difference ---------------------------------------------------------------------------------


def test_a_paired_difference_counts_what_was_lost_and_gained() -> None:
    found = stats.paired([1, 1, 1, 0, 0, 1], [1, 0, 0, 1, 0, 1])
    assert (found.n, found.lost, found.gained, found.flips) == (6, 2, 1, 3)
    assert found.delta == pytest.approx(-1 / 6)
    assert (found.test, found.p) == ("mcnemar-exact", 1.0)


@settings(max_examples=20, deadline=None)
@given(st.data(), st.integers(2, 30))
def test_swapping_the_two_turns_the_difference_round(data: st.DataObject, n: int) -> None:
    scores = st.lists(st.sampled_from([0.0, 0.25, 1.0]), min_size=n, max_size=n)
    one, two = data.draw(scores), data.draw(scores)
    there, back = stats.paired(one, two), stats.paired(two, one)
    assert back.delta == pytest.approx(-there.delta)
    assert back.se == pytest.approx(there.se)
    assert back.p == pytest.approx(there.p, abs=0.03)
    assert (back.lost, back.gained) == (there.gained, there.lost)
    assert there.low is not None
    assert there.high is not None
    assert back.high is not None
    assert there.low - 1e-9 <= there.delta <= there.high + 1e-9
    assert back.high == pytest.approx(-there.low, abs=0.12)


def test_the_same_scores_always_give_the_same_interval() -> None:
    one, two = np.random.default_rng(0).random((2, 80)).tolist()
    assert stats.paired(one, two) == stats.paired(one, two)


@pytest.mark.parametrize(
    ("lost", "gained", "p"),  # from scipy.stats.binomtest(lost, lost + gained)
    [(0, 0, 1.0), (7, 0, 0.015625), (12, 5, 0.143463), (5, 12, 0.143463), (300, 240, 0.01105)],
)
def test_mcnemar_agrees_with_the_binomial_test(lost: int, gained: int, p: float) -> None:
    assert stats.mcnemar_exact(lost, gained) == pytest.approx(p, abs=1e-6)


def test_the_published_example_of_seven_losses() -> None:
    found = stats.paired([1.0] * 7 + [0.0] * 17, [0.0] * 24)
    assert found.delta == pytest.approx(-0.29, abs=0.005)
    assert found.se == pytest.approx(0.095, abs=0.0005)
    # The plain percentile interval, [-0.458, -0.125], with one item lost and one gained added.
    assert found.low == pytest.approx(-0.46, abs=0.05)
    assert found.high == pytest.approx(-0.06, abs=0.05)
    assert found.p == pytest.approx(0.0156, abs=0.0001)


def test_the_sign_flip_test_agrees_with_all_the_flips() -> None:
    sums = [0.5, -0.25, 1.0, 0.75, 0.5, -0.5, 0.25, 0.5]
    total = abs(sum(sums))
    flips = [
        sum(value * (1 if mask >> place & 1 else -1) for place, value in enumerate(sums))
        for mask in range(256)
    ]
    exact = sum(abs(flip) >= total - 1e-12 for flip in flips) / 256
    assert stats.sign_flip(sums) == pytest.approx(exact, abs=0.015)
    assert stats.sign_flip([0.0, 0.0]) == 1.0


def test_items_that_share_a_picture_get_the_sign_flip_test() -> None:
    found = stats.paired([1, 1, 0, 1], [0, 0, 0, 1], ["a", "a", "b", "c"])
    assert found.test == "sign-flip"
    assert stats.paired([0.5, 1.0], [1.0, 1.0]).test == "sign-flip"


def test_no_difference_at_all_is_not_taken_for_certainty() -> None:
    found = stats.paired([1.0, 0.0] * 50, [1.0, 0.0] * 50)
    assert (found.delta, found.se, found.p) == (0.0, 0.0, 1.0)
    assert found.low is not None
    assert found.high == pytest.approx(0.03, abs=0.01)
    assert found.high == pytest.approx(-found.low, abs=0.01)


@pytest.mark.parametrize("lost", range(1, 12))
def test_the_interval_and_mcnemar_agree_on_whether_there_is_a_difference(lost: int) -> None:
    found = stats.paired([1.0] * 1000, [0.0] * lost + [1.0] * (1000 - lost))
    assert found.high is not None
    assert (found.high < 0) == (found.p < 0.05)


def test_one_pair_has_no_interval() -> None:
    found = stats.paired([1.0], [0.0])
    assert (found.delta, found.se, found.low, found.high, found.lost) == (-1, None, None, None, 1)


def _coverage(experiments: int, n: int, per_cluster: int, lost: float) -> Iterator[bool]:
    """Yield whether the interval held the true difference, -lost / 2, of simulated experiments."""
    draw = np.random.default_rng(7)
    for _ in range(experiments):
        kind = np.repeat(draw.random(n // per_cluster), per_cluster)
        after = np.where(kind < lost, 0.0, np.where(kind > 1 - lost / 2, 1.0, kind > 0.5))
        before = (kind < 0.5) & (kind < lost) | (kind > 0.5) & (kind <= 1 - lost / 2)
        clusters = [str(i // per_cluster) for i in range(n)]
        found = stats.paired(before.astype(float).tolist(), after.tolist(), clusters)
        assert found.low is not None
        assert found.high is not None
        yield found.low <= -lost / 2 <= found.high


@pytest.mark.parametrize(("per_cluster", "lost"), [(1, 0.12), (3, 0.12), (1, 0.015)])
def test_the_interval_covers_the_truth_as_often_as_it_says(per_cluster: int, lost: float) -> None:
    held = list(_coverage(150, 450, per_cluster, lost))
    assert 0.92 <= sum(held) / len(held) <= 0.99


# --- whether two may be compared ------------------------------------------------------------------


def test_the_same_prompts_are_compared_whatever_their_order() -> None:
    found = stats.compare(items([1, 0, 1]), reversed(items([1, 1, 0])))
    assert isinstance(found, Paired)
    assert (found.lost, found.gained) == (1, 1)


def test_other_keys_other_prompts_and_no_items_are_not_comparable() -> None:
    for other, reason in (
        (items([1, 0]), "1 items were answered by only one of the two"),
        (items([1, 0, 1], "q"), "the prompts of 3 items differ"),
        ([], "there are no items"),
    ):
        assert stats.compare(items([1, 0, 1]), other) == NotComparable(reason=reason)


# --- many of them ---------------------------------------------------------------------------------


def test_holm_agrees_with_the_worked_example() -> None:
    assert stats.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert stats.holm([0.9, 0.8]) == [1.0, 1.0]
    assert stats.holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_keeps_the_order_and_only_raises(values: list[float]) -> None:
    adjusted = stats.holm(values)
    assert all(before <= after <= 1 for before, after in zip(values, adjusted, strict=True))
    ranked = sorted(zip(values, adjusted, strict=True))
    assert [after for _, after in ranked] == sorted(adjusted)


@pytest.mark.parametrize(("discordance", "points"), [(0.05, 2.1), (0.1, 3.0), (0.2, 4.2)])
def test_what_mmmu_can_tell_apart(discordance: float, points: float) -> None:
    found = stats.minimum_detectable(stats.discordance_se(900, discordance))
    assert 100 * found == pytest.approx(points, abs=0.05)


def test_non_inferiority_is_read_from_the_interval() -> None:
    def difference(low: float | None, high: float | None) -> Paired:
        return Paired(
            n=9, delta=0.0, se=None, low=low, high=high, p=1.0, lost=0, gained=0, test="sign-flip"
        )

    assert stats.non_inferiority(difference(-0.009, 0.002), 0.01) == "non-inferior"
    assert stats.non_inferiority(difference(-0.03, -0.011), 0.01) == "inferior"
    assert stats.non_inferiority(difference(-0.03, 0.01), 0.01) == "inconclusive"
    assert stats.non_inferiority(difference(None, None), 0.01) == "inconclusive"


def test_the_bootstrap_draws_in_blocks_without_changing_what_it_means() -> None:
    sums = np.random.default_rng(3).normal(0.1, 1.0, 1500).tolist()
    low, high = stats.bootstrap_interval(sums, [1] * len(sums), resamples=4000)
    mean, se = sum(sums) / 1500, math.sqrt(sum(s * s for s in sums)) / 1500
    assert low == pytest.approx(mean - 1.96 * se, abs=0.15 * se)
    assert high == pytest.approx(mean + 1.96 * se, abs=0.15 * se)

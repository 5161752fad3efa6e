from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubq import stats
from hubq.stats import NotComparable, Paired
from tests.rows import each_row
from tests.stats.support import Item, items


def test_a_paired_difference_counts_what_was_lost_and_gained() -> None:
    found = stats.paired([1, 1, 1, 0, 0, 1], [1, 0, 0, 1, 0, 1])
    assert (found.n, found.lost, found.gained, found.flips) == (6, 2, 1, 3)
    assert found.delta == pytest.approx(-1 / 6)
    assert (found.test, found.p) == ("mcnemar-exact", 1.0)


@settings(max_examples=20, deadline=None)
@given(st.data(), st.integers(2, 80))
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
    assert there.low - 1e-9 <= there.delta <= there.high + 1e-9
    assert back.high == pytest.approx(-there.low)


def test_the_same_scores_always_give_the_same_numbers_alone_or_with_others() -> None:
    one, two, three = np.random.default_rng(0).random((3, 80)).tolist()
    together = stats.paired_all(one, {"two": two, "three": three})
    assert together == {"two": stats.paired(one, two), "three": stats.paired(one, three)}


def test_the_published_example_of_seven_losses() -> None:
    found = stats.paired([1.0] * 7 + [0.0] * 17, [0.0] * 24)
    assert found.delta == pytest.approx(-0.29, abs=0.005)
    assert found.se == pytest.approx(0.095, abs=0.0005)
    assert found.p == pytest.approx(0.0156, abs=0.0001)
    assert (found.interval, found.warning) == (
        "student",
        "7 items differ; the interval is approximate",
    )
    # Wider than the plain percentile interval, [-0.458, -0.125], which is too short here.
    assert found.low == pytest.approx(-0.48, abs=0.05)
    assert found.high == pytest.approx(-0.05, abs=0.05)


def test_items_that_share_a_picture_get_the_sign_flip_test() -> None:
    found = stats.paired([1, 1, 0, 1], [0, 0, 0, 1], ["a", "a", "b", "c"])
    assert found.test == "sign-flip"
    assert (found.clusters, found.moved) == (3, 1)
    assert stats.paired([0.5, 1.0], [1.0, 1.0]).test == "sign-flip"


def test_enough_items_and_clusters_get_the_bootstrap() -> None:
    draw = np.random.default_rng(1)
    one = draw.random(300)
    two = np.clip(one + draw.normal(0.02, 0.1, 300), 0, 1)
    found = stats.paired(one.tolist(), two.tolist())
    assert (found.interval, found.warning) == ("bootstrap-t", "")
    assert found.se is not None
    assert found.low == pytest.approx(found.delta - 1.97 * found.se, abs=0.05 * found.se)
    assert found.high == pytest.approx(found.delta + 1.97 * found.se, abs=0.05 * found.se)


@each_row(
    ("changed", "clusters", "warning"),
    [
        (0, 100, "no item differs; the interval is a bound"),
        (1, 100, "1 item differs; the interval is approximate"),
        (12, 100, "12 items differ; the interval is approximate"),
        (40, 100, ""),
        (40, 10, "the 40 items that differ move 4 clusters; the interval is approximate"),
        (100, 25, "25 independent items or clusters; the interval is approximate"),
        (40, 1, "all items share one cluster; nothing can be said of the difference"),
    ],
)
def test_a_thin_comparison_is_warned_of(changed: int, clusters: int, warning: str) -> None:
    after = [0.0] * changed + [1.0] * (100 - changed)
    found = stats.paired([1.0] * 100, after, [n * clusters // 100 for n in range(100)])
    assert found.warning == warning
    assert (found.interval == "bootstrap-t") == (not warning)


def test_no_difference_at_all_is_not_taken_for_certainty() -> None:
    found = stats.paired([1.0, 0.0] * 50, [1.0, 0.0] * 50)
    assert (found.delta, found.se, found.p, found.recovery) == (0.0, 0.0, 1.0, 1.0)
    assert found.low is not None
    # The exact upper bound of a share of which none in 100 was seen is 0.036.
    assert found.high == pytest.approx(0.038, abs=0.002)
    assert found.high == pytest.approx(-found.low)


@each_row("lost", range(1, 12))
def test_the_interval_never_claims_more_than_mcnemar(lost: int) -> None:
    found = stats.paired([1.0] * 1000, [0.0] * lost + [1.0] * (1000 - lost))
    assert found.high is not None
    assert found.high > 0 or found.p < 0.05


def test_one_pair_has_no_interval() -> None:
    found = stats.paired([1.0], [0.0])
    assert (found.delta, found.se, found.low, found.high, found.lost) == (-1, None, None, None, 1)
    assert found.interval == "none"


def test_recovery_is_the_ratio_of_the_means_with_an_interval() -> None:
    draw = np.random.default_rng(2)
    before = (draw.random(800) < 0.6).astype(float)
    after = np.where(draw.random(800) < 0.2, 0.0, before)
    found = stats.paired(before.tolist(), after.tolist())
    assert found.recovery == pytest.approx(after.mean() / before.mean())
    drawn = draw.integers(0, 800, (2000, 800))
    low, high = np.quantile(after[drawn].mean(1) / before[drawn].mean(1), [0.025, 0.975])
    assert found.recovery_low == pytest.approx(low, abs=0.004)
    assert found.recovery_high == pytest.approx(high, abs=0.004)
    assert stats.paired([0.0, 0.0], [0.0, 1.0]).recovery is None


def test_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="2 and 1 scores"):
        stats.paired([1, 0], [1])
    with pytest.raises(ValueError, match="no scores"):
        stats.paired([], [])


# --- whether two may be compared ------------------------------------------------------------------


def test_the_same_prompts_are_compared_whatever_their_order() -> None:
    found = stats.compare(items([1, 0, 1]), reversed(items([1, 1, 0])))
    assert isinstance(found, Paired)
    assert (found.lost, found.gained) == (1, 1)


def test_what_was_not_asked_alike_is_not_comparable() -> None:
    twice = [*items([1, 0]), Item(key="0", cluster="c0", prompt_hash="p", score=1)]
    for other, reason in (
        (items([1, 0]), "1 items were answered by only one of the two"),
        (items([1, 0, 1], "q"), "the prompts of 3 items differ"),
        (items([1, 0, 1], cluster="d"), "the images or documents of 3 items differ"),
        (twice, "1 items have the key of another"),
        ([], "there are no items"),
    ):
        assert stats.compare(items([1, 0, 1]), other) == NotComparable(reason=reason)


def test_measures_of_another_identity_are_not_comparable() -> None:
    ours = {"harness": "hubq", "engine": "transformers", "dtype": "bfloat16"}
    theirs = {"harness": "lmms-eval", "engine": "transformers"}
    found = stats.compare(items([1, 0]), items([1, 0]), identities=(ours, theirs))
    assert isinstance(found, NotComparable)
    assert found.reason == "dtype is not known, not bfloat16; harness is lmms-eval, not hubq"
    assert isinstance(stats.compare(items([1]), items([1]), identities=(ours, ours)), Paired)


def test_several_variants_are_compared_at_once() -> None:
    found = stats.compare_all(
        items([1, 0, 1]), {"a": items([1, 1, 1]), "b": items([1]), "c": items([0, 0, 0])}
    )
    assert list(found) == ["a", "b", "c"]
    assert isinstance(found["b"], NotComparable)
    assert found["c"] == stats.compare(items([1, 0, 1]), items([0, 0, 0]))

from __future__ import annotations

import importlib.util
import math
import sys
from collections import Counter
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubq.stats.quantiles import student_95
from hubq.stats.rounds import relative
from tests.side.conftest import SIDE


@cache
def turns() -> Any:
    """Return the module, which is on no package's path; hypothesis allows no fixture for it."""
    spec = importlib.util.spec_from_file_location("bench_turns_alone", SIDE / "bench_turns.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


counts = st.integers(min_value=1, max_value=9)


@given(count=counts, turn=st.integers(min_value=0, max_value=99))
def test_everyone_has_one_turn_in_a_round(count: int, turn: int) -> None:
    assert sorted(turns().order(count, turn)) == list(range(count))


@given(count=counts, start=st.integers(min_value=0, max_value=30))
def test_in_as_many_rounds_as_subjects_each_is_first_once(count: int, start: int) -> None:
    firsts = [turns().order(count, start + number)[0] for number in range(count)]
    assert sorted(firsts) == list(range(count))


@given(count=st.integers(min_value=2, max_value=9))
def test_each_is_at_each_place_and_after_each_other_equally_often(count: int) -> None:
    period = count if count % 2 == 0 else 2 * count
    rows = [turns().order(count, number) for number in range(period)]
    places = Counter((place, who) for row in rows for place, who in enumerate(row))
    followers = Counter(pair for row in rows for pair in pairwise(row))
    assert set(places.values()) == {period // count}
    assert len(followers) == count * (count - 1)
    assert set(followers.values()) == {period // count}


@pytest.mark.parametrize("freedom", [*range(1, 31), 60, 200, 1000])
def test_students_point_is_that_of_hubqs_own_statistics(freedom: int) -> None:
    assert turns().student_95(freedom) == pytest.approx(student_95(freedom), rel=1e-9)


@given(
    pairs=st.lists(st.tuples(st.floats(0.01, 100), st.floats(0.01, 100)), min_size=2, max_size=12)
)
def test_half_an_interval_is_that_of_the_ratio_that_is_reported(
    pairs: list[tuple[float, float]],
) -> None:
    found = relative([own for own, _ in pairs], [other for _, other in pairs])
    assert found.high is not None
    half = turns().half_width([math.log(own / other) for own, other in pairs])
    assert half == pytest.approx(math.log(found.high / found.ratio), rel=1e-6, abs=1e-9)


def test_a_warm_up_ends_when_two_runs_agree_but_not_before_its_least() -> None:
    rule = turns().WarmUp.of({"least": 3, "most": 6, "within": 0.05})
    assert not rule.enough([1.0, 1.0])
    assert rule.enough([9.0, 1.0, 1.04])
    assert not rule.enough([1.0, 1.0, 1.06])
    assert rule.settled([1.04, 1.0])
    assert not rule.settled([1.0])


def test_a_warm_up_that_never_settles_ends_at_its_most_and_says_so() -> None:
    rule = turns().WarmUp.of({"least": 1, "most": 4, "within": 0.05})
    seconds = [1.0, 2.0, 1.0, 2.0]
    assert rule.enough(seconds)
    assert not rule.settled(seconds)


def test_no_warm_up_asks_for_no_runs() -> None:
    assert turns().WarmUp.of({"least": 0, "most": 4, "within": 0.05}).enough([])


RULE: dict[str, Any] = {"least": 3, "most": 6, "precision": 0.02, "processes": 1}


def stopped(speeds: dict[int, list[float]], **changes: Any) -> str | None:
    count = max((len(own) for own in speeds.values()), default=0)
    found: str | None = turns().Rounds.of(RULE | changes).stopped(count, speeds)
    return found


def test_drift_that_hits_all_alike_keeps_no_interval_wide() -> None:
    drifting = [1.0, 2.0, 4.0]
    assert stopped({0: drifting, 1: [0.7 * speed for speed in drifting]}) == "narrow"
    assert stopped({1: drifting}) is None


def test_every_interval_has_to_be_narrow() -> None:
    assert stopped({0: [1, 1, 1], 1: [1, 1, 1], 2: [1.0, 1.1, 0.9]}) is None
    assert stopped({0: [1] * 6, 1: [1.0, 1.1, 0.9, 1.2, 0.8, 1]}) == "most"


def test_two_equal_rounds_are_not_enough_where_three_are_the_least() -> None:
    assert stopped({0: [1, 1], 1: [1, 1]}) is None
    assert stopped({0: [1, 1], 1: [1, 1]}, least=2) == "narrow"
    assert stopped({0: [1, 1, 1], 1: [1, 1, 1]}, processes=4) is None


def test_a_baseline_alone_is_measured_until_its_own_interval_is_narrow() -> None:
    assert stopped({0: [1.0, 1.0, 1.001]}) == "narrow"
    assert stopped({0: [1.0, 2.0, 1.5]}) is None


@given(
    least=st.integers(min_value=1, max_value=12),
    processes=st.integers(min_value=1, max_value=12),
)
def test_the_loads_shares_make_up_the_least(least: int, processes: int) -> None:
    rule = turns().Rounds.of(RULE | {"least": least, "processes": processes})
    assert rule.share * processes >= least
    assert (rule.share - 1) * processes < least


def test_a_steps_key_names_the_load_where_there_is_one() -> None:
    assert turns().Step("W").key == "W"
    assert turns().Step("W", "c4").key == "W/c4"

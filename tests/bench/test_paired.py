"""Rounds beside the baseline's: pairs are of one round, and upside down is one over."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubq.bench.asked import Asked
from hubq.bench.paired import Round, relative_of, rounds_of, typical_of
from hubq.bench.sitting import Sample
from hubq.errors import BadInput
from hubq.model.workload import Load, ServingWorkload, Workload

ASKED = Asked(workload=Workload(name="w", input_tokens=1, output_tokens=10))
SPEEDS = st.floats(0.01, 1000)
PAIRS = st.lists(st.tuples(SPEEDS, SPEEDS), min_size=1, max_size=12)


def run(position: int, number: int, seconds: float, **fields: Any) -> Sample:
    plain: dict[str, Any] = {"workload": "w", "order": 0, "at": 0.0}
    return Sample(**(plain | {"position": position, "round": number, "seconds": seconds} | fields))


def rounds(pairs: list[tuple[float, float]]) -> list[Round]:
    return [
        Round(round=number, process=0, own={"e2e_seconds": own}, baseline={"e2e_seconds": other})
        for number, (own, other) in enumerate(pairs)
    ]


def test_rounds_are_those_that_the_subject_took_part_in() -> None:
    samples = [
        run(1, 1, 2.0, process=1),
        run(0, 0, 1.0),
        run(1, 0, 1.0),
        run(2, 0, 9.0),
        run(0, 2, 5.0),
        run(1, 0, 7.0, workload="other"),
        run(1, 0, 7.0, step="max"),
    ]
    first, second = rounds_of(ASKED, samples, 1, {})
    assert (first.round, first.process, first.own) == (0, 0, {"tokens_per_second": 10.0})
    assert first.baseline == {"tokens_per_second": 10.0}
    assert (second.round, second.process, second.own) == (1, 1, {"tokens_per_second": 5.0})
    assert second.baseline is None
    assert msgspec.to_builtins(second).keys() == {"round", "process", "own"}


def test_the_baseline_has_nothing_beside_it() -> None:
    found = rounds_of(ASKED, [run(0, 0, 1.0), run(1, 0, 1.0)], 0, {})
    assert [one.baseline for one in found] == [None]
    assert relative_of(found) == {}


def test_each_step_of_a_load_has_its_own_rounds() -> None:
    workload = ServingWorkload(name="w", input_tokens=1, output_tokens=1, loads=())
    samples = [run(0, 0, 1.0, step="c1"), run(0, 0, 2.0, step="max")]
    single = Asked(workload=workload, load=Load(requests=1, concurrency=1))
    assert len(rounds_of(single, samples, 0, {})) == 1
    assert (single.place, single.step) == ("w/c1", "c1")


def test_two_runs_in_one_round_are_refused() -> None:
    with pytest.raises(BadInput, match="round 3 has two runs of one subject, position 1"):
        rounds_of(ASKED, [run(1, 3, 1.0), run(1, 3, 1.0)], 1, {})


def test_a_round_that_one_of_the_two_missed_has_no_ratio() -> None:
    whole = rounds([(1.0, 2.0), (1.0, 2.0), (1.0, 2.0)])
    torn = [*whole, Round(round=3, process=0, own={"e2e_seconds": 900.0})]
    assert relative_of(torn) == relative_of(whole)
    assert typical_of(torn)["e2e_seconds"].n == 4


def test_a_round_of_zero_has_no_ratio() -> None:
    found = relative_of(rounds([(0.0, 2.0), (1.0, 0.0), (1.0, 2.0)]))["e2e_seconds"]
    assert (found.ratio, found.n, found.low, found.p) == (0.5, 1, None, None)
    assert relative_of(rounds([(0.0, 1.0)])) == {}


def test_rounds_that_share_a_load_are_less_sure_than_rounds_with_their_own() -> None:
    shared = rounds([(1.0, 2.0), (1.1, 2.0), (1.0, 2.1)])
    apart = [msgspec.structs.replace(one, process=one.round) for one in shared]
    for found_of in (typical_of, relative_of):
        told, wide = found_of(apart, 0.05)["e2e_seconds"], found_of(shared, 0.05)["e2e_seconds"]
        assert told == found_of(shared)["e2e_seconds"]
        assert (wide.low or 0) < (told.low or 0) < (told.high or 0) < (wide.high or 0)


@given(PAIRS)
def test_upside_down_is_one_over(pairs: list[tuple[float, float]]) -> None:
    one = relative_of(rounds(pairs))["e2e_seconds"]
    other = relative_of(rounds([(b, a) for a, b in pairs]))["e2e_seconds"]
    assert one.ratio * other.ratio == pytest.approx(1)
    if one.low is not None and one.high is not None and other.low is not None:
        assert math.log(one.high) == pytest.approx(-math.log(other.low), abs=1e-9)
        assert one.p == pytest.approx(other.p, abs=1e-9)


@given(PAIRS, st.floats(0.1, 10))
def test_a_clock_of_another_unit_changes_no_ratio(
    pairs: list[tuple[float, float]], unit: float
) -> None:
    one = relative_of(rounds(pairs))["e2e_seconds"]
    other = relative_of(rounds([(unit * a, unit * b) for a, b in pairs]))["e2e_seconds"]
    assert one.ratio == pytest.approx(other.ratio)
    value = typical_of(rounds(pairs))["e2e_seconds"].value
    scaled = typical_of(rounds([(unit * a, unit * b) for a, b in pairs]))["e2e_seconds"].value
    assert scaled == pytest.approx(unit * value)


@given(PAIRS)
def test_the_ratio_of_means_is_the_mean_of_ratios(pairs: list[tuple[float, float]]) -> None:
    found = rounds(pairs)
    base = [Round(round=one.round, process=0, own=one.baseline or {}) for one in found]
    mean = typical_of(found)["e2e_seconds"].value / typical_of(base)["e2e_seconds"].value
    assert relative_of(found)["e2e_seconds"].ratio == pytest.approx(mean)

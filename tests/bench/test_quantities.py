"""What one run says, by hand and by laws: faster machines scale rates, and nothing else moves."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubq.bench.asked import Asked
from hubq.bench.quantities import UNITS, percentile, quantities_of, tpot_of, waits_of
from hubq.bench.sitting import Request, Sample
from hubq.model.workload import LatencyTarget, Load, ServingWorkload, Workload

PLAIN = Asked(workload=Workload(name="w", input_tokens=4, output_tokens=11, batch_size=2))
SERVED = Asked(
    workload=ServingWorkload(
        name="s",
        input_tokens=4,
        output_tokens=3,
        images=2,
        loads=(),
        target=LatencyTarget(ttft_ms=150, tpot_ms=310, e2e_ms=900),
    ),
    load=Load(requests=3, concurrency=2),
)
TIMES = st.floats(1e-3, 1e3)


def run(seconds: float = 2.0, first: float | None = 0.5, **fields: Any) -> Sample:
    plain: dict[str, Any] = {"workload": "w", "round": 0, "position": 0, "order": 0, "at": 0.0}
    return Sample(**(plain | {"seconds": seconds, "first_token_seconds": first} | fields))


def request(ttft: float, *itl: float, **fields: Any) -> Request:
    plain: dict[str, Any] = {
        "start": 0.0,
        "ttft": ttft,
        "e2e": ttft + math.fsum(itl),
        "itl": itl,
        "input_tokens": 10,
        "output_tokens": 1 + len(itl),
    }
    return Request(**(plain | fields))


def test_plain_generation_by_hand() -> None:
    assert quantities_of(PLAIN, run(joules=44.0), 6) == {
        "tokens_per_second": 11.0,
        "decode_tokens_per_second": pytest.approx(20 / 1.5),
        "prefill_tokens_per_second": 24.0,
        "first_token_seconds": 0.5,
        "joules_per_token": 2.0,
    }


def test_a_server_by_hand() -> None:
    requests = (
        request(0.1, 0.2, 0.4),
        request(0.2, 0.1, 0.1),
        request(0.3, error="503"),
        request(0.1),
    )
    found = quantities_of(SERVED, run(first=None, requests=requests, joules=14.0), None)
    assert found["request_rate"] == 1.5
    assert found["output_tokens_per_second"] == 3.5
    assert found["total_tokens_per_second"] == 18.5
    assert found["images_per_second"] == 3.0
    assert found["joules_per_token"] == 2.0
    assert found["ttft_seconds"] == 0.1
    assert found["itl_seconds"] == pytest.approx(0.15)
    assert found["tpot_seconds"] == pytest.approx(0.2)
    assert found["e2e_seconds"] == pytest.approx(0.4)
    # The second is late with its first token; the last has no further token to be late with.
    assert found["goodput"] == 1.0
    assert "tokens_per_second" not in found


def test_goodput_wants_every_latency_of_the_target() -> None:
    late = {"ttft": request(0.2, 0.1), "tpot": request(0.1, 0.32), "e2e": request(0.1, *[0.2] * 9)}
    for one in late.values():
        assert quantities_of(SERVED, run(requests=(one,)), None)["goodput"] == 0.0
    assert quantities_of(SERVED, run(requests=(request(0.1, 0.3),)), None)["goodput"] == 0.5


def test_a_server_that_answered_nothing_has_rates_of_zero_and_no_latency() -> None:
    found = quantities_of(SERVED, run(requests=(request(0.1, error="refused"),)), None)
    assert set(found.values()) == {0.0}
    assert not [name for name in found if name.endswith("_seconds")]


@pytest.mark.parametrize(
    ("sample", "tokens", "gone"),
    [
        (run(first=None), 6, {"first_token_seconds", "prefill", "decode"}),
        (run(first=2.0), 6, {"decode"}),
        (run(), None, {"prefill"}),
        (run(seconds=0.0), 6, {"tokens_per_second", "decode"}),
    ],
)
def test_what_cannot_be_worked_out_is_left_out(
    sample: Sample, tokens: int | None, gone: set[str]
) -> None:
    found = quantities_of(PLAIN, sample, tokens)
    assert not [name for name in found if any(name.startswith(one) for one in gone)]


def test_one_token_has_no_decoding() -> None:
    workload = msgspec.structs.replace(PLAIN.workload, output_tokens=1)
    assert "decode_tokens_per_second" not in quantities_of(Asked(workload=workload), run(), 6)
    assert tpot_of(request(0.2)) is None


@given(TIMES, TIMES, st.floats(1e-2, 1e2))
def test_a_machine_k_times_as_fast_has_k_times_the_rates(
    first: float, later: float, factor: float
) -> None:
    slow = quantities_of(PLAIN, run(first + later, first, joules=1.0), 6)
    fast = quantities_of(PLAIN, run((first + later) / factor, first / factor, joules=1.0), 6)
    assert slow.keys() == fast.keys()
    for name, value in slow.items():
        by = {"s": 1 / factor, "tokens/s": factor, "J": 1.0}[UNITS[name]]
        assert fast[name] == pytest.approx(value * by, rel=1e-6)


@given(
    st.lists(st.tuples(TIMES, st.lists(TIMES, max_size=5)), min_size=1, max_size=6),
    st.floats(0.2, 1e3),
)
def test_latencies_scale_with_time_and_keep_their_order(
    told: list[tuple[float, list[float]]], factor: float
) -> None:
    def served(by: float) -> dict[str, float]:
        requests = tuple(request(by * ttft, *[by * one for one in itl]) for ttft, itl in told)
        return quantities_of(SERVED, run(by, requests=requests), None)

    one, other = served(1.0), served(factor)
    for name in ("ttft", "itl", "tpot", "e2e"):
        if f"{name}_seconds" in one:
            middle, high, highest = (one[f"{name}{end}_seconds"] for end in ("", "_p90", "_p99"))
            assert middle <= high <= highest
            assert other[f"{name}_seconds"] == pytest.approx(factor * middle, rel=1e-6)
    assert other["request_rate"] == pytest.approx(one["request_rate"] / factor)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40), st.floats(0, 1))
def test_percentiles_are_those_of_numpy(values: list[float], share: float) -> None:
    found = percentile(sorted(values), share)
    assert found == pytest.approx(float(np.quantile(values, share)), rel=1e-9, abs=1e-6)


def test_tokens_that_came_in_one_read_share_the_wait_before_them() -> None:
    read = request(0.01, 0.009, 0.00001, 0.00002, 0.003)
    shared = 0.00903 / 3
    assert waits_of(read) == pytest.approx([shared, shared, shared, 0.003])
    assert waits_of(request(0.01, 0.00001, 0.004)) == pytest.approx([0.00001, 0.004])


@given(st.lists(st.floats(0, 10)))
def test_shared_waits_are_as_many_and_as_long(gaps: list[float]) -> None:
    found = waits_of(request(0.01, *gaps))
    assert len(found) == len(gaps)
    assert math.fsum(found) == pytest.approx(math.fsum(gaps))

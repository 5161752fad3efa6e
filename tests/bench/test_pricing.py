from __future__ import annotations

import pytest

from hubq.bench.pricing import cost_of
from hubq.model.workload import Price
from hubq.stats.rounds import Typical

PRICE = Price(per_hour=3.6, currency="EUR")


def speed(value: float, low: float | None, high: float | None) -> Typical:
    return Typical(value=value, low=low, high=high, n=5)


def test_an_hour_s_tokens_share_its_price() -> None:
    found = cost_of(PRICE, speed(1000.0, 500.0, 2000.0))
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx((1.0, 0.5, 2.0))
    assert found.currency == "EUR"


def test_a_speed_that_may_be_zero_may_cost_anything() -> None:
    found = cost_of(PRICE, speed(10.0, 0.0, 20.0))
    assert found is not None
    assert found.high is None


def test_a_single_round_has_a_cost_without_interval() -> None:
    found = cost_of(PRICE, speed(10.0, None, None))
    assert found is not None
    assert (found.low, found.high) == (None, None)


def test_nothing_generated_has_no_cost() -> None:
    assert cost_of(PRICE, speed(0.0, 0.0, 0.0)) is None

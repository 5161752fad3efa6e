from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from hubq.cards.charts.figures import Rates
from hubq.cards.charts.rates import rate_charts, rates_chart
from hubq.cards.comparison import compare
from hubq.cards.family import Family
from hubq.cards.ledger import Ledger
from hubq.model.codec import pretty
from hubq.model.result import Collected, Measure
from hubq.model.stage import Kind
from tests.cards.charts.made_up import series
from tests.cards.factory import Factory

_FACTORS = {"BF16": 1.0, "GPTQ-Int4": 0.5, "AWQ": 0.98}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Family:
    """Return a family whose servers were put under load."""
    factory = Factory(tmp_path_factory.mktemp("load"))
    for name, factor in _FACTORS.items():
        factory.commit(Kind.BENCH, name, {}, _collector(factor), {"load.json": "[1.0]"})
    return factory.family()


def _collector(factor: float) -> Any:
    def collect(_work: Path, _out: Mapping[str, Any]) -> Collected:
        found = []
        for step, rate in enumerate((1.0, 4.0)):
            latency = factor * (0.010 + rate / 1000)
            bounds = {"low": latency * 0.97, "high": latency * 1.03}
            found += [
                _measure(f"request_rate/text/{step}", rate, "requests/s"),
                _measure(f"itl_seconds/text/{step}", latency, "s", **bounds),
            ]
        return Collected(measures=tuple(found))

    return collect


def _measure(name: str, value: float, unit: str, **bounds: float) -> Measure:
    return Measure(
        name=name, value=value, unit=unit, n=30, file="load.json", pointer="/0", **bounds
    )


def test_a_family_that_was_not_put_under_load_has_no_such_chart(family: Family) -> None:
    ledger = Ledger(family, pretty(compare(family, family.published)).encode())
    assert rate_charts(family, ledger) == ()


def test_every_number_that_is_drawn_is_its_claim(loaded: Family) -> None:
    ledger = Ledger(loaded, pretty(compare(loaded, loaded.published)).encode())
    (chart,) = rate_charts(loaded, ledger)
    claims = {claim.id: claim for claim in ledger.claims}
    assert isinstance(chart.drawing, Rates)
    for one in chart.drawing.series:
        stage = loaded.results[f"bench/{one.variant}"]
        for number, step in enumerate(one.steps):
            assert step.rate.value == claims[step.rate.claim].value
            assert step.rate.value == stage.measure(f"request_rate/text/{number}").value
            measure = stage.measure(f"itl_seconds/text/{number}")
            assert step.latency.value.value == claims[step.latency.value.claim].value
            assert step.latency.value.value == pytest.approx(measure.value * 1000)
            assert measure.low is not None
            assert step.latency.bottom == pytest.approx(measure.low * 1000)
    assert [one.variant for one in chart.drawing.series] == ["BF16", "GPTQ-Int4", "AWQ"]
    assert chart.files[0] == "charts/rates-1.png"


def test_the_text_tells_apart_only_what_the_intervals_do(loaded: Family) -> None:
    ledger = Ledger(loaded, pretty(compare(loaded, loaded.published)).encode())
    (chart,) = rate_charts(loaded, ledger)
    assert chart.alt == (
        "Time between tokens, workload text: GPTQ-Int4 is below BF16 beyond the intervals at "
        "every shared rate; AWQ cannot be told from BF16 at any shared rate."
    )


def test_rates_at_which_variants_differ_are_named() -> None:
    low, crossing = series("A", 0, 1.0, 2.0), series("B", 1, 2.0, 2.0)
    mixed = low.steps[:3] + crossing.steps[3:]
    other = type(low)(variant="B", look=1, steps=mixed)
    chart = rates_chart((low, other), "time to first token", unit="ms", name="rates-1")
    assert "B is above A beyond the intervals at 4.00, 8.00 and 16.00 requests/s" in chart.alt


def test_without_intervals_the_ends_are_told_and_nothing_is_compared() -> None:
    pair = (series("A", 0, 1.0, 0.0), series("B", 1, 2.0, 0.0))
    chart = rates_chart(pair, "time to first token", unit="ms", name="rates-1")
    assert "at the highest rate of each: A 52.67 at 16.00 requests/s and B" in chart.alt
    assert "interval" not in chart.alt + chart.caption

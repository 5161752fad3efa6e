from __future__ import annotations

import msgspec
import pytest

from hubq.cards.charts.figures import Rates
from hubq.cards.charts.rates import rate_charts, rates_chart
from hubq.cards.comparison import compare
from hubq.cards.family import Family
from hubq.cards.ledger import Ledger
from hubq.model.codec import pretty
from hubq.model.recipe import LoadedRecipe
from hubq.model.workload import Load
from tests.cards.charts.made_up import series
from tests.cards.factory import Factory
from tests.cards.nano import loaded_recipe, with_serving


def at_rates(loaded: LoadedRecipe) -> LoadedRecipe:
    """Return a recipe whose servers are sent requests at two rates, the higher one first."""
    (chat,) = loaded.workloads.serving
    loads = (Load(requests=8, rate=4.0), Load(requests=8, rate=1.0), *chat.loads[:1])
    serving = (msgspec.structs.replace(chat, loads=loads),)
    workloads = msgspec.structs.replace(loaded.workloads, serving=serving)
    return msgspec.structs.replace(loaded, workloads=workloads)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Family:
    """Return a family whose servers were put under load; one variant was not timed."""
    factory = Factory(tmp_path_factory.mktemp("load"), at_rates(with_serving(loaded_recipe())))
    for name in ("BF16", "GPTQ-Int4", "AWQ"):
        factory.bench(name)
    return factory.family()


def ledger_of(family: Family) -> Ledger:
    return Ledger(family, pretty(compare(family, family.published)).encode())


def test_a_family_that_was_not_put_under_load_has_no_such_chart(family: Family) -> None:
    assert rate_charts(family, ledger_of(family)) == ()


def test_a_single_rate_makes_no_line(served: Family) -> None:
    assert rate_charts(served, ledger_of(served)) == ()


def test_every_number_that_is_drawn_is_its_claim(loaded: Family) -> None:
    ledger = ledger_of(loaded)
    between, first = rate_charts(loaded, ledger)
    claims = {claim.id: claim for claim in ledger.claims}
    assert isinstance(between.drawing, Rates)
    for one in between.drawing.series:
        stage = loaded.results[f"bench/{one.variant}/vllm"]
        for step, rate in zip(one.steps, (1.0, 4.0), strict=True):
            assert step.rate.value == claims[step.rate.claim].value == rate
            measure = stage.measure(f"itl_seconds/chat/r{rate:g}")
            assert step.latency.value.value == claims[step.latency.value.claim].value
            assert step.latency.value.value == pytest.approx(measure.value * 1000)
            assert measure.low is not None
            assert step.latency.bottom == pytest.approx(measure.low * 1000)
    assert [one.variant for one in between.drawing.series] == ["BF16", "GPTQ-Int4", "AWQ"]
    assert (between.files[0], first.files[0]) == ("charts/rates-1.png", "charts/rates-2.png")


def test_the_text_tells_apart_only_what_the_intervals_do(loaded: Family) -> None:
    between, _ = rate_charts(loaded, ledger_of(loaded))
    assert between.alt == (
        "Time between tokens, workload chat: GPTQ-Int4 is above BF16 beyond the intervals at "
        "every shared rate; AWQ is above BF16 beyond the intervals at every shared rate."
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

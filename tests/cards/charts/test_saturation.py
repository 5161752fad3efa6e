from __future__ import annotations

import msgspec
import pytest

from hubq.cards.charts.chart import Chart
from hubq.cards.charts.figures import Saturation
from hubq.cards.charts.saturation import saturation_charts
from hubq.cards.comparison import compare
from hubq.cards.family import Family
from hubq.cards.ledger import Ledger
from hubq.model.codec import pretty
from hubq.model.marks import plain
from hubq.model.workload import Load
from tests.cards.charts.test_rates import at_rates
from tests.cards.factory import Factory
from tests.cards.nano import loaded_recipe, with_serving
from tests.cards.timings import paced


def charts_of(family: Family) -> tuple[Chart, ...]:
    ledger = Ledger(family, pretty(compare(family, family.published)).encode())
    return saturation_charts(family, ledger)


def test_a_family_that_is_not_served_has_no_such_chart(family: Family) -> None:
    assert charts_of(family) == ()


def test_each_line_goes_from_the_least_load_to_the_most(served: Family) -> None:
    (chart,) = charts_of(served)
    assert isinstance(chart.drawing, Saturation)
    assert [one.variant for one in chart.drawing.curves] == ["BF16", *served.published]
    for one in chart.drawing.curves:
        assert [plain(turn.load) for turn in one.turns] == [
            "1 at a time",
            "4 at a time",
            "all 12 at once",
        ]


def test_every_number_that_is_drawn_is_its_claim(served: Family) -> None:
    ledger = Ledger(served, pretty(compare(served, served.published)).encode())
    (chart,) = saturation_charts(served, ledger)
    claims = {claim.id: claim for claim in ledger.claims}
    assert isinstance(chart.drawing, Saturation)
    for one in chart.drawing.curves:
        stage = served.results[f"bench/{one.variant}/vllm"]
        for turn, step in zip(one.turns, ("c1", "c4", "max"), strict=True):
            rate = stage.measure(f"output_tokens_per_second/chat/{step}")
            wait = stage.measure(f"e2e_seconds/chat/{step}")
            assert turn.throughput.value.value == pytest.approx(rate.value)
            assert turn.latency.value.value == pytest.approx(wait.value * 1000)
            assert rate.low is not None
            assert turn.throughput.bottom == pytest.approx(rate.low)
            for number in (turn.throughput.value, turn.latency.value):
                assert claims[number.claim].value == number.value
    assert set(chart.claims) <= set(claims)


def test_the_text_says_who_is_faster_under_which_load(served: Family) -> None:
    moved = paced(served, "AWQ", 1.5, 1e-6, engine="vllm", place="/max")
    (chart,) = charts_of(paced(moved, "GPTQ-Int4", 0.99, 0.9, engine="vllm", place="/c1"))
    assert chart.alt == (
        "The most that each server reached: BF16 518.8 tokens/s at 354.5 ms (all 12 at once); "
        "GPTQ-Int8 290.4 tokens/s at 633.3 ms (all 12 at once); GPTQ-Int4 442.9 tokens/s at "
        "415.3 ms (all 12 at once); AWQ 465.8 tokens/s at 394.9 ms (all 12 at once). Under the "
        "least load GPTQ-Int8 and AWQ are slower than BF16. Under the most load AWQ is faster than "
        "BF16, and GPTQ-Int8 and GPTQ-Int4 are slower than BF16."
    )


def test_where_chance_explains_all_nobody_is_faster(served: Family) -> None:
    for name in served.published:
        served = paced(served, name, 0.99, 0.9, engine="vllm")
    (chart,) = charts_of(served)
    assert "Under the most load no variant can be told from BF16 in speed." in chart.alt


def test_rates_are_drawn_where_there_is_no_other_line(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    loaded = at_rates(with_serving(loaded_recipe()))
    factory = Factory(tmp_path_factory.mktemp("load"), loaded)
    for name in ("BF16", "AWQ"):
        factory.bench(name)
    (chart,) = charts_of(factory.family())
    assert isinstance(chart.drawing, Saturation)
    assert [plain(turn.load) for turn in chart.drawing.curves[0].turns] == [
        "1 a second",
        "4 a second",
    ]
    assert chart.caption.endswith("Not drawn, since it was not measured: GPTQ-Int8 and GPTQ-Int4.")


def test_a_single_load_makes_no_line(tmp_path_factory: pytest.TempPathFactory) -> None:
    loaded = with_serving(loaded_recipe())
    (chat,) = loaded.workloads.serving
    one = (msgspec.structs.replace(chat, loads=(Load(requests=4, concurrency=1),)),)
    workloads = msgspec.structs.replace(loaded.workloads, serving=one)
    loaded = msgspec.structs.replace(loaded, workloads=workloads)
    factory = Factory(tmp_path_factory.mktemp("one"), loaded)
    factory.bench("BF16")
    assert charts_of(factory.family()) == ()

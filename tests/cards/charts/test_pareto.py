from __future__ import annotations

from hubq.cards.charts.chart import Chart
from hubq.cards.charts.figures import Front
from hubq.cards.charts.pareto import front_chart, pareto_of
from hubq.cards.comparison import compare
from hubq.cards.family import Family
from hubq.cards.ledger import Ledger
from hubq.model.codec import pretty
from hubq.model.marks import plain
from tests.cards.charts.made_up import claim, place
from tests.cards.factory import Factory


def of(family: Family, *, controls: bool = False) -> tuple[Chart, Front, Ledger]:
    """Return a family's chart of the front and what is drawn in it."""
    names = (*family.published, *(family.controls if controls else ()))
    ledger = Ledger(family, pretty(compare(family, names)).encode())
    chart = pareto_of(family, ledger)
    assert chart is not None
    assert isinstance(chart.drawing, Front)
    return chart, chart.drawing, ledger


def without(whole: Factory, *stages: str) -> Family:
    family = whole.family()
    for stage in stages:
        del family.results[stage], family.folders[stage]
    return family


def test_every_number_that_is_drawn_is_its_claim(family: Family) -> None:
    chart, drawing, ledger = of(family)
    claims = {claim.id: claim for claim in ledger.claims}
    for found in drawing.places:
        axes = (("score", found.score), ("bytes", found.weights), ("speed", found.speed))
        for axis, estimate in axes:
            assert estimate is not None
            named = claims[f"pareto_{axis}.{found.variant}"]
            assert (estimate.value.claim, estimate.value.value) == (named.id, named.value)
            if estimate.low:
                assert estimate.low.value == claims[f"pareto_{axis}_low.{found.variant}"].value
    assert set(chart.claims) <= claims.keys()
    assert len(drawing.places) == 4


def test_scores_sizes_and_speeds_are_those_of_the_results(family: Family) -> None:
    _, drawing, _ = of(family)
    awq = next(found for found in drawing.places if found.variant == "AWQ")
    size = family.results["quantize/AWQ"].measure("size_bytes")
    speed = family.results["bench/AWQ"].measure("tokens_per_second/text")
    assert awq.weights.value.value == size.value / 1e6
    assert awq.weights.low is None
    assert awq.speed is not None
    assert awq.speed.value.value == speed.value
    assert awq.speed.low is not None
    assert awq.speed.low.value == speed.low


def test_who_is_beaten_is_what_the_statistics_say(family: Family) -> None:
    _, drawing, ledger = of(family)
    said = {entry["name"]: tuple(entry["dominated_by"]) for entry in ledger.document["pareto"]}
    assert {found.variant: found.beaten_by for found in drawing.places} == said


def test_controls_are_not_drawn_and_change_nothing(family: Family) -> None:
    assert of(family, controls=True)[0] == of(family)[0]
    assert "RTN" not in str(of(family, controls=True)[1])


def test_without_speeds_score_stands_against_size_and_the_caption_says_so(whole: Factory) -> None:
    names = ("GPTQ-Int8", "GPTQ-Int4", "AWQ")
    chart, drawing, _ = of(without(whole, *(f"bench/{name}" for name in names)))
    assert all(found.speed is None for found in drawing.places)
    assert len(drawing.places) == 4
    assert "Speed is not looked at: fewer than two variants have one." in chart.caption
    assert "score and size of weights" in chart.alt
    assert "speed" not in chart.alt


def test_who_lacks_a_speed_has_no_place_and_is_named(whole: Factory) -> None:
    chart, drawing, _ = of(without(whole, "bench/AWQ"))
    assert [found.variant for found in drawing.places] == ["BF16", "GPTQ-Int8", "GPTQ-Int4"]
    assert "is missing: AWQ." in chart.caption


def test_one_variant_alone_is_no_chart(whole: Factory) -> None:
    family = without(whole, "score/BF16/NanoText_VAL")
    ledger = Ledger(family, pretty(compare(family, family.published)).encode())
    assert pareto_of(family, ledger) is None


def test_the_text_says_who_is_on_the_front_and_who_beats_whom() -> None:
    places = (place("A", 0, 76), place("B", 1, 75), place("C", 2, 60, beaten_by=("A", "B")))
    chart = front_chart(places, unit="GB", workload="text_1", level=claim(95, digits=0))
    assert chart.alt == (
        "On the Pareto front by score, speed and size of weights: A and B. "
        "Beaten beyond noise: C by A and B."
    )
    assert "+95 % intervals" in plain(chart.caption)
    none = front_chart(places[:2], unit="GB", workload="text_1", level=claim(95))
    assert "no variant is beaten by another beyond noise" in none.alt

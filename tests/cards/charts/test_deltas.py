from __future__ import annotations

import msgspec
import pytest

from hubq.cards.charts.chart import Chart
from hubq.cards.charts.deltas import deltas_chart, deltas_of
from hubq.cards.charts.figures import Band, Deltas, Row, estimate
from hubq.cards.comparison import compare
from hubq.cards.family import Family
from hubq.cards.gathering import card_facts
from hubq.cards.ledger import Ledger
from hubq.cards.tables.scores import Difference
from hubq.model.codec import pretty
from hubq.model.marks import plain
from tests.cards.charts.made_up import bands, claim


def of(family: Family) -> tuple[Chart, Deltas]:
    """Return a family's chart of differences and what is drawn in it."""
    comparison = pretty(compare(family, family.published)).encode()
    chart = deltas_of(family, Ledger(family, comparison))
    assert chart is not None
    assert isinstance(chart.drawing, Deltas)
    return chart, chart.drawing


def rows(drawing: Deltas) -> list[tuple[str, Row]]:
    return [(band.task, row) for band in drawing.bands for row in band.rows]


def test_every_number_that_is_drawn_is_its_claim(family: Family) -> None:
    claims = {claim.id: claim for claim in card_facts(family, "AWQ").claims}
    _, drawing = of(family)
    for task, row in rows(drawing):
        assert row.delta is not None
        assert row.delta.low is not None
        assert row.delta.high is not None
        for kind, number in (
            ("delta", row.delta.value),
            ("delta_low", row.delta.low),
            ("delta_high", row.delta.high),
        ):
            assert number.claim == f"{kind}.{row.variant}.{task}"
            assert number.value == claims[number.claim].value
            assert number.shown == claims[number.claim].shown
    assert len(rows(drawing)) == 15


def test_a_mark_is_filled_when_the_difference_is_significant(family: Family) -> None:
    _, drawing = of(family)
    sure = {(d.variant, d.task) for d in _significant(family)}
    assert {(row.variant, task) for task, row in rows(drawing) if row.sure} == sure
    assert 0 < len(sure) < 15


def test_what_it_finds_names_every_significant_loss_and_no_other(family: Family) -> None:
    chart, _ = of(family)
    for d in _significant(family):
        told = f"{d.variant} on {d.task} {d.delta.shown} points"
        assert f"{told} (interval {d.low.shown} to {d.high.shown})" in chart.alt
    assert chart.alt.startswith("Significant losses against BF16: ")
    assert chart.alt.endswith("No other difference is significant.")
    assert "GPTQ-Int8" not in chart.alt


def test_without_a_loss_it_says_how_large_one_may_still_be() -> None:
    chart = deltas_chart(bands(("A", "B"), ("T",)), baseline="BF16", level=claim(95, digits=0))
    assert chart is not None
    assert chart.alt.startswith("No variant loses significantly against BF16 on any task; the low")
    drawing = chart.drawing
    assert isinstance(drawing, Deltas)
    lowest = min(row.delta.bottom for _, row in rows(drawing) if row.delta)
    assert f"begins at {lowest:.2f} points" in chart.alt


def test_of_many_losses_only_the_largest_is_told_with_its_number() -> None:
    made = bands(("A", "B", "C"), ("T", "U", "V", "W"), sure=0.5)
    chart = deltas_chart(made, baseline="BF16", level=claim(95))
    assert chart is not None
    assert "the largest is" in chart.alt
    assert chart.alt.partition(". ")[0].count("interval") == 1
    assert "A on T, U and W; C on T, U and W; B on U; the largest is B on U -2.86" in chart.alt


def test_a_gain_is_suspect() -> None:
    row = Row(
        variant="A",
        look=1,
        delta=estimate(claim(3.0), claim(1.0), claim(5.0)),
        sure=True,
    )
    chart = deltas_chart((Band(task="T", rows=(row,)),), baseline="BF16", level=claim(95))
    assert chart is not None
    assert "suspect until explained: A on T +3.00 points (interval +1.00 to +5.00)" in chart.alt


def test_a_gap_says_why_and_a_variant_without_scores_is_left_out(gappy: Family) -> None:
    chart, drawing = of(gappy)
    gaps = [(task, row.variant, row.state) for task, row in rows(drawing) if row.delta is None]
    assert gaps == [("NanoMulti_VAL", "GPTQ-Int4", "OOM")]
    assert "AWQ" not in {row.variant for _, row in rows(drawing)}
    assert "could be compared: AWQ." in chart.caption


def test_colours_stay_with_variants_when_others_are_missing(family: Family, gappy: Family) -> None:
    whole = {row.variant: row.look for _, row in rows(of(family)[1])}
    rest = {row.variant: row.look for _, row in rows(of(gappy)[1])}
    assert {name: whole[name] for name in rest} == rest


def test_differences_without_intervals_are_drawn_and_not_judged() -> None:
    made = tuple(msgspec.structs.replace(b, margin=None) for b in bands("AB", "TU", half=0))
    chart = deltas_chart(made, baseline="BF16")
    assert chart is not None
    assert "nobody can say which of them are more than chance" in chart.alt
    assert "as printed, without intervals" in chart.caption
    assert isinstance(chart.drawing, Deltas)
    assert not chart.drawing.tested


def test_nothing_to_show_is_no_chart() -> None:
    row = Row(variant="A", look=1, delta=None, state="failed")
    assert deltas_chart((), baseline="BF16", level=claim(95)) is None
    assert deltas_chart((Band(task="T", rows=(row,)),), baseline="BF16") is None


def test_a_long_name_is_whole_in_the_text() -> None:
    name = "A" * 40 + "B" * 40
    chart = deltas_chart(bands((name,), ("T",)), baseline="BF16", level=claim(95))
    assert chart is not None
    assert f"Names cut short in the picture: {name}." in chart.alt


def test_the_same_pictures_are_on_all_siblings(family: Family) -> None:
    one, other = card_facts(family, "AWQ"), card_facts(family, "GPTQ-Int8")
    assert one.charts == other.charts
    assert one.picture_root != other.picture_root


def test_a_caption_prints_its_claims_and_is_plain_in_the_evidence(family: Family) -> None:
    chart, _ = of(family)
    assert "their 95 % intervals" in plain(chart.caption) != chart.caption
    assert "their 95 % intervals" in chart.evidence()["caption"]
    assert chart.evidence()["files"] == (
        "charts/deltas.png",
        "charts/deltas-dark.png",
        "charts/deltas.svg",
    )
    assert len(set(chart.claims)) == len(chart.claims) == 15 * 3 + 5


def _significant(family: Family) -> list[Difference]:
    found = [d for name in family.published for d in card_facts(family, name).differences]
    return [d for d in found if d.verdict == "loss"]


@pytest.mark.parametrize("word", ["{{", "<", "\n"])
def test_names_in_the_caption_are_escaped(word: str) -> None:
    chart = deltas_chart(
        bands(("A",), ("T",)), baseline=f"B{word}F", level=claim(95), without=(f"C{word}",)
    )
    assert chart is not None
    assert word not in chart.caption

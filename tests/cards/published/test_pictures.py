"""Tests of the pictures of published numbers: differences, and latencies against rates."""

from __future__ import annotations

import msgspec

from hubq.cards.charts.figures import Deltas, Rates
from hubq.model.card import Evidence
from tests.cards.published.reports import (
    QWEN3_SIZES,
    facts_of,
    files_of,
    known,
    sheet_of,
    source_of,
)

PAGES = ["qwen2-vl.md", "vlmq.md"]
WIDE = """
## Time between tokens (ms)

| Requests/s | BF16 | INT W8A8 | INT W4A16 |
|---|---|---|---|
| 1 | 21.5 | 15.2 | 11.9 |
| 4 | 30.1 | 19.0 | 18.7 |
| 0.5 | 20.9 | 14.8 | 11.5 |
"""


def drawing(page: str) -> Rates:
    (chart,) = facts_of(source_of(page)).sheets[0].charts
    assert isinstance(chart.drawing, Rates)
    return chart.drawing


def test_latencies_by_rate_become_a_chart() -> None:
    drawn = drawing(WIDE)
    assert drawn.unit == "ms"
    assert [series.variant for series in drawn.series] == ["BF16", "INT W8A8", "INT W4A16"]
    steps = [(step.rate.value, step.latency.value.shown) for step in drawn.series[0].steps]
    assert steps == [(0.5, "20.9"), (1.0, "21.5"), (4.0, "30.1")]


def test_the_report_shows_the_chart_and_the_table() -> None:
    files = files_of(source_of(WIDE), charts=True)
    assert "| 4 | 30.1 | 19.0 | 18.7 |" in files["report.md"].decode()
    assert "charts/rates-1.png" in files["report.md"].decode()
    assert 'src="data:image/png;base64,' in files["report.html"].decode()
    assert files["charts/rates-1.svg"].startswith(b"<?xml")


def test_every_point_is_a_claim() -> None:
    files = files_of(source_of(WIDE))
    evidence = msgspec.json.decode(files["hubq.json"], type=Evidence)
    claims = {claim.id for claim in evidence.claims}
    assert set(evidence.charts[0]["claims"]) <= claims
    assert len(evidence.charts[0]["claims"]) == 12


def test_a_single_rate_is_no_load() -> None:
    assert sheet_of(WIDE.replace("| 4 |", "| 1 |").replace("| 0.5 |", "| x |")).kind != "load"


def test_differences_are_drawn_where_something_can_be_told() -> None:
    names = {page: [chart.name for chart in known(page).charts] for page in PAGES}
    assert names == {
        "qwen2-vl.md": ["deltas-1-1", "deltas-1-2", "deltas-1-3"],
        "vlmq.md": [],
    }


def test_drawn_differences_are_those_of_the_claims() -> None:
    chart = known("qwen2-vl.md").charts[2]
    assert isinstance(chart.drawing, Deltas)
    assert not chart.drawing.tested
    shown = {
        (band.task, row.variant): row.delta.value.shown
        for band in chart.drawing.bands
        for row in band.rows
        if row.delta
    }
    assert shown["MathVista_MINI", "AWQ"] == "−4.50"
    assert len(shown) == 12


def test_a_state_stands_where_a_difference_would() -> None:
    drawn = known("qwen3.md", QWEN3_SIZES).charts[0].drawing
    assert isinstance(drawn, Deltas)
    states = {row.state for band in drawn.bands for row in band.rows}
    assert "running" in states


def test_the_text_in_place_of_a_picture_says_what_is_more_than_chance() -> None:
    charts = known("qwen2-vl.md").charts
    assert charts[2].alt == (
        "Qwen2-VL-2B-Instruct: differences from BF16 in points, as printed. More than chance even "
        "if 20 % of the answers changed: AWQ on MathVista_MINI (−4.50 points)."
    )
    assert charts[0].alt.endswith("None of them is certain to be more than chance.")

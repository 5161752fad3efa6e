"""The charts of a card: which there are, and their files."""

from __future__ import annotations

from hubq.cards.charts.chart import Chart
from hubq.cards.charts.deltas import deltas_of
from hubq.cards.charts.drawing.files import files_of
from hubq.cards.charts.pareto import pareto_of
from hubq.cards.charts.rates import rate_charts
from hubq.cards.charts.saturation import saturation_charts
from hubq.cards.family import Family
from hubq.cards.ledger import Ledger


def charts_of(family: Family, ledger: Ledger) -> tuple[Chart, ...]:
    """Return the charts of a family: the same on the cards of all siblings and on the report."""
    found = (deltas_of(family, ledger), pareto_of(family, ledger))
    return (
        *(chart for chart in found if chart),
        *saturation_charts(family, ledger),
        *rate_charts(family, ledger),
    )


def draw(charts: tuple[Chart, ...]) -> dict[str, bytes]:
    """Return path -> content of every chart's files."""
    return {
        path: content
        for chart in charts
        for path, content in zip(chart.files, files_of(chart), strict=True)
    }

"""The charts of a card."""

from __future__ import annotations

from hubq.cards.charts.chart import Chart
from hubq.cards.family import Family
from hubq.cards.ledger import Ledger


def charts_of(
    family: Family, ledger: Ledger, names: tuple[str, ...], this: str
) -> tuple[Chart, ...]:
    """Return the charts of a card, or of the report when `this` is empty."""
    del family, ledger, names, this
    return ()


def draw(charts: tuple[Chart, ...]) -> dict[str, bytes]:
    """Return path -> content of every chart's files."""
    del charts
    return {}

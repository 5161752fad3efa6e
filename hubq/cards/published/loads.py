"""Loads: latency against request rate, as published, for the chart that cards have of it."""

from __future__ import annotations

import re

import msgspec

from hubq.cards.charts.chart import Chart
from hubq.cards.charts.figures import Number, Series, Step, estimate, number
from hubq.cards.charts.rates import rates_chart
from hubq.cards.ledger import Shape
from hubq.cards.published.notebook import Notebook
from hubq.cards.published.rates import rates_of
from hubq.cards.published.sheets import Place, Sheet
from hubq.model.marks import without_signs

_BRACKETS = re.compile(r"\s*\([^()]*\)$")
_UNIT = re.compile(r"\b(ms|milliseconds?|seconds?|s)\b")


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """One latency under one load: of which series, at which rate."""

    series: str
    rate: Number
    latency: Place


def load_chart(book: Notebook, sheet: Sheet) -> Chart | None:
    """Return the chart of a table of latencies; none where it has no two rates."""
    loads = _loads(book, sheet)
    if not loads:
        return None
    names = dict.fromkeys(load.series for load in loads)
    series = []
    for look, name in enumerate(names):
        own = sorted(
            (load for load in loads if load.series == name), key=lambda one: one.rate.value
        )
        steps = tuple(
            Step(rate=load.rate, latency=estimate(book.printed(load.latency))) for load in own
        )
        series.append(Series(variant=without_signs(name), look=look, steps=steps))
    heading = _BRACKETS.sub("", without_signs(sheet.table.heading)) or "latency"
    return rates_chart(
        tuple(series), heading, unit=_unit(sheet, loads), name=f"rates-{sheet.number}"
    )


def _loads(book: Notebook, sheet: Sheet) -> list[Load]:
    rates = rates_of(sheet.table)
    by_column = sheet.table.tasks_in == "columns"
    columns = {one.column for one in sheet.table.measures}
    found = []
    for index, one in enumerate(sheet.table.measures):
        if one.row not in rates or one.value is None:
            continue
        rate = rates[one.row]
        digits = 0 if rate == int(rate) else 1
        path = f"tables/{sheet.number}/rates/{one.row}"
        claim = book.derived(path, rate, Shape(digits=digits, unit="requests/s"))
        head = one.task if by_column else one.variant
        parts = [*one.labels[:-1], *([head] if len(columns) > 1 or len(one.labels) == 1 else [])]
        name = " / ".join(part for part in parts if part)
        place = Place(source=sheet.source, table=sheet.index, measure=index, found=one)
        found.append(Load(series=name, rate=number(claim), latency=place))
    return found


def _unit(sheet: Sheet, loads: list[Load]) -> str:
    """Return the unit of the latencies: as printed in the cells, else in headings."""
    units = {load.latency.found.unit for load in loads}
    if len(units) == 1 and units != {""}:
        return without_signs(units.pop())
    texts = [sheet.table.heading, *(text for line in sheet.table.lines[:1] for text in line)]
    said = next((found[1] for text in texts if (found := _UNIT.search(text))), "")
    return said or "as printed"

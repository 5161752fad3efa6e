"""Latency against request rate, drawn: a line for each variant, with its intervals."""

from __future__ import annotations

from hubq.cards.charts.drawing.axes import Panel, bounds
from hubq.cards.charts.drawing.keys import Legend, name_key
from hubq.cards.charts.drawing.sheet import SMALL, WIDTH, Sheet, width_of
from hubq.cards.charts.figures import Estimate, Rates
from hubq.cards.charts.labels import shortened
from hubq.cards.charts.palettes import Palette
from hubq.cards.charts.scales import Scale, nice

_TOP, _HEIGHT, _FOOT, _RIGHT = 0.44, 2.6, 0.62, 0.24
_WIDE = 8.0
"""The factor between rates from which on equal factors are equally far apart."""


def draw_rates(drawing: Rates, palette: Palette) -> Sheet:
    """Return a picture of latencies against request rates."""
    floor = _TOP + _HEIGHT
    latencies = [step.latency for one in drawing.series for step in one.steps]
    up = nice(bounds(latencies), floor, _TOP, from_zero=True)
    left = 0.2 + max(width_of(up.words(value), SMALL) for value in up.ticks)
    legend = Legend([name_key(one.variant, one.look) for one in drawing.series], 0.12)
    sheet = Sheet(floor + _FOOT + legend.height + 0.08, palette)
    panel = Panel(across=_across(drawing, left), up=up, title=("requests per second",))
    title = f"{shortened(drawing.measure, 48)}, {drawing.unit}"
    sheet.text(0.12, 0.2, title, size=SMALL, colour=palette.soft)
    panel.frame(sheet, _ticks(drawing, panel.across))
    for one in drawing.series:
        xs = [panel.across.place(step.rate.value) for step in one.steps]
        ys = [up.place(step.latency.value.value) for step in one.steps]
        sheet.line(xs, ys, palette.colour(one.look), width=1.4)
        for step in one.steps:
            panel.cross(sheet, Estimate(value=step.rate), step.latency, one.look)
    for one in drawing.series:
        for step in one.steps:
            panel.mark(sheet, Estimate(value=step.rate), step.latency, one.look, filled=True)
    legend.draw(sheet, floor + _FOOT)
    return sheet


def _across(drawing: Rates, left: float) -> Scale:
    rates = [step.rate.value for one in drawing.series for step in one.steps]
    start, end = left, WIDTH - _RIGHT
    if min(rates) > 0 and max(rates) / min(rates) >= _WIDE:
        first, last = min(rates) / 1.15, max(rates) * 1.15
        return Scale(first=first, last=last, start=start, end=end, logarithmic=True)
    return nice(rates, start, end, from_zero=True)


def _ticks(drawing: Rates, across: Scale) -> list[tuple[float, str]]:
    """Return the rates that were asked for as ticks where the scale has none of its own."""
    if not across.logarithmic:
        return []
    known = {step.rate.value: step.rate.shown for one in drawing.series for step in one.steps}
    return sorted(known.items())

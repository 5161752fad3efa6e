"""Latency against throughput, drawn: a line for each variant along which the load rises."""

from __future__ import annotations

from hubq.cards.charts.drawing.axes import Panel, bounds
from hubq.cards.charts.drawing.keys import Legend, name_key
from hubq.cards.charts.drawing.sheet import SMALL, WIDTH, Sheet, width_of
from hubq.cards.charts.figures import Saturation
from hubq.cards.charts.labels import shortened
from hubq.cards.charts.palettes import Palette
from hubq.cards.charts.scales import nice

_TOP, _HEIGHT, _FOOT, _RIGHT = 0.44, 2.6, 0.62, 0.24


def draw_saturation(drawing: Saturation, palette: Palette) -> Sheet:
    """Return a picture of latencies against throughputs."""
    floor = _TOP + _HEIGHT
    turns = [turn for curve in drawing.curves for turn in curve.turns]
    up = nice(bounds([turn.latency for turn in turns]), floor, _TOP, from_zero=True)
    left = 0.2 + max(width_of(up.words(value), SMALL) for value in up.ticks)
    across = nice(bounds([t.throughput for t in turns]), left, WIDTH - _RIGHT, from_zero=True)
    legend = Legend([name_key(one.variant, one.look) for one in drawing.curves], 0.12)
    sheet = Sheet(floor + _FOOT + legend.height + 0.08, palette)
    panel = Panel(across=across, up=up, title=("generated tokens per second",))
    title = f"{shortened(drawing.measure, 48)}, {drawing.unit}"
    sheet.text(0.12, 0.2, title, size=SMALL, colour=palette.soft)
    panel.frame(sheet)
    for one in drawing.curves:
        xs = [across.place(turn.throughput.value.value) for turn in one.turns]
        ys = [up.place(turn.latency.value.value) for turn in one.turns]
        sheet.line(xs, ys, palette.colour(one.look), width=1.4)
        for turn in one.turns:
            panel.cross(sheet, turn.throughput, turn.latency, one.look)
    for one in drawing.curves:
        for turn in one.turns:
            panel.mark(sheet, turn.throughput, turn.latency, one.look, filled=True)
    legend.draw(sheet, floor + _FOOT)
    return sheet

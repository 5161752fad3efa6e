"""Files: a drawn chart as PNG for light and dark pages and as SVG."""

from __future__ import annotations

import threading
from functools import lru_cache

from hubq.cards.charts.chart import Chart
from hubq.cards.charts.drawing.deltas import draw_deltas
from hubq.cards.charts.drawing.front import draw_front
from hubq.cards.charts.drawing.rates import draw_rates
from hubq.cards.charts.drawing.saturation import draw_saturation
from hubq.cards.charts.drawing.sheet import Sheet, settings
from hubq.cards.charts.figures import Deltas, Front, Saturation
from hubq.cards.charts.palettes import DARK, LIGHT, Palette

_ALONE = threading.Lock()
"""Settings of matplotlib are one for all threads, so that one draws at a time."""


@lru_cache(maxsize=32)
def files_of(chart: Chart) -> tuple[bytes, ...]:
    """Return the content of a chart's files, in the order of their names.

    The same chart gives the same bytes. The siblings of a family show the same charts, which are
    drawn once.
    """
    import matplotlib as mpl

    with _ALONE, mpl.rc_context(settings()):
        light, dark = _sheet(chart, LIGHT), _sheet(chart, DARK)
        return light.png(), dark.png(), light.svg(chart.alt)


def _sheet(chart: Chart, palette: Palette) -> Sheet:
    if isinstance(chart.drawing, Deltas):
        return draw_deltas(chart.drawing, palette)
    if isinstance(chart.drawing, Front):
        return draw_front(chart.drawing, palette)
    if isinstance(chart.drawing, Saturation):
        return draw_saturation(chart.drawing, palette)
    return draw_rates(chart.drawing, palette)

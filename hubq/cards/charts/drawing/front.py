"""The Pareto front, drawn: score against speed and against size, side by side at one height."""

from __future__ import annotations

from hubq.cards.charts.drawing.axes import Panel, bounds
from hubq.cards.charts.drawing.keys import Key, Legend, name_key
from hubq.cards.charts.drawing.sheet import SMALL, WIDTH, Sheet, width_of
from hubq.cards.charts.figures import Estimate, Front
from hubq.cards.charts.palettes import NEUTRAL, Palette
from hubq.cards.charts.scales import Scale, nice

_TOP, _HEIGHT, _FOOT = 0.2, 2.7, 0.78
_RIGHT, _BETWEEN = 0.2, 0.34
_TICKS = 3


def draw_front(drawing: Front, palette: Palette) -> Sheet:
    """Return a picture of variants by score, speed and size."""
    floor = _TOP + _HEIGHT
    up = nice(bounds([place.score for place in drawing.places]), floor, _TOP)
    legend = Legend(_keys(drawing), 0.12)
    sheet = Sheet(floor + _FOOT + legend.height + 0.08, palette)
    panels = _panels(drawing, up)
    sheet.text(
        0.14, (floor + _TOP) / 2, "mean score, %",
        size=SMALL, side="center", turned=True, colour=palette.soft,
    )  # fmt: skip
    for panel, _ in panels:
        panel.frame(sheet)
    for panel, values in panels:
        for place, value in zip(drawing.places, values, strict=True):
            panel.cross(sheet, value, place.score, place.look)
    for panel, values in panels:
        for place, value in zip(drawing.places, values, strict=True):
            panel.mark(sheet, value, place.score, place.look, filled=not place.beaten_by)
    legend.draw(sheet, floor + _FOOT)
    return sheet


def _panels(drawing: Front, up: Scale) -> list[tuple[Panel, list[Estimate]]]:
    """Return the panels and what stands across in each."""
    weights = [place.weights for place in drawing.places]
    speeds = [place.speed for place in drawing.places if place.speed]
    left = 0.42 + max(width_of(up.words(value), SMALL) for value in up.ticks)
    shown = [(weights, ("weights, " + drawing.unit, "← less is better"))]
    if len(speeds) == len(drawing.places):
        shown.insert(0, (speeds, ("speed, tokens/s", "more is better →")))
    room = (WIDTH - _RIGHT - left - _BETWEEN * (len(shown) - 1)) / len(shown)
    panels = []
    for number, (values, title) in enumerate(shown):
        start = left + number * (room + _BETWEEN)
        across = nice(bounds(values), start, start + room, ticks=_TICKS * (3 - len(shown)))
        panel = Panel(across=across, up=up, title=title, numbered=number == 0)
        panels.append((panel, values))
    return panels


def _keys(drawing: Front) -> list[Key]:
    keys = [name_key(p.variant, p.look, filled=not p.beaten_by) for p in drawing.places]
    if any(place.beaten_by for place in drawing.places):
        keys.append(Key(text="on the front", look=NEUTRAL))
        keys.append(Key(text="beaten", look=NEUTRAL, filled=False))
    return keys

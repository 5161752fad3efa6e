"""Charts as SVG text: small, pure, and coloured by the style sheet of the page they are in."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape

from hubq.cards.ledger import MINUS
from hubq.cards.tables.scores import Difference
from hubq.model.recipe import BASELINE

_WIDTH, _LEFT, _RIGHT = 760, 190, 24
_LINE, _PAD, _TOP, _BOTTOM = 20, 12, 34, 46
_TICKS = 6
_COLOURS = 6
_CAPTION = f"difference from {BASELINE} in points, with its interval; filled: significant"


def deltas_svg(differences: Sequence[Difference]) -> str:
    """Return a chart of differences from the baseline in points, with their intervals.

    One band for each task, one line in it for each variant: a dot at the difference, a bar over its
    interval, filled where the difference is significant. Empty text when there are none.
    """
    if not differences:
        return ""
    tasks = list(dict.fromkeys(d.task for d in differences))
    variants = list(dict.fromkeys(d.variant for d in differences))
    step, first, last = _axis(differences)
    band = len(variants) * _LINE + _PAD
    height = _TOP + band * len(tasks) + _BOTTOM

    def across(points: float) -> float:
        return _LEFT + (points - first) / (last - first) * (_WIDTH - _LEFT - _RIGHT)

    parts = [
        *_grid(across, step, first, last, bottom=height - _BOTTOM),
        *_legend(variants),
        _text(_CAPTION, "caption", across((first + last) / 2), height - 8, anchor="middle"),
    ]
    for row, task in enumerate(tasks):
        top = _TOP + row * band
        parts.append(_text(task, "task", _LEFT - 12, top + band / 2 + 4, anchor="end"))
        for found in (d for d in differences if d.task == task):
            number = variants.index(found.variant)
            parts.append(_mark(found, number, across, top + _PAD / 2 + (number + 0.5) * _LINE))
    label = escape(_finding(differences))
    opening = f'<svg class="chart" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{label}">'
    return "\n".join([opening, *parts, "</svg>"])


def _axis(differences: Sequence[Difference]) -> tuple[float, float, float]:
    """Return the distance of the ticks, and the first and the last of them."""
    low = min(0.0, *(d.low.value for d in differences))
    high = max(0.0, *(d.high.value for d in differences))
    rough = max(high - low, 1e-6) / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    return step, math.floor(low / step) * step, math.ceil(high / step) * step


def _grid(
    across: Callable[[float], float], step: float, first: float, last: float, *, bottom: float
) -> list[str]:
    parts = []
    for number in range(round((last - first) / step) + 1):
        value = first + number * step
        is_zero = abs(value) < step / 2
        parts.append(
            _line("zero" if is_zero else "grid", across(value), _TOP, across(value), bottom)
        )
        text = "0" if is_zero else f"{value:+.6g}".replace("-", MINUS)
        parts.append(_text(text, "tick", across(value), bottom + 18, anchor="middle"))
    return parts


def _legend(variants: Sequence[str]) -> list[str]:
    parts, x = [], float(_LEFT)
    for number, variant in enumerate(variants):
        parts.append(_dot(f"v{number % _COLOURS} sure", x + 5, 14))
        parts.append(_text(variant, "key", x + 15, 18, anchor="start"))
        x += 34 + 8 * len(variant)
    return parts


def _mark(found: Difference, number: int, across: Callable[[float], float], y: float) -> str:
    colour = f"v{number % _COLOURS}"
    sure = f"{colour} sure" if found.verdict in ("loss", "gain") else colour
    words = f"{found.variant} on {found.task}: {found.delta.shown}"
    words += f" ({found.low.shown} to {found.high.shown})"
    bar = _line(colour, across(found.low.value), y, across(found.high.value), y)
    dot = _dot(sure, across(found.delta.value), y)
    return f"<g><title>{escape(words)}</title>{bar}{dot}</g>"


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _dot(kind: str, x: float, y: float) -> str:
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="5"/>'


def _text(text: str, kind: str, x: float, y: float, *, anchor: str) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text class="{kind}" {place}>{escape(text)}</text>'


def _finding(differences: Sequence[Difference]) -> str:
    """Return what the chart shows, for those who cannot see it."""
    losses = [f"{d.variant} on {d.task}" for d in differences if d.verdict == "loss"]
    if not losses:
        return f"No variant loses significantly against {BASELINE} on any task."
    return f"Significant losses against {BASELINE}: {', '.join(losses)}."

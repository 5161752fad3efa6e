"""Charts drawn as SVG text: small, pure, and coloured by the style sheet of the page they are in."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape

from hubq.cards.scores import Difference
from hubq.model.recipe import BASELINE

_WIDTH, _LEFT, _RIGHT = 760, 190, 24
_LINE, _PAD, _TOP, _BOTTOM = 20, 12, 34, 46
_TICKS = 6


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
        inner = _WIDTH - _LEFT - _RIGHT
        return round(_LEFT + (points - first) / (last - first) * inner, 1)

    parts = [
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-label="{escape(_finding(differences))}">',
        *_grid(across, step, first, last, bottom=height - _BOTTOM),
        *_legend(variants),
    ]
    for row, task in enumerate(tasks):
        top = _TOP + row * band
        parts.append(
            f'<text class="task" x="{_LEFT - 12}" y="{top + band / 2 + 4:g}" '
            f'text-anchor="end">{escape(task)}</text>'
        )
        for found in (d for d in differences if d.task == task):
            number = variants.index(found.variant)
            parts += _mark(found, number, across, top + _PAD / 2 + (number + 0.5) * _LINE)
    caption = f"difference from {BASELINE} in points, with its interval; filled: significant"
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(
        f'<text class="caption" x="{middle:g}" y="{height - 8}" text-anchor="middle">{caption}</text>'
    )
    return "\n".join([*parts, "</svg>"])


def _axis(differences: Sequence[Difference]) -> tuple[float, float, float]:
    """Return the distance of the ticks, and the first and the last of them."""
    low = min(0.0, *(d.low.value for d in differences))
    high = max(0.0, *(d.high.value for d in differences))
    rough = max(high - low, 1e-6) / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    return step, math.floor(low / step) * step, math.ceil(high / step) * step


def _grid(
    across: Callable[[float], float], step: float, first: float, last: float, *, bottom: float
) -> list[str]:
    parts = []
    for number in range(round((last - first) / step) + 1):
        value = first + number * step
        x = across(value)
        kind = "zero" if abs(value) < step / 2 else "grid"
        parts.append(f'<line class="{kind}" x1="{x}" x2="{x}" y1="{_TOP}" y2="{bottom:g}"/>')
        text = f"{value:+.6g}".replace("-", "\N{MINUS SIGN}") if kind == "grid" else "0"
        parts.append(
            f'<text class="tick" x="{x}" y="{bottom + 18:g}" text-anchor="middle">{text}</text>'
        )
    return parts


def _legend(variants: Sequence[str]) -> list[str]:
    parts, x = [], float(_LEFT)
    for number, variant in enumerate(variants):
        parts.append(f'<circle class="v{number % 6} sure" cx="{x + 5:g}" cy="14" r="5"/>')
        parts.append(f'<text class="key" x="{x + 15:g}" y="18">{escape(variant)}</text>')
        x += 34 + 8 * len(variant)
    return parts


def _mark(found: Difference, number: int, across: Callable[[float], float], y: float) -> list[str]:
    sure = " sure" if found.verdict in ("loss", "gain") else ""
    colour = f"v{number % 6}"
    x, low, high = (across(claim.value) for claim in (found.delta, found.low, found.high))
    words = f"{found.variant} on {found.task}: {found.delta} ({found.low} to {found.high})"
    return [
        f'<g><title>{escape(words)}</title><line class="{colour}" x1="{low}" x2="{high}" '
        f'y1="{y:g}" y2="{y:g}"/>',
        f'<circle class="{colour}{sure}" cx="{x}" cy="{y:g}" r="5"/></g>',
    ]


def _finding(differences: Sequence[Difference]) -> str:
    """Return what the chart shows, for those who cannot see it."""
    losses = [f"{d.variant} on {d.task}" for d in differences if d.verdict == "loss"]
    if not losses:
        return f"No variant loses significantly against {BASELINE} on any task."
    return f"Significant losses against {BASELINE}: {', '.join(losses)}."

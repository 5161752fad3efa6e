"""Measured numbers as they stand in tables on a terminal."""

from __future__ import annotations

import math


def figure(value: float | None) -> str:
    """Return a number with three digits that matter, never as a power of ten; none as a dash."""
    if value is None:
        return "-"
    if value == 0:
        return "0"
    places = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{places}f}"


def interval(value: float | None, low: float | None, high: float | None) -> str:
    """Return a number with its 95 % interval: `42.1 (41.8 to 42.4)`.

    The ends have as many digits as tell them from the number.
    """
    if value is None or low is None or high is None:
        return figure(value)
    half = (high - low) / 2
    fine = 2 - math.floor(math.log10(abs(value))) if value else 0
    if half > 0:
        fine = max(fine, 1 - math.floor(math.log10(half)))
    places = min(max(0, fine), 6)
    one, two, three = (f"{number:,.{places}f}" for number in (value, low, high))
    return f"{one} ({two} to {three})"


def percent(share: float | None, *, sign: bool = False) -> str:
    """Return a share in percent, `2.9 %`; with its sign where it is a change."""
    if share is None:
        return "-"
    return f"{100 * share:+.1f} %" if sign else f"{100 * share:.3g} %"

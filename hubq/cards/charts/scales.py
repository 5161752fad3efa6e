"""Scales: where a number stands in a picture, and which ticks a scale has."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from hubq.cards.ledger import MINUS

_ROOM = 0.05
"""The share of a scale's length that is left free at each end."""


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """A straight line from numbers to places.

    Attributes:
        first, last: the numbers at its ends.
        start, end: the places of its ends, in inches.
        step: from tick to tick.
        logarithmic: whether equal factors, and not equal differences, are equally far apart.
    """

    first: float
    last: float
    start: float
    end: float
    step: float = 1.0
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """Return where a number stands, in inches."""
        if self.logarithmic:
            share = math.log(value / self.first) / math.log(self.last / self.first)
        else:
            share = (value - self.first) / (self.last - self.first)
        return self.start + share * (self.end - self.start)

    @property
    def ticks(self) -> tuple[float, ...]:
        """The numbers at which the scale has ticks."""
        first = math.ceil(self.first / self.step - 1e-9)
        last = math.floor(self.last / self.step + 1e-9)
        return tuple(n * self.step for n in range(first, last + 1))

    def words(self, value: float, *, signed: bool = False) -> str:
        """Return a tick's number with as many digits as the step needs."""
        digits = max(0, -math.floor(math.log10(self.step) + 1e-9))
        text = f"{abs(value):,.{digits}f}"
        if value < -self.step / 2:
            return MINUS + text
        return f"+{text}" if signed and value > self.step / 2 else text


def nice(
    values: Sequence[float], start: float, end: float, *, ticks: int = 5, from_zero: bool = False
) -> Scale:
    """Return a scale over numbers with some room at its ends.

    Args:
        values: what it must reach.
        start: the place of its beginning, in inches.
        end: the place of its end.
        ticks: about how many it has.
        from_zero: it begins at zero, exactly.
    """
    low, high = min(0.0, *values) if from_zero else min(values), max(values)
    room = high - low or abs(high) * 0.1 or 1.0
    if high == low:
        low, high = low - room / 2, high + room / 2
    low, high = low - _ROOM * room, high + _ROOM * room
    rough = room / ticks
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    first = 0.0 if from_zero and min(values) >= 0 else low
    return Scale(first=first, last=high, start=start, end=end, step=step)

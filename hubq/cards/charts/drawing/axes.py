"""Axes: a frame with ticks and titles, and points in it with their intervals."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hubq.cards.charts.drawing.sheet import SMALL, Sheet, width_of
from hubq.cards.charts.figures import Estimate
from hubq.cards.charts.scales import Scale

_OVER = 0.15
"""How far the words of a tick may reach over the side of a panel, in inches."""

_APART = 0.06
"""What lies at least between the words of two ticks, in inches."""


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """A field with a scale across and one upwards.

    Attributes:
        across, up: the scales.
        title: of the scale across.
        numbered: whether the scale upwards has its numbers beside this panel.
    """

    across: Scale
    up: Scale
    title: tuple[str, ...]
    numbered: bool = True

    def frame(self, sheet: Sheet, ticks: Sequence[tuple[float, str]] = ()) -> None:
        """Draw grid, ticks and titles; `ticks` are those across where they are not the scale's."""
        palette, floor, roof = sheet.palette, self.up.start, self.up.end
        for value in self.up.ticks:
            y = self.up.place(value)
            sheet.line([self.across.start, self.across.end], [y, y], palette.line, width=0.8)
            if self.numbered:
                words, x = self.up.words(value), self.across.start - 0.08
                sheet.text(x, y, words, size=SMALL, side="right", colour=palette.soft)
        own = [(value, self.across.words(value)) for value in self.across.ticks]
        for value, words in self._fitting(ticks or own):
            x = self.across.place(value)
            sheet.line([x, x], [floor, roof], palette.line, width=0.8)
            sheet.text(x, floor + 0.16, words, size=SMALL, side="center", colour=palette.soft)
        ends = [self.across.start, self.across.end]
        sheet.line(ends, [floor, floor], palette.soft)
        middle = sum(ends) / 2
        for number, part in enumerate(self.title):
            y = floor + 0.4 + 0.19 * number
            sheet.text(middle, y, part, size=SMALL, side="center", colour=palette.soft)

    def _fitting(self, ticks: Sequence[tuple[float, str]]) -> list[tuple[float, str]]:
        """Return the ticks whose words touch neither each other nor what is beside the panel."""
        chosen: list[tuple[float, str]] = []
        end = self.across.start - _OVER
        for value, words in sorted(ticks):
            half, x = width_of(words, SMALL) / 2, self.across.place(value)
            if end <= x - half and x + half <= self.across.end + _OVER:
                chosen.append((value, words))
                end = x + half + _APART
        return chosen

    def cross(self, sheet: Sheet, x: Estimate, y: Estimate, look: int) -> None:
        """Draw the intervals of a point."""
        colour = sheet.palette.colour(look)
        place = self.across.place(x.value.value), self.up.place(y.value.value)
        if x.low and x.high:
            ends = [self.across.place(x.bottom), self.across.place(x.top)]
            sheet.line(ends, [place[1]] * 2, colour, width=1.8)
        if y.low and y.high:
            ends = [self.up.place(y.bottom), self.up.place(y.top)]
            sheet.line([place[0]] * 2, ends, colour, width=1.8)

    def mark(self, sheet: Sheet, x: Estimate, y: Estimate, look: int, *, filled: bool) -> None:
        """Draw a point's mark, above all intervals when they were drawn before."""
        place = self.across.place(x.value.value), self.up.place(y.value.value)
        sheet.mark(*place, look, filled=filled, size=8)


def bounds(estimates: Sequence[Estimate]) -> list[float]:
    """Return every end of the estimates."""
    return [end for one in estimates for end in (one.bottom, one.top)]

"""Keys: what the marks of a picture mean, in lines below it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hubq.cards.charts.drawing.sheet import SMALL, WIDTH, Sheet, width_of
from hubq.cards.charts.labels import shortened, wrapped

LINE = 0.22
_SIGN, _BETWEEN = 0.22, 0.22


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A sign and its meaning.

    Attributes:
        text: the meaning.
        look: the sign's colour and shape; none for a shaded area.
        filled: whether the sign is filled.
    """

    text: str
    look: int | None
    filled: bool = True


class _Spot(msgspec.Struct, frozen=True, kw_only=True):
    key: Key
    x: float
    line: int
    lines: tuple[str, ...]


class Legend:
    """Keys one after another on as many lines as they need.

    Args:
        keys: in their order.
        left: where lines begin, in inches.
    """

    def __init__(self, keys: Sequence[Key], left: float) -> None:
        self._spots: list[_Spot] = []
        room, x, line = WIDTH - left - 0.1, left, 0
        for key in keys:
            lines = wrapped(key.text, room - _SIGN, lambda text: width_of(text, SMALL))
            width = _SIGN + max(width_of(part, SMALL) for part in lines)
            if x > left and x + width > left + room:
                x, line = left, line + 1
            self._spots.append(_Spot(key=key, x=x, line=line, lines=tuple(lines)))
            line += len(lines) - 1
            x += width + _BETWEEN
        self._count = line + 1 if keys else 0

    @property
    def height(self) -> float:
        """In inches."""
        return self._count * LINE

    def draw(self, sheet: Sheet, top: float) -> None:
        """Draw the keys below a place."""
        for spot in self._spots:
            y = top + (spot.line + 0.5) * LINE
            if spot.key.look is None:
                sheet.box(spot.x, y - 0.06, 0.15, 0.12, sheet.palette.shade)
            else:
                sheet.mark(spot.x + 0.07, y, spot.key.look, filled=spot.key.filled, size=7)
            for number, part in enumerate(spot.lines):
                x = spot.x + _SIGN
                sheet.text(x, y + number * LINE, part, size=SMALL, colour=sheet.palette.soft)


def name_key(variant: str, look: int, *, filled: bool = True) -> Key:
    """Return the key of a variant."""
    return Key(text=shortened(variant), look=look, filled=filled)

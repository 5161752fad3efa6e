"""Charts as values: what is drawn, what it finds, and which files it becomes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from hubq.cards.charts.figures import Drawing, Number
from hubq.model.marks import plain

FOLDER = "charts"
WIDTH = 520
"""How wide a page shows a picture at most, in CSS pixels."""


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """One chart.

    Attributes:
        name: of its files, such as `deltas`.
        alt: what it finds, in plain words, for those who cannot see it; any text, not escaped.
        caption: what is drawn, Markdown.
        drawing: the numbers and names in the picture.
    """

    name: str
    alt: str
    caption: str
    drawing: Drawing

    @property
    def files(self) -> tuple[str, ...]:
        """The PNG for light pages, the one for dark pages, and the SVG."""
        return tuple(f"{FOLDER}/{self.name}{end}" for end in (".png", "-dark.png", ".svg"))

    @property
    def width(self) -> int:
        """How wide a page shows it at most, in CSS pixels."""
        return WIDTH

    @property
    def claims(self) -> tuple[str, ...]:
        """The ids of the claims that are drawn, in the order of the drawing."""
        return tuple(dict.fromkeys(number.claim for number in _numbers(self.drawing)))

    @property
    def printed(self) -> dict[str, str]:
        """Characters as a card prints them -> the claim that is drawn; the first of several."""
        numbers = tuple(_numbers(self.drawing))
        return {number.shown: number.claim for number in reversed(numbers)}

    def evidence(self) -> dict[str, Any]:
        """Return what `hubq.json` says of the chart."""
        return {
            "name": self.name,
            "alt": self.alt,
            "caption": plain(self.caption),
            "claims": self.claims,
            "files": self.files,
        }


def _numbers(value: Any) -> Iterator[Number]:
    """Yield every number in a value, in the order of its fields."""
    if isinstance(value, Number):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _numbers(part)
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _numbers(getattr(value, name))

"""Palettes: the colours and shapes of charts, for light pages and for dark ones.

Any two colours are at least 12 apart in CIELAB for normal eyes and for each kind of colour
blindness, as Machado, Oliveira and Fernandes simulate them (IEEE Trans. Vis. Comput. Graph. 15,
2009). Each stands out from its page by 3:1 and text by 4.5:1 (WCAG 2.2, 1.4.11 and 1.4.3). Shapes
repeat with another period than colours do, so that no two of the first fifty variants look the
same.
"""

from __future__ import annotations

import msgspec

NEUTRAL = -1
"""The look of marks that stand for no variant, as in a key."""


class Palette(msgspec.Struct, frozen=True, kw_only=True):
    """The colours of one kind of page.

    Attributes:
        paper: of the page.
        ink: of text.
        soft: of text that matters less, and of axes.
        line: of grids.
        shade: of areas.
        baseline: of the baseline.
        variants: of the variants, in turn.
    """

    paper: str
    ink: str
    soft: str
    line: str
    shade: str
    baseline: str
    variants: tuple[str, ...]

    def colour(self, look: int) -> str:
        """Return the colour of a look; 0 is the baseline's."""
        if look == NEUTRAL:
            return self.soft
        return self.variants[(look - 1) % len(self.variants)] if look else self.baseline


LIGHT = Palette(
    paper="#ffffff",
    ink="#1a2230",
    soft="#566072",
    line="#e2e6ec",
    shade="#e9eef6",
    baseline="#3a4352",
    variants=(
        "#0067b1",
        "#c74a00",
        "#00805c",
        "#a6428b",
        "#634d21",
        "#7832e2",
        "#3e1e09",
        "#260047",
    ),
)
DARK = Palette(
    paper="#0b0f19",
    ink="#e6e9ef",
    soft="#a3adbd",
    line="#262d3b",
    shade="#1a2335",
    baseline="#d5dae3",
    variants=(
        "#58aef5",
        "#ff8b4a",
        "#3ccf9f",
        "#e58ccb",
        "#ffd83d",
        "#b829ff",
        "#e44459",
        "#a8f19d",
    ),
)
_SHAPES = ("o", "s", "D", "^", "v", "P", "<")
_BASELINE_SHAPE = "*"


def shape(look: int) -> str:
    """Return the shape of a look, by the name that matplotlib has for it."""
    if look == NEUTRAL:
        return _SHAPES[0]
    return _SHAPES[(look - 1) % len(_SHAPES)] if look else _BASELINE_SHAPE

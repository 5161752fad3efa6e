"""Sheets: pictures that are drawn in inches from their upper left corner.

matplotlib draws letters, lines and marks; where they stand is worked out here, so that a picture
looks the same with each of its versions. Nothing of a user's own settings of matplotlib shows.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from hubq.cards.charts.labels import cleaned
from hubq.cards.charts.palettes import Palette, shape

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties

WIDTH = 4.4
"""Of every picture, in inches: on a phone 360 pixels wide, 11 points are more than 11 pixels."""

DOTS = 240
"""Per inch, of a PNG: two for each CSS pixel at its widest."""

BODY, SMALL = 11.0, 10.2
"""Sizes of letters, in points."""

_POINT = 1 / 72
_MISSING = "\N{REPLACEMENT CHARACTER}"
_SALT = "hubq"

Side = Literal["left", "center", "right"]


def settings() -> Any:
    """Return matplotlib's own defaults with what pictures need of them changed.

    Letters become paths in an SVG, since a page shows a picture with no fonts but its own system's.
    """
    import matplotlib as mpl

    own = {
        key: value for key, value in mpl.rcParamsDefault.items() if not key.startswith("backend")
    }
    return own | {
        "svg.fonttype": "path",
        "svg.hashsalt": _SALT,
        "text.parse_math": False,
        "text.usetex": False,
        "path.simplify": False,
    }


class Sheet:
    """A picture that is being drawn.

    Args:
        height: in inches.
        palette: its colours.
    """

    def __init__(self, height: float, palette: Palette) -> None:
        from matplotlib.figure import Figure

        # Whole dots: the last row of a PNG would otherwise be half transparent.
        self.height, self.palette = math.ceil(height * DOTS) / DOTS, palette
        self._figure: Figure = Figure(figsize=(WIDTH, self.height), facecolor=palette.paper)
        self._axes = self._figure.add_axes((0.0, 0.0, 1.0, 1.0))
        self._axes.set_axis_off()
        self._axes.set_xlim(0, WIDTH)
        self._axes.set_ylim(self.height, 0)
        self._order = 0

    def line(
        self,
        xs: Sequence[float],
        ys: Sequence[float],
        colour: str,
        *,
        width: float = 1.0,
        dashed: bool = False,
    ) -> None:
        """Draw a line through places; its width is in points."""
        self._axes.plot(
            xs,
            ys,
            color=colour,
            linewidth=width,
            linestyle=(0, (3, 2.5)) if dashed else "-",
            solid_capstyle="butt",
            zorder=self._next(),
        )

    def box(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """Fill a rectangle, given by its upper left corner."""
        from matplotlib.patches import Rectangle

        self._axes.add_patch(
            Rectangle((x, y), width, height, facecolor=colour, linewidth=0, zorder=self._next())
        )

    def mark(self, x: float, y: float, look: int, *, filled: bool, size: float = 8.0) -> None:
        """Draw the shape of a look; one that is not filled shows the paper."""
        colour, form = self.palette.colour(look), shape(look)
        larger = {"*": 1.5, "o": 1.0, "s": 0.92, "D": 0.86}.get(form, 1.1)
        self._axes.plot(
            [x],
            [y],
            marker=form,
            markersize=size * larger,
            markerfacecolor=colour if filled else self.palette.paper,
            markeredgecolor=colour,
            markeredgewidth=1.6,
            linestyle="none",
            zorder=self._next(),
        )

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        colour: str = "",
        size: float = BODY,
        bold: bool = False,
        side: Side = "left",
        turned: bool = False,
    ) -> None:
        """Write one line of text with its middle at `y` and the named side at `x`."""
        self._axes.text(
            x,
            y,
            readable(text),
            color=colour or self.palette.ink,
            fontproperties=_properties(size, bold=bold),
            horizontalalignment=side,
            verticalalignment="center_baseline",
            rotation=90 if turned else 0,
            rotation_mode="anchor",
            zorder=self._next(),
        )

    def png(self) -> bytes:
        """Return the picture as PNG."""
        return self._saved("png", dpi=DOTS, metadata={"Software": None})

    def svg(self, title: str) -> bytes:
        """Return the picture as SVG with a title for those who cannot see it."""
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        return self._saved("svg", metadata={**nothing, "Title": title})

    def _saved(self, form: str, **options: Any) -> bytes:
        stream = io.BytesIO()
        colour = self.palette.paper
        self._figure.savefig(stream, format=form, facecolor=colour, edgecolor="none", **options)
        return stream.getvalue()

    def _next(self) -> int:
        """Return the layer of what is drawn next: above all that was drawn before."""
        self._order += 1
        return self._order


@lru_cache(maxsize=1)
def _signs() -> frozenset[int]:
    """Return the code points that the font has."""
    from matplotlib.font_manager import get_font

    path = _properties(BODY, bold=False).get_file()
    return frozenset(get_font(path).get_charmap()) if path else frozenset()


@lru_cache(maxsize=8)
def _properties(size: float, *, bold: bool) -> FontProperties:
    """Return a font by its file: the system's own of the same name may be another version."""
    import matplotlib as mpl
    from matplotlib.font_manager import FontProperties

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return FontProperties(fname=Path(mpl.get_data_path(), "fonts", "ttf", name), size=size)


def readable(text: str) -> str:
    """Return text on one line in which each sign that the font lacks is the sign for that."""
    return "".join(s if ord(s) in _signs() else _MISSING for s in cleaned(text))


@lru_cache(maxsize=4096)
def width_of(text: str, size: float = BODY, *, bold: bool = False) -> float:
    """Return how wide a text is, in inches."""
    from matplotlib.textpath import text_to_path

    properties = _properties(size, bold=bold)
    shown = readable(text)
    width, _, _ = text_to_path.get_text_width_height_descent(shown, properties, ismath=False)
    return float(width) * _POINT

"""Labels: names from outside as they may stand in a picture."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable

from hubq.cards.prose.wording import listed

LONGEST = 36
"""A name in a picture has at most as many characters; what lies between its ends is left out."""

_LONGEST_IN_TEXT = 120
_GAP = "…"
_BREAKS = "-_/.: "


def cleaned(name: str) -> str:
    """Return a name on one line, without controls, marks of direction, and unassigned signs."""
    line = "".join(
        " " if sign.isspace() else sign
        for sign in name
        if sign.isspace() or not unicodedata.category(sign).startswith("C")
    )
    return " ".join(line.split()) or "unnamed"


def shortened(name: str, limit: int = LONGEST) -> str:
    """Return a clean name of at most `limit` characters: its beginning and its end."""
    whole = cleaned(name)
    if len(whole) <= limit:
        return whole
    tail = (limit - 1) // 2
    return f"{whole[: limit - 1 - tail].rstrip()}{_GAP}{whole[-tail:].lstrip()}"


def spoken(name: str) -> str:
    """Return a name for the text beside a picture: whole, but for absurd lengths."""
    return shortened(name, _LONGEST_IN_TEXT)


def cut_names(names: Iterable[str]) -> str:
    """Return a sentence with the whole of each name that is cut in the picture, or nothing."""
    cut = [spoken(name) for name in dict.fromkeys(names) if shortened(name) != cleaned(name)]
    return f"Names cut short in the picture: {listed(cut)}." if cut else ""


def wrapped(name: str, limit: float, width_of: Callable[[str], float]) -> list[str]:
    """Return a name on as many lines as it needs, broken after a separator where there is one.

    Args:
        name: as it is to be shown.
        limit: the width of a line.
        width_of: returns the width of a text, in the same unit.
    """
    lines: list[str] = []
    rest = name
    while rest and width_of(rest) > limit:
        end = next((n for n in range(len(rest) - 1, 0, -1) if width_of(rest[:n]) <= limit), 1)
        # A separator in the second half of the line makes a better break than its end.
        good = [n for n in range(end // 2 + 1, end + 1) if rest[n - 1] in _BREAKS]
        end = good[-1] if good else end
        lines.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return [*lines, rest] if rest else lines

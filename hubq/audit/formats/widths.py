"""Widths: text in columns of a terminal, and what must not reach one."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

_WIDE = ("W", "F")
_UNSEEN = ("Cc", "Cs", "Co", "Cn")
_TURNING = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
)
_NARROW = ("Mn", "Me", "Cf")
CUT = "…"


def visible(text: str) -> str:
    """Return text of as many characters in which none moves the cursor, rings or turns the text.

    A card's text is anybody's: control characters and those that turn the direction of writing are
    shown as U+FFFD, line ends and tabs as spaces.
    """
    # GitHub's runner takes `##[set-output ...]` anywhere in a line for a command.
    text = text.replace("##[", "#\N{MUSIC SHARP SIGN}[")
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_seen, text))


def _seen(one: str) -> str:
    if one in "\t\n\r":
        return " "
    unseen = one in _TURNING or unicodedata.category(one) in _UNSEEN
    return "\N{REPLACEMENT CHARACTER}" if unseen or one in "\u2028\u2029" else one


def width_of(text: str) -> int:
    """Return how many columns a text takes."""
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(one: str) -> int:
    if unicodedata.category(one) in _NARROW:
        return 0
    return 2 if unicodedata.east_asian_width(one) in _WIDE else 1


def clipped(text: str, width: int) -> str:
    """Return the beginning of a text that fits into some columns, with a sign where it was cut."""
    if width_of(text) <= width:
        return text
    taken, used = [], 0
    for one in text:
        used += _width(one)
        if used > width - 1:
            break
        taken.append(one)
    return "".join(taken).rstrip() + CUT


def padded(text: str, width: int) -> str:
    """Return a text clipped and filled to exactly some columns."""
    cut = clipped(text, width)
    return cut + " " * (width - width_of(cut))


def around(line: str, column: int, length: int, width: int) -> tuple[str, int, int]:
    """Return the part of a line that fits, and where in it something stands.

    Args:
        line: the whole of it.
        column: of the character that must be seen, from 1; 0 for none.
        length: of the piece there, in characters.
        width: columns that there are.

    Returns:
        The part; the columns before the piece in it; how many columns of the piece are shown (0
        without a column).
    """
    at = max(column - 1, 0)
    piece = min(length, 4 * width)
    # Lines may be megabytes long; no more than this of one can be seen.
    first = max(0, at - 2 * width)
    text = visible(line[first : at + piece + 2 * width])
    more = at + piece + 2 * width < len(line)
    at = min(at - first, len(text))
    start = _start(text, at, piece, width) if first or width_of(text) > width else 0
    cut = bool(start or first)
    part = clipped((CUT if cut else "") + text[start:] + (CUT if more else ""), width)
    if not column:
        return part, 0, 0
    before = width_of(text[start:at]) + cut
    return part, before, max(1, min(width_of(text[at : at + piece]), width_of(part) - before))


def _start(text: str, at: int, length: int, width: int) -> int:
    """Return the character from which a text that is too wide is shown."""
    piece = width_of(text[at : at + length])
    if width_of(text[:at]) + piece < width:
        return 0
    room = width // 2 if piece <= width // 2 - 2 else width // 4
    start, used = at, 0
    while start and used + _width(text[start - 1]) <= room:
        start -= 1
        used += _width(text[start])
    # Near its end there is room left: show more of what stands before.
    used += width_of(text[at:])
    while start and used + _width(text[start - 1]) < width:
        start -= 1
        used += _width(text[start])
    return start


def wrapped(text: str, width: int, hanging: int = 0) -> Iterator[str]:
    """Yield a paragraph's lines; a word that is wider than a line is broken.

    Args:
        text: words between spaces.
        width: columns of a line.
        hanging: columns before every line but the first.
    """
    line, used, empty = "", 0, True
    for word in text.split():
        size = width_of(word)
        if not empty and used + 1 + size > width:
            yield line
            line, used, empty = " " * hanging, hanging, True
        elif not empty:
            line, used = f"{line} ", used + 1
        while used + size > width:
            taken = _fitting(word, width - used)
            yield line + taken
            word = word[len(taken) :]  # noqa: PLW2901 - the rest of it
            size = width_of(word)
            line, used = " " * hanging, hanging
        line, used, empty = line + word, used + size, False
    if not empty:
        yield line


def _fitting(word: str, width: int) -> str:
    """Return the beginning of a word that fits; at least one character."""
    end, used = 1, _width(word[0])
    while end < len(word) and used + _width(word[end]) <= width:
        used += _width(word[end])
        end += 1
    return word[:end]

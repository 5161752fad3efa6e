"""Lowered: a card's text in small letters, kept once, and the lines in which some letters stand.

Looking for letters costs next to nothing; rules ask it first which lines their patterns can match.
"""

from __future__ import annotations

from collections.abc import Iterable

from hubq.audit.document import Document
from hubq.audit.kept import kept

_ALIKE = (("ſ", "s"), ("ı", "i"), ("i̇", "i"))
"""What patterns that heed no case take for an ASCII letter, as `str.lower` leaves it."""


def fold(text: str) -> str:
    """Return a text in small letters, so that what a pattern matches in any case stands in it."""
    low = text.lower()
    if not text.isascii():
        for other, letter in _ALIKE:
            low = low.replace(other, letter)
    return low


@kept
def lowered(document: Document) -> str:
    """Return a card's text in small letters, as `fold` does it."""
    return fold(document.text)


def holds_any(text: str, pieces: Iterable[str]) -> bool:
    """Say whether a text holds one of some pieces; a plain loop is the fastest way to ask."""
    for piece in pieces:  # noqa: SIM110
        if piece in text:
            return True
    return False


def lines_with(document: Document, pieces: Iterable[str]) -> list[int]:
    """Return the numbers of the lines that hold one of some pieces of text, in order.

    Args:
        document: the card.
        pieces: in small letters, each within one line.
    """
    low = lowered(document)
    found: set[int] = set()
    for piece in pieces:
        number, counted, at = 1, 0, low.find(piece)
        while at >= 0:
            number += low.count("\n", counted, at)
            found.add(number)
            counted = low.find("\n", at)
            at = low.find(piece, counted) if counted >= 0 else -1
    return sorted(found)

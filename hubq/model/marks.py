"""Marks: numbers in a text that still know which claim they are.

A claim turned into text carries its id, between characters of Unicode's private use area that no
text has. So a card says of each of its characters which claim it prints; `unmark` takes the marks
out again and returns them as places.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from functools import lru_cache

import msgspec

BEGIN, MIDDLE, END = "\ue000", "\ue001", "\ue002"
_MARK = re.compile(f"{BEGIN}([a-z2-7]*){MIDDLE}([^{BEGIN}{MIDDLE}{END}]*){END}")
_SIGNS = re.compile(f"[{BEGIN}{MIDDLE}{END}]")


class Spot(msgspec.Struct, frozen=True, kw_only=True):
    """Where a text prints a claim.

    Attributes:
        claim: its id.
        start, end: of the printed characters, counted in characters of the text without marks.
    """

    claim: str
    start: int
    end: int


def mark(claim: str, shown: str) -> str:
    """Return printed characters that carry a claim's id."""
    return f"{BEGIN}{_encoded(claim)}{MIDDLE}{shown}{END}"


def unmark(text: str) -> tuple[str, tuple[Spot, ...]]:
    """Return a text without its marks, and where they were."""
    parts, spots, length, last = [], [], 0, 0
    for found in _MARK.finditer(text):
        before = text[last : found.start()]
        start = length + len(before)
        parts += [before, found[2]]
        length = start + len(found[2])
        spots.append(Spot(claim=_name(found[1]), start=start, end=length))
        last = found.end()
    return "".join([*parts, text[last:]]), tuple(spots)


def replace_marks(text: str, shown: Callable[[str, str], str]) -> str:
    """Return a text in which each mark is what `shown(claim id, characters)` returns."""
    return _MARK.sub(lambda found: shown(_name(found[1]), found[2]), text)


def plain(text: str) -> str:
    """Return a text without marks."""
    return _MARK.sub(r"\2", text)


def without_signs(text: str) -> str:
    """Return text from outside without the characters that marks are made of."""
    return _SIGNS.sub("", text)


@lru_cache(maxsize=8192)
def _encoded(claim: str) -> str:
    return base64.b32encode(claim.encode(errors="surrogatepass")).decode().rstrip("=").lower()


@lru_cache(maxsize=8192)
def _name(encoded: str) -> str:
    padding = "=" * (-len(encoded) % 8)
    return base64.b32decode(encoded.upper() + padding).decode(errors="surrogatepass")

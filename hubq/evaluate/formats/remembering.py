"""Remembering: what pure functions of labels gave, for tables say the same names over and over."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

LONGEST = 120
"""Characters of a text that is remembered; a page may hold a cell of megabytes."""
_MOST = 1 << 13


class _Remembered(dict[str, T]):
    """What a function gave; looking up what is not there asks it."""

    def __init__(self, function: Callable[[str], T]) -> None:
        super().__init__()
        self.function = function

    def __missing__(self, text: str) -> T:
        found = self.function(text)
        if len(text) <= LONGEST:
            if len(self) >= _MOST:
                self.clear()
            self[text] = found
        return found


def remembered(function: Callable[[str], T]) -> Callable[[str], T]:
    """Return a pure function of a text that remembers what it gave for short ones.

    It is the look-up itself, as it is asked a hundred times for each table.
    """
    return _Remembered(function).__getitem__

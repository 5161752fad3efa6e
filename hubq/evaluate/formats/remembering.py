"""Remembering: what pure functions of labels gave, for tables say the same names over and over."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

T = TypeVar("T")

LONGEST = 120
"""Characters of a text that is remembered; a page may hold a cell of megabytes."""


def remembered(function: Callable[[str], T]) -> Callable[[str], T]:
    """Return a pure function of a text that remembers what it gave for the last short ones."""
    cached = lru_cache(maxsize=1 << 13)(function)

    @wraps(function)
    def remembering(text: str) -> T:
        return cached(text) if len(text) <= LONGEST else function(text)

    return remembering

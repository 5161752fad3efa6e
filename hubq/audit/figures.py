"""Figures: the numbers in a sentence, with their units."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

import msgspec

_NUMBER = re.compile(
    r"(?<![\w.,/])[+−–-]?(?:\d{1,3}(?:,\d{3}){1,4}(?:\.\d{1,9})?(?![\d,])"
    r"|\d{1,12}(?:\.\d{1,9})?(?!\d))(?!\.\d)"
)
_MINUS = str.maketrans("−–", "--")


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A number in a sentence.

    Attributes:
        text: as it stands, with its sign.
        value: of it.
        start, end: in the sentence.
        unit: `%`, `x`, `points`, `GB`, ...; empty for none.
    """

    text: str
    value: Decimal
    start: int
    end: int
    unit: str = ""

    @property
    def decimals(self) -> int:
        """How many stand behind the point."""
        return len(self.text.partition(".")[2])


_UNIT = re.compile(
    r"\s?(%|percent(?!age)\b|x\b|×|times\b|(?:percentage )?points?\b|pts?\b|pp\b|gi?b\b|mi?b\b|ms\b"
    r"|tok(?:en)?s?\s?/\s?s\b|s\b|seconds?\b|min\b)",
    re.IGNORECASE,
)
_UNITS = {
    "percent": "%",
    "×": "x",
    "times": "x",
    **dict.fromkeys(("point", "pt", "pts", "pp", "percentage point"), "points"),
    "percentage points": "points",
    "gib": "gb",
    "mib": "mb",
    **dict.fromkeys(("second", "seconds"), "s"),
}


@lru_cache(maxsize=1024)
def figures(text: str) -> tuple[Figure, ...]:
    """Return the numbers of a sentence, in order; none that is part of a name."""
    found = []
    for one in _NUMBER.finditer(text):
        if text[one.end() : one.end() + 1].isalpha() and not _UNIT.match(text, one.end()):
            continue
        said = one[0].translate(_MINUS)
        if said.startswith("-") and one.start() and text[one.start() - 1].isalnum():
            said = said[1:]
        unit = _UNIT.match(text, one.end())
        word = unit[1].lower() if unit else ""
        found.append(
            Figure(
                text=said,
                value=Decimal(said.replace(",", "")),
                start=one.start(),
                end=unit.end() if unit else one.end(),
                unit=_UNITS.get(word, word),
            )
        )
    return tuple(found)

"""Sentences of a card's prose, and the numbers in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property, lru_cache

import msgspec

from hubq.audit.document import Document
from hubq.audit.kept import kept
from hubq.audit.lowered import fold

#: White space first, so that nothing is tried at letters.
_END = re.compile(r"\s(?:(?<=[.!?;]\s)\s*(?=[A-Z0-9*`\[(_\"])|(?<=\n)\s*\n)")
_NUMBER = re.compile(
    r"(?<![\w.,/])[+−–-]?(?:\d{1,3}(?:,\d{3}){1,4}(?![\d,])|\d{1,12}(?:\.\d{1,9})?(?!\d))"
)
_MINUS = str.maketrans("−–", "--")


class Sentence(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A sentence.

    Attributes:
        text: on one line.
        line: where it begins.
        column: where that can be told; 1 elsewhere.
        heading: the last one above it.
    """

    text: str
    line: int
    column: int = 1
    heading: str = ""

    @cached_property
    def lower(self) -> str:
        """The text in small letters, as `fold` does it."""
        return fold(self.text)


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


@kept
def sentences(document: Document) -> tuple[Sentence, ...]:
    """Return the sentences of a card, in order; headings are none."""
    return tuple(_sentences(document))


def _sentences(document: Document) -> Iterator[Sentence]:
    for passage in document.passages:
        if passage.kind == "heading":
            continue
        whole, start = passage.text, 0
        cuts = [found.span() for found in _END.finditer(whole)]
        for end, following in (*cuts, (len(whole), len(whole))):
            text = whole[start:end].lstrip()
            if text:
                line = passage.line_of(end - len(text))
                yield Sentence(
                    text=" ".join(text.split()),
                    line=line,
                    column=_column(document, line, text),
                    heading=passage.heading,
                )
            start = following


def _column(document: Document, line: int, text: str) -> int:
    begins = text.rstrip().partition("\n")[0][:24]
    at = document.quote(line).find(begins)
    return at + 1 if at >= 0 else 1


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

"""Prose: the sentences of a card, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from hubq.audit.document import Document
from hubq.audit.kept import kept
from hubq.audit.parts import Kind, Passage

_LONGEST = 20_000
"""Characters of one passage that are parted into sentences."""
_END = re.compile(r"[.!?。！？](?:(?<=[。！？])|[)\"'”*_]{0,3}(?=\s+[^\sa-z]))")
#: What a full stop stands behind without ending a sentence.
_SHORT = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|resp|al|fig|tab|eq|sec|no|ver|ca|dr|mr|st)|\b[A-Za-z])\.$",
    re.IGNORECASE,
)


class Sentence(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence of a card.

    Attributes:
        text: with line ends as in the file.
        line: on which it begins.
        kind: of the passage that it stands in.
        heading: the last one above it.
    """

    text: str
    line: int
    kind: Kind
    heading: str = ""

    def line_of(self, offset: int) -> int:
        """Return the line in which a character of the text stands."""
        return self.line + self.text.count("\n", 0, offset)


@kept
def sentences(document: Document) -> tuple[Sentence, ...]:
    """Return the sentences of a card's prose, in order; headings are left out."""
    return tuple(
        sentence
        for passage in document.passages
        if not passage.level
        for sentence in _sentences(passage)
    )


def _sentences(passage: Passage) -> Iterator[Sentence]:
    text, start = passage.text[:_LONGEST], 0
    line, kind, heading = passage.line, passage.kind, passage.heading
    broken = "\n" in text
    for end in (*_ends(text), len(text)):
        piece = text[start:end]
        bare = piece.strip()
        lead = len(piece) - len(piece.lstrip()) if broken else 0
        line += text.count("\n", start, start + lead) if lead else 0
        if bare:
            yield Sentence(text=bare, line=line, kind=kind, heading=heading)
        line += text.count("\n", start + lead, end) if broken else 0
        start = end


def _ends(text: str) -> Iterator[int]:
    """Yield where sentences end."""
    for found in _END.finditer(text):
        at = found.start()
        if text[at] != "." or not _SHORT.search(text[max(0, at - 8) : at + 1]):
            yield found.end()

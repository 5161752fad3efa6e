"""Prose: the sentences of a card, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from hubq.audit.document import Document
from hubq.audit.kept import kept
from hubq.audit.lowered import fold
from hubq.audit.parts import Kind, Passage, Spot
from hubq.evaluate.formats.remembering import once

_LONGEST = 20_000
"""Characters of one passage that are parted into sentences."""
_END = re.compile(
    r"[.!?。！？\n](?:(?<=[.!?])[)\"'”*_]{0,3}(?=\s+[^\sa-z])|(?<=[。！？])[）」』”’)]{0,3}"
    r"|(?<=\n)(?=[ \t]*\n))"
)
#: What a full stop stands behind without ending a sentence.
_SHORT = re.compile(
    r"(?:\b(?:e\.g|i\.e|vs|cf|approx|resp|al|fig|tab|eq|sec|no|ver|ca|dr|mr|st)|(?<![\w-])[A-Za-z])\.$",
    re.IGNORECASE,
)


class Sentence(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A sentence of a card.

    Attributes:
        written: with line ends as in the file.
        line: on which it begins; 0 where that is not known.
        kind: of the passage that it stands in.
        heading: the last one above it.
    """

    written: str
    line: int
    kind: Kind = "paragraph"
    heading: str = ""

    @once
    def text(self) -> str:
        """It on one line."""
        return " ".join(self.written.split())

    @once
    def lower(self) -> str:
        """The text in small letters, as `fold` does it."""
        return fold(self.text)

    def line_of(self, offset: int) -> int:
        """Return the line in which a character of it, as written, stands."""
        return self.line + self.written.count("\n", 0, offset) if self.line else 0


@kept
def sentences(document: Document) -> tuple[Sentence, ...]:
    """Return the sentences of a card's prose, in order; headings are left out."""
    return tuple(
        sentence
        for passage in document.passages
        if not passage.level
        for sentence in _sentences(passage)
    )


def start_of(document: Document, sentence: Sentence) -> Spot:
    """Return where a sentence of a card begins; in the first column where that cannot be told."""
    begins = sentence.written.partition("\n")[0][:24].rstrip()
    at = document.quote(sentence.line).find(begins)
    return Spot(sentence.line, at + 1 if at >= 0 else 1)


def _sentences(passage: Passage) -> Iterator[Sentence]:
    text, start = passage.text[:_LONGEST], 0
    kind, heading = passage.kind, passage.heading
    broken = bool(passage.line) and "\n" in text
    line = passage.line
    for end in (*_ends(text), len(text)):
        piece = text[start:end]
        bare = piece.strip()
        lead = len(piece) - len(piece.lstrip()) if broken else 0
        line += text.count("\n", start, start + lead) if lead else 0
        if bare:
            yield Sentence(written=bare, line=line, kind=kind, heading=heading)
        line += text.count("\n", start + lead, end) if broken else 0
        start = end


def _ends(text: str) -> Iterator[int]:
    """Yield where sentences end."""
    for found in _END.finditer(text):
        at = found.start()
        if text[at] != "." or not _SHORT.search(text[max(0, at - 8) : at + 1]):
            yield found.end()

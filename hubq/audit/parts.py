"""Parts of a README, each with its place in the file."""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

Kind = Literal["heading", "paragraph", "item", "quote", "summary"]


class Spot(NamedTuple):
    """A place in a file, both counted from 1; zeros for none."""

    line: int
    column: int = 0


NOWHERE = Spot(0)


class Passage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A run of prose.

    Attributes:
        kind: what it stands in.
        text: as readers see it; code spans between backticks; line ends as in the file.
        line, column: where it begins.
        heading: the last heading above it.
        level: of a heading, 1 to 6; 0 elsewhere.
    """

    kind: Kind
    text: str
    line: int
    column: int = 1
    heading: str = ""
    level: int = 0

    def line_of(self, offset: int) -> int:
        """Return the line in which a character of the text stands."""
        return self.line + self.text.count("\n", 0, offset) if self.line else 0


class Link(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A link or a picture.

    Attributes:
        target: the address as written.
        text: what is shown for it.
        line, column: where it stands.
        image: whether it is a picture.
    """

    target: str
    text: str
    line: int
    column: int = 0
    image: bool = False


class Code(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A block of code.

    Attributes:
        language: the first word behind its fence, in lower case; empty where there is none.
        text: what it holds.
        line: of its first line of code.
        heading: the last heading above it.
        fenced: whether it stands between fences.
    """

    language: str
    text: str
    line: int
    heading: str = ""
    fenced: bool = True

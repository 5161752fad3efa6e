"""Blocks: the parts of a README that hubq owns, between markers that carry a hash of their text.

    <!-- hubq:begin scores sha256:0123456789abcdef -->
    ...
    <!-- hubq:end scores -->

A marker is a line of its own. The hash says whether anybody edited the text since hubq wrote it, so
that no store of earlier texts is needed. It is the head of the SHA-256 of the text between the
markers, with every line end as a line feed.
"""

from __future__ import annotations

import hashlib
import re

import msgspec

from hubq.errors import Refused

_MARKER = re.compile(
    r"(?<![^\r\n\ufeff])[ \t]*(?P<sign><!--[ \t]*hubq:(?P<kind>begin|end)\b(?P<rest>[^\r\n]*?)-->)"
    r"[ \t]*(?P<end>\r\n|\n|\r|\Z)"
)
_REST = re.compile(
    r"[ \t]+(?P<name>[A-Za-z0-9][\w.-]*)(?:[ \t]+sha256:(?P<hash>[0-9a-f]{16,64}))?[ \t]*"
)
_NEWLINE = re.compile(r"\r\n|\r")
_SHOWN = 16


class BrokenMarkers(Refused):
    """The markers of a README do not stand in pairs.

    Args:
        line: where, counted from 1.
        what: is wrong there.
    """

    def __init__(self, line: int, what: str) -> None:
        super().__init__(
            f"line {line}: {what}",
            remedy="Mend that marker, or remove both markers of the block to keep its text "
            "as your own.",
        )
        self.line, self.what = line, what


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A block where it stands in a README. Places count characters.

    Attributes:
        name: of the block.
        seal: the hash in the opening marker; empty where there is none.
        text: what stands between the two lines of the markers.
        start: of the opening marker.
        text_start: of the text.
        text_end: of the text; the closing marker's line begins there.
        end: after the closing marker.
        line: of the opening marker, counted from 1.
    """

    name: str
    seal: str
    text: str
    start: int
    text_start: int
    text_end: int
    end: int
    line: int

    @property
    def hash(self) -> str:
        """The SHA-256 of the text as it stands."""
        return text_hash(self.text)

    @property
    def is_blank(self) -> bool:
        """Whether somebody wrote the markers alone, to have the block there."""
        return not self.seal and not self.text.strip()

    def is_as_written(self, known: str = "") -> bool:
        """Return whether nobody edited the text since hubq wrote it.

        Args:
            known: the SHA-256 of what hubq wrote, for a marker that lost its hash.
        """
        wrote = self.seal or known
        return bool(wrote) and self.hash.startswith(wrote)


class _Marker(msgspec.Struct, frozen=True, kw_only=True):
    """One marker; `start` and `end` are its own places, `line_*` those of its line."""

    opens: bool
    name: str
    seal: str
    start: int
    end: int
    line_start: int
    line_end: int
    line: int


def text_hash(text: str) -> str:
    """Return the SHA-256 of a block's text, whatever its line ends are."""
    plain = _NEWLINE.sub("\n", text)
    return hashlib.sha256(plain.encode("utf-8", "surrogateescape")).hexdigest()


def find_blocks(text: str) -> tuple[Block, ...]:
    """Return the blocks of a README in the order in which they stand.

    Raises:
        BrokenMarkers: a marker that cannot be read, has no partner, stands in another block, or is
            there twice.
    """
    found: list[Block] = []
    begun: _Marker | None = None
    for marker in _markers(text):
        if marker.opens:
            _check_opening(marker, begun, found)
            begun = marker
        elif begun is None or begun.name != marker.name:
            raise BrokenMarkers(marker.line, f"block {marker.name!r} ends and never began")
        else:
            found.append(_block(text, begun, marker))
            begun = None
    if begun is not None:
        raise BrokenMarkers(begun.line, f"block {begun.name!r} begins and never ends")
    return tuple(found)


def seal(text: str) -> str:
    """Return a README in which each block's opening marker carries the hash of its text.

    Raises:
        BrokenMarkers: the markers do not stand in pairs.
    """
    parts, last = [], 0
    for block in find_blocks(text):
        marker_end = text.index("-->", block.start) + len("-->")
        parts += [text[last : block.start], opening(block.name, block.hash)]
        last = marker_end
    return "".join([*parts, text[last:]])


def opening(name: str, sha256: str) -> str:
    """Return the opening marker of a block whose text has this hash."""
    return f"<!-- hubq:begin {name} sha256:{sha256[:_SHOWN]} -->"


def block_hashes(text: str) -> dict[str, str]:
    """Return block -> SHA-256 of its text, in the order in which they stand.

    Raises:
        BrokenMarkers: the markers do not stand in pairs.
    """
    return {block.name: block.hash for block in find_blocks(text)}


def _check_opening(marker: _Marker, begun: _Marker | None, found: list[Block]) -> None:
    if begun is not None:
        raise BrokenMarkers(
            marker.line, f"block {marker.name!r} begins inside {begun.name!r} (line {begun.line})"
        )
    if any(block.name == marker.name for block in found):
        raise BrokenMarkers(marker.line, f"block {marker.name!r} is there twice")


def _block(text: str, begun: _Marker, ended: _Marker) -> Block:
    return Block(
        name=begun.name,
        seal=begun.seal,
        text=text[begun.line_end : ended.line_start],
        start=begun.start,
        text_start=begun.line_end,
        text_end=ended.line_start,
        end=ended.end,
        line=begun.line,
    )


def _markers(text: str) -> list[_Marker]:
    found, line, counted = [], 1, 0
    for match in _MARKER.finditer(text):
        line += len(re.findall(r"\r\n|\r|\n", text[counted : match.start()]))
        counted = match.start()
        rest = _REST.fullmatch(match["rest"])
        if rest is None or (match["kind"] == "end" and rest["hash"]):
            raise BrokenMarkers(line, f"{match['sign']} is no marker that hubq can read")
        found.append(
            _Marker(
                opens=match["kind"] == "begin",
                name=rest["name"],
                seal=rest["hash"] or "",
                start=match.start("sign"),
                end=match.end("sign"),
                line_start=match.start(),
                line_end=match.end(),
                line=line,
            )
        )
    return found

"""Two texts compared line by line, and within changed lines word by word."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Literal

import msgspec

_WORD = re.compile(r"\w+|\s+|[^\w\s]")
_AROUND = 3
_ALIKE = 0.4
_BLOCK = re.compile(r"<!--\s*hubq:begin\s+([\w.-]+)")
_BLOCK_END = re.compile(r"<!--\s*hubq:end\s+([\w.-]+)")


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a line; `changed` when the other side has not the same there."""

    text: str
    changed: bool = False


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a comparison.

    Attributes:
        kind: `same`, `changed` (both sides), `removed` (old only), `added` (new only).
        old_number, new_number: from 1; 0 where that side has no such line.
        old, new: the line in pieces; empty where that side has none.
    """

    kind: Literal["same", "changed", "removed", "added"]
    old_number: int = 0
    new_number: int = 0
    old: tuple[Piece, ...] = ()
    new: tuple[Piece, ...] = ()


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """Lines in a row; `folded` for unchanged ones that are shown only when asked for.

    Attributes:
        lines: in order.
        folded: whether they are hidden at first.
        blocks: the blocks of hubq that lie in folded lines.
    """

    lines: tuple[Line, ...]
    folded: bool = False
    blocks: tuple[str, ...] = ()


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a text: its stretches, and how many lines came and went."""

    stretches: tuple[Stretch, ...]
    added: int
    removed: int

    @property
    def same(self) -> bool:
        """Whether the texts are equal."""
        return not self.added and not self.removed


def compare(old: str, new: str) -> Comparison:
    """Compare two texts."""
    lines = tuple(_lines(old.splitlines(), new.splitlines()))
    if old != new and all(line.kind == "same" for line in lines):
        # Line ends alone differ; a comparison that shows nothing would be taken for "equal".
        lines = tuple(_lines(old.splitlines(keepends=True), new.splitlines(keepends=True)))
    return Comparison(
        stretches=tuple(_stretches(lines)),
        added=sum(line.kind in ("added", "changed") for line in lines),
        removed=sum(line.kind in ("removed", "changed") for line in lines),
    )


def _lines(old: list[str], new: list[str]) -> Iterator[Line]:
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for tag, a, a_end, b, b_end in matcher.get_opcodes():
        if tag == "equal":
            for offset in range(a_end - a):
                pieces = (Piece(text=_visible(old[a + offset])),)
                yield Line(
                    kind="same",
                    old_number=a + offset + 1,
                    new_number=b + offset + 1,
                    old=pieces,
                    new=pieces,
                )
        else:
            yield from _replaced(old[a:a_end], new[b:b_end], a + 1, b + 1)


def _replaced(old: list[str], new: list[str], at: int, to: int) -> Iterator[Line]:
    """Yield lines that stand for others: those alike beside each other, the rest alone."""
    begun = 0
    for index, line in enumerate(old):
        partner = _partner(line, new, begun)
        if partner is None:
            yield Line(kind="removed", old_number=at + index, old=(_whole(line),))
            continue
        for other in range(begun, partner):
            yield Line(kind="added", new_number=to + other, new=(_whole(new[other]),))
        before, after = _pieces(line, new[partner])
        yield Line(
            kind="changed",
            old_number=at + index,
            new_number=to + partner,
            old=before,
            new=after,
        )
        begun = partner + 1
    for other in range(begun, len(new)):
        yield Line(kind="added", new_number=to + other, new=(_whole(new[other]),))


def _partner(line: str, others: list[str], begun: int) -> int | None:
    """Return which of the next lines is most like this one; none where all are unlike."""
    best, found = _ALIKE, None
    for index in range(begun, min(len(others), begun + 12)):
        matcher = difflib.SequenceMatcher(None, line, others[index], autojunk=False)
        if matcher.real_quick_ratio() <= best or matcher.quick_ratio() <= best:
            continue
        ratio = matcher.ratio()
        if ratio > best:
            best, found = ratio, index
    return found


def _pieces(old: str, new: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Return two lines in pieces, word by word."""
    words, others = _WORD.findall(_visible(old)), _WORD.findall(_visible(new))
    before: list[Piece] = []
    after: list[Piece] = []
    matcher = difflib.SequenceMatcher(None, words, others, autojunk=False)
    for tag, a, a_end, b, b_end in matcher.get_opcodes():
        changed = tag != "equal"
        for side, text in ((before, "".join(words[a:a_end])), (after, "".join(others[b:b_end]))):
            if text:
                side.append(Piece(text=text, changed=changed))
    return tuple(before), tuple(after)


def _whole(line: str) -> Piece:
    return Piece(text=_visible(line))


def _visible(line: str) -> str:
    """Return a line with its line end, where it was kept, as a sign."""
    return line.replace("\r\n", "␍␊").replace("\r", "␍").replace("\n", "␊")


def _stretches(lines: tuple[Line, ...]) -> Iterator[Stretch]:
    """Yield the lines with long unchanged stretches folded."""
    near: set[int] = set()
    for index, line in enumerate(lines):
        if line.kind != "same":
            near.update(range(index - _AROUND, index + _AROUND + 1))
    begun = 0
    while begun < len(lines):
        shown, end = begun in near, begun
        while end < len(lines) and (end in near) == shown:
            end += 1
        part = lines[begun:end]
        yield Stretch(lines=part, folded=not shown, blocks=() if shown else _blocks(part))
        begun = end


def _blocks(lines: tuple[Line, ...]) -> tuple[str, ...]:
    """Return the blocks that begin and end in these lines."""
    text = "\n".join(line.new[0].text for line in lines if line.new)
    ended = set(_BLOCK_END.findall(text))
    return tuple(name for name in _BLOCK.findall(text) if name in ended)

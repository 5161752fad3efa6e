"""Merging: a card rendered anew put into the README that people may have edited meanwhile.

Blocks that nobody edited are replaced; everything else in the README stays as it is, character for
character. A block edited by hand wins over the one rendered, and a block that a person removed
stays away until somebody writes its two markers again, with nothing between them.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping

import msgspec

from hubq.markdown.blocks import Block, find_blocks, opening

_NEWLINE = re.compile(r"\r\n|\r|\n")
_TITLE = re.compile(r"^# ", re.MULTILINE)
_BLANK = "\ufeff \t\r\n"


class Conflict(msgspec.Struct, frozen=True, kw_only=True):
    """A block that somebody edited by hand, and that was left as it is.

    Attributes:
        block: its name.
        line: of its opening marker in the README as merged, counted from 1.
        reason: what hubq would have done with it.
        diff: from the text as it stands to the one rendered, as a unified diff.
    """

    block: str
    line: int
    reason: str
    diff: str


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """A README merged with a card.

    Attributes:
        text: the README.
        offered: the same with the blocks edited by hand as they were rendered.
        conflicts: the blocks edited by hand.
        updated: the blocks that were replaced.
        inserted: the blocks that are new.
        dropped: the blocks that are no longer rendered.
        removed: the blocks that a person removed, and that stay away.
    """

    text: str
    offered: str
    conflicts: tuple[Conflict, ...] = ()
    updated: tuple[str, ...] = ()
    inserted: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class _Edit(msgspec.Struct, frozen=True, kw_only=True):
    """Characters of the README replaced by others; `offered` edits are no more than proposed."""

    start: int
    end: int
    text: str
    offered: bool = False


def merge(existing: str, rendered: str, known: Mapping[str, str] = {}) -> Merged:
    """Put the blocks of a rendered card into a README; both without their front matter.

    Args:
        existing: the README as it is published.
        rendered: the card as it was rendered, its markers sealed.
        known: block -> SHA-256 of its text in the card that was published last; a block that is
            here and not in the README was removed by a person.

    Raises:
        BrokenMarkers: the markers of the README, or of the card, do not stand in pairs.
    """
    return _Merge(existing, rendered, known).merged()


def unified(before: str, after: str, name: str = "README.md") -> str:
    """Return the unified diff of two texts; empty where they are the same."""
    lines = difflib.unified_diff(
        _NEWLINE.sub("\n", before).splitlines(keepends=True),
        _NEWLINE.sub("\n", after).splitlines(keepends=True),
        f"a/{name}",
        f"b/{name}",
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


class _Merge:
    """One merge: works out the edits, then makes them."""

    def __init__(self, existing: str, rendered: str, known: Mapping[str, str]) -> None:
        self.existing, self.rendered, self.known = existing, rendered, known
        self.there = {block.name: block for block in find_blocks(existing)}
        self.new = {block.name: block for block in find_blocks(rendered)}
        self.newline = _newline_of(existing)
        self.edits: list[_Edit] = []
        self.clashes: list[tuple[Block, str]] = []
        self.updated: list[str] = []
        self.dropped: list[str] = []
        self.inserted: list[str] = []
        self.removed: list[str] = []

    def merged(self) -> Merged:
        """Work out everything and return it."""
        for block in self.there.values():
            if block.name in self.new:
                self._renew(block, self.new[block.name])
            else:
                self._drop(block)
        self._insert()
        return Merged(
            text=self._edited(offered=False),
            offered=self._edited(offered=True),
            conflicts=tuple(self._conflicts()),
            updated=tuple(self.updated),
            inserted=tuple(self.inserted),
            dropped=tuple(self.dropped),
            removed=tuple(self.removed),
        )

    def _renew(self, old: Block, new: Block) -> None:
        written = old.is_as_written(self.known.get(old.name, ""))
        same = old.hash == new.hash
        if same and written and old.seal:
            return
        raw = self.existing[old.start : old.end]
        text = _NEWLINE.sub(_newline_of(raw), self._raw(new))
        agreed = written or same or old.is_blank
        self.edits.append(_Edit(start=old.start, end=old.end, text=text, offered=not agreed))
        if agreed:
            self.updated.append(old.name)
        else:
            self.clashes.append((old, "edited by hand"))

    def _drop(self, block: Block) -> None:
        after = _NEWLINE.match(self.existing, block.end)
        written = block.is_as_written(self.known.get(block.name, ""))
        end = after.end() if after else block.end
        self.edits.append(_Edit(start=block.start, end=end, text="", offered=not written))
        if written:
            self.dropped.append(block.name)
        else:
            self.clashes.append((block, "edited by hand, and no longer on the card"))

    def _insert(self) -> None:
        """Insert the blocks never seen before, each after the one that it follows on the card."""
        appended: list[str] = []
        anchor: Block | None = None
        place = 0
        for name, between, block in self._sequence():
            if name in self.there:
                anchor = self.there[name]
                place = anchor.end
            elif name in self.known:
                self.removed.append(name)
            elif anchor is None:
                appended.append(between + self._raw(block))
                self.inserted.append(name)
            else:
                place = self._insert_after(place, between, block)
                self.inserted.append(name)
        if appended:
            self._append(appended)

    def _insert_after(self, place: int, between: str, block: Block) -> int:
        """Insert a block with the text before it, or behind that text where it stands already."""
        lead = _NEWLINE.sub(self.newline, between)
        heading = lead.rstrip()
        end = place + len(heading)
        is_there = self.existing.startswith(heading, place) and self.existing[end : end + 1] in (
            "",
            "\r",
            "\n",
        )
        if heading.strip() and is_there:
            place, lead = end, 2 * self.newline
        text = lead + _NEWLINE.sub(self.newline, self._raw(block))
        self.edits.append(_Edit(start=place, end=place, text=text))
        return place

    def _append(self, pieces: list[str]) -> None:
        """Put blocks after the README's text; the card's title becomes a section there."""
        text = "".join(pieces).lstrip("\r\n")
        if not self.there:
            text += self.rendered[list(self.new.values())[-1].end :].rstrip()
        if self.existing.strip(_BLANK):
            text = _TITLE.sub("## ", text, count=1) if text.startswith("# ") else text
        text = _NEWLINE.sub(self.newline, f"{text}\n")
        end = len(self.existing)
        self.edits.append(_Edit(start=end, end=end, text=self._gap() + text))

    def _gap(self) -> str:
        """Return what makes an empty line at the README's end."""
        if not self.existing.strip(_BLANK):
            return ""
        tail = self.existing[len(self.existing.rstrip("\r\n")) :]
        return self.newline * max(0, 2 - len(_NEWLINE.findall(tail)))

    def _sequence(self) -> Iterator[tuple[str, str, Block]]:
        """Yield each rendered block with its name and the text between the last one and it."""
        last = 0
        for name, block in self.new.items():
            yield name, self.rendered[last : block.start], block
            last = block.end

    def _raw(self, block: Block) -> str:
        """Return a rendered block with its markers, sealed."""
        raw = self.rendered[block.start : block.end]
        _, _, rest = raw.partition("-->")
        return opening(block.name, block.hash) + rest

    def _edited(self, *, offered: bool) -> str:
        edits = [edit for edit in self.edits if offered or not edit.offered]
        parts, last = [], 0
        for edit in sorted(edits, key=lambda one: (one.start, one.end)):
            parts += [self.existing[last : edit.start], edit.text]
            last = edit.end
        return "".join([*parts, self.existing[last:]])

    def _conflicts(self) -> Iterator[Conflict]:
        now = {block.name: block for block in find_blocks(self._edited(offered=False))}
        for block, reason in self.clashes:
            new = self.new[block.name].text if block.name in self.new else ""
            yield Conflict(
                block=block.name,
                line=now[block.name].line,
                reason=reason,
                diff=unified(block.text, new, block.name),
            )


def _newline_of(text: str) -> str:
    """Return the first line end of a text, a line feed where it has none."""
    found = _NEWLINE.search(text)
    return found[0] if found else "\n"

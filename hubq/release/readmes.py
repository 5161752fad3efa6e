"""READMEs: what is published where a repo has one already, so that people's text survives."""

from __future__ import annotations

from typing import Any

import msgspec

from hubq.errors import Refused
from hubq.hub.publication.plan import Merged
from hubq.markdown import frontmatter
from hubq.markdown.blocks import BrokenMarkers, find_blocks
from hubq.markdown.header import Uneditable
from hubq.markdown.merging import Conflict, merge, unified
from hubq.markdown.merging import Merged as MergedText
from hubq.markdown.ownership import KeptKey, own
from hubq.model.card import CARD_FILE


class Readme(msgspec.Struct, frozen=True, kw_only=True):
    """The README that is to be published.

    Attributes:
        content: its bytes.
        merged: what became of the blocks; none where there was no README to merge with.
        keys: what became of the front matter's keys: changed ones.
        kept: keys of the front matter that stay as a person wrote them.
        patch: what would make it the card as rendered, blocks edited by hand and all; empty where
            nothing was edited.
    """

    content: bytes
    merged: MergedText | None = None
    keys: tuple[str, ...] = ()
    kept: tuple[KeptKey, ...] = ()
    patch: str = ""

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """The blocks edited by hand, which were left as they are."""
        return self.merged.conflicts if self.merged else ()

    def facts(self) -> dict[str, Any]:
        """Return what a push remembers of it."""
        if self.merged is None:
            return {"merged": False}
        return {
            "merged": True,
            "edited": {one.block: one.reason for one in self.conflicts},
            "removed": list(self.merged.removed),
            "inserted": list(self.merged.inserted),
            "dropped": list(self.merged.dropped),
            "updated": list(self.merged.updated),
            "keys": {one.key: one.reason for one in self.kept},
        }

    def remarks(self) -> list[str]:
        """Return what a person should know, one line each."""
        found = [
            f"{CARD_FILE} line {one.line}: block {one.block} is left: {one.reason}"
            for one in self.conflicts
        ]
        if self.merged and self.merged.removed:
            found.append(f"{CARD_FILE}: stay removed: {', '.join(self.merged.removed)}")
        found += [f"{CARD_FILE}: {one.key} is left: {one.reason}" for one in self.kept]
        return found


def merged_for(repo: str, existing: bytes, evidence: bytes, rendered: bytes) -> Merged:
    """Return what a repo's README becomes when a card is put into it.

    Args:
        repo: whose README it is.
        existing: the README there.
        evidence: the `hubq.json` there; an empty object for none.
        rendered: the card as it was rendered.

    Raises:
        Refused: the README there cannot be edited safely.
    """
    try:
        merged = merge_readme(existing, rendered, evidence)
    except (BrokenMarkers, Uneditable) as error:
        raise Refused(f"{repo}: {CARD_FILE}: {error.message}", remedy=error.remedy) from None
    return Merged(
        content=merged.content,
        facts=merged.facts(),
        remarks=tuple(merged.remarks()),
        patch=merged.patch,
    )


def merge_readme(existing: bytes, rendered: bytes, evidence: bytes = b"{}") -> Readme:
    """Put a rendered card into a README: its blocks and its keys, and nothing else.

    Args:
        existing: the README as it is published.
        rendered: the card as it was rendered.
        evidence: the `hubq.json` that was published with the README, which says what the card held
            then; an empty object where there is none.

    Raises:
        BrokenMarkers: the README's markers do not stand in pairs.
        Uneditable: its front matter cannot be edited safely.
    """
    text, card = _text(existing), _text(rendered)
    find_blocks(text)
    blocks, front = _known(evidence)
    owned = own(text, frontmatter.parse(card).data, front)
    body = frontmatter.parse(owned.text).body
    head = owned.text.removesuffix(body)
    merged = merge(body, frontmatter.parse(card).body, blocks)
    lines = head.count("\n")
    merged = msgspec.structs.replace(
        merged,
        conflicts=tuple(
            msgspec.structs.replace(one, line=one.line + lines) for one in merged.conflicts
        ),
    )
    return Readme(
        content=_bytes(head + merged.text),
        merged=merged,
        keys=owned.changed,
        kept=owned.kept,
        patch=unified(head + merged.text, head + merged.offered),
    )


def _known(evidence: bytes) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the blocks and the front matter of the card that was published last."""
    try:
        found = msgspec.json.decode(evidence)
    except msgspec.DecodeError:
        return {}, {}
    document = found if isinstance(found, dict) else {}
    blocks, front = document.get("blocks"), document.get("metadata")
    return (
        {str(name): str(sha) for name, sha in blocks.items()} if isinstance(blocks, dict) else {},
        front if isinstance(front, dict) else {},
    )


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")

"""Arithmetic: every number of a card's tables that follows from others in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hubq.audit.differences import differences
from hubq.audit.document import Document
from hubq.audit.held import Held, Kind
from hubq.audit.kept import kept
from hubq.audit.means import means
from hubq.audit.ratios import asides, ratios, reductions
from hubq.audit.rule import finding
from hubq.audit.subject import Subject
from hubq.cards.published.sheets import Block, Sheet
from hubq.model.finding import Finding

_READERS: tuple[Callable[[Sheet, Block], Iterator[Held]], ...] = (
    means,
    differences,
    ratios,
    reductions,
    asides,
)


#: A block with more derived names times cells than this is no table that people read.
_MOST = 2_000_000


@kept
def held(document: Document) -> tuple[Held, ...]:
    """Return every number of a card's tables that was worked out again, in the card's order."""
    found = [
        one
        for sheet in document.sheets
        for block in sheet.blocks
        if _readable(block)
        for read in _READERS
        for one in read(sheet, block)
    ]
    return tuple(sorted(found, key=lambda one: one.at))


@kept
def _disagreeing(document: Document) -> tuple[Held, ...]:
    return tuple(one for one in held(document) if not one.agrees)


def _readable(block: Block) -> bool:
    derived = 1 + sum(role != "score" for role in block.roles.values())
    return derived * len(block.cells) <= _MOST


def wrong(subject: Subject, rule: str, kind: Kind, word: str) -> Iterator[Finding]:
    """Yield a finding for each printed number of a kind that its cells do not give.

    Args:
        subject: whose card.
        rule: the id.
        kind: of numbers.
        word: what to call one: `average`.
    """
    for one in _disagreeing(subject.document):
        if one.kind == kind:
            yield finding(
                subject,
                rule,
                f"{one.where}: the {word} printed as {one.shown} is not {one.how}: "
                f"that is {one.right_text}",
                severity=one.severity,
                at=one.at,
                said=one.shown,
                remedy=f"Print {one.right_text}, or mend the cells that it is over.",
                part=one.where,
            )

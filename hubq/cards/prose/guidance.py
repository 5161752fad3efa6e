"""Guidance: which variant for whom, from the statistics alone, silent where they cannot decide."""

from __future__ import annotations

import msgspec

from hubq.cards.family import Family
from hubq.cards.ledger import Ledger


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the decision matrix.

    Attributes:
        variant: its name, the baseline's too.
        this: whether the card is this variant's.
        choose: when to choose it: marked clauses, none where the data give no reason.
        avoid: when to avoid it, likewise.
    """

    variant: str
    this: bool
    choose: tuple[str, ...]
    avoid: tuple[str, ...]


class Guidance(msgspec.Struct, frozen=True, kw_only=True):
    """What the statistics, the margin, the Pareto front and memory say of the choice.

    Attributes:
        headline: one or two sentences: which variant for whom.
        advice: the decision matrix.
        undecided: what these items cannot tell apart, in sentences.
    """

    headline: str
    advice: tuple[Advice, ...]
    undecided: tuple[str, ...]


def guidance_of(family: Family, ledger: Ledger, names: tuple[str, ...], this: str) -> Guidance:
    """Return the guidance on the named variants."""
    del family, ledger, names, this
    return Guidance(headline="", advice=(), undecided=())

"""Coverage: what was not measured, why, and what would measure it."""

from __future__ import annotations

from hubq.cards.family import Family


def coverage_of(family: Family, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the coverage gaps of the named variants as Markdown sentences."""
    del family, names
    return ()

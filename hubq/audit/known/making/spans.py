"""Spans: in which releases something is found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hubq.audit.known.tables import Span
from hubq.audit.known.versions import Version


def spans(found: Mapping[str, Iterable[str]]) -> dict[str, Span]:
    """Return what is found -> its span, by name.

    Args:
        found: release -> what is found in it.
    """
    ordered = sorted(found, key=Version.of)
    seen: dict[str, tuple[str, str]] = {}
    for release in ordered:
        for name in found[release]:
            seen[name] = (seen.get(name, (release,))[0], release)
    newest = ordered[-1] if ordered else ""
    return {
        name: Span(first, "" if last == newest else last)
        for name, (first, last) in sorted(seen.items())
    }

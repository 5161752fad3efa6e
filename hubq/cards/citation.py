"""Citations: what the source's card asks to be cited, carried over as it stands."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import msgspec

from hubq.model.marks import without_signs

_ENTRY = re.compile(r"^[ \t]{0,3}@[A-Za-z]+\s*\{", re.MULTILINE)
_NOT_ENTRIES = ("comment", "string", "preamble")
_MARKER = "hubq:"
_LONGEST = 20_000
"""Characters after which an entry that is still open is taken for none."""


class License(msgspec.Struct, frozen=True, kw_only=True):
    """The source's license.

    Attributes:
        name: its own name, or the Hub's word for it; empty where the source names none.
        link: its address; empty for none.
    """

    name: str
    link: str


def license_of(card: dict[str, Any], source: str) -> License:
    """Return the license that a source's front matter names.

    Args:
        card: the front matter.
        source: the address of the source's files, which a link without a host is relative to;
            empty for a folder.
    """
    named = card.get("license_name") or card.get("license") or ""
    words = named if isinstance(named, list) else [named]
    link = str(card.get("license_link") or "")
    found = urlsplit(link)
    if link and not found.scheme and not found.netloc:
        files = source.replace("/tree/", "/blob/", 1)
        link = f"{files}/{found.path.lstrip('/')}" if source else ""
    return License(name=", ".join(str(word) for word in words), link=link)


def citation_of(readme: str) -> str:
    """Return the BibTeX entries of a README, fenced or not, each once and byte for byte.

    An entry goes from its `@type{` at the start of a line to the brace that closes it. One that is
    never closed is left out, since it is not known where it would end; so is one that holds what
    looks like a marker of hubq's own blocks.

    Args:
        readme: the whole file, front matter and all.

    Returns:
        The entries with an empty line between them; empty where there is none.
    """
    text = without_signs(readme.replace("\r\n", "\n"))
    entries: dict[str, None] = {}
    end = 0
    for found in _ENTRY.finditer(text):
        if found.start() < end:
            continue
        close = _close(text, found.end() - 1)
        entry = text[found.start() : close].strip()
        kind = entry.lstrip("@").lower()
        if close and _MARKER not in entry and not kind.startswith(_NOT_ENTRIES):
            entries[entry] = None
            end = close
    return "\n\n".join(entries)


def fenced(bibtex: str) -> str:
    """Return BibTeX as fenced code, in a fence that nothing in it can close; empty for nothing."""
    if not bibtex:
        return ""
    longest = max((len(run) for run in re.findall(r"`+", bibtex)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}bibtex\n{bibtex}\n{fence}"


def _close(text: str, start: int) -> int:
    """Return the place after the brace that closes the one at `start`; 0 where none does."""
    depth = 0
    for place in range(start, min(len(text), start + _LONGEST)):
        if text[place] == "{":
            depth += 1
        elif text[place] == "}":
            depth -= 1
            if depth == 0:
                return place + 1
    return 0

"""The list of files that hubq publishes with each variant: `SHA256SUMS`.

It has the form that `sha256sum -c` reads, so that anybody can check a download without hubq, and a
first line by which hubq knows its own list again. What is on that list, hubq may remove in a later
release; everything else in a repo belongs to somebody else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

MANIFEST = "SHA256SUMS"

_HEADER = "# The files of this release, written by hubq. Check them with: sha256sum -c SHA256SUMS"
_MARK = "written by hubq"
_LINE = re.compile(r"^([0-9a-f]{64}) [ *](.+)$")


def manifest(hashes: Mapping[str, str]) -> bytes:
    """Return the list of files, sorted by path.

    Args:
        hashes: path in the repo -> SHA-256.
    """
    lines = [f"{sha256}  {path}" for path, sha256 in sorted(hashes.items())]
    return "\n".join([_HEADER, *lines, ""]).encode()


def listed(content: bytes) -> dict[str, str]:
    """Return path -> SHA-256 of a list that hubq wrote; empty for anybody else's."""
    lines = content.decode("utf-8", errors="replace").splitlines()
    if not lines or _MARK not in lines[0]:
        return {}
    return {match[2]: match[1] for match in map(_LINE.match, lines) if match}

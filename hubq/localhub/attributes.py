"""Which files git would store outside the tree (`.gitattributes`) and which it would ignore."""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(maxsize=512)
def _regex(pattern: str) -> re.Pattern[str]:
    """Return a git pattern as a regular expression over whole paths."""
    anchored = "/" in pattern.rstrip("/")
    out = "" if anchored else "(?:.*/)?"
    rest = pattern.lstrip("/")
    while rest:
        if rest.startswith("**/"):
            out, rest = out + "(?:.*/)?", rest[3:]
        elif rest.startswith("**"):
            out, rest = out + ".*", rest[2:]
        elif rest[0] in "*?":
            out, rest = out + ("[^/]*" if rest[0] == "*" else "[^/]"), rest[1:]
        else:
            out, rest = out + re.escape(rest[0]), rest[1:]
    return re.compile(out)


def is_large(path: str, gitattributes: str) -> bool:
    """Return whether `.gitattributes` sends a path to LFS; the last line that matches decides."""
    large = False
    for line in gitattributes.splitlines():
        pattern, *settings = line.split() or [""]
        if pattern and not pattern.startswith("#") and _regex(pattern).fullmatch(path):
            for setting in settings:
                name, _, value = setting.lstrip("-!").partition("=")
                if name == "filter":
                    large = value == "lfs"
    return large


def is_ignored(path: str, gitignore: str) -> bool:
    """Return whether `.gitignore` leaves a path out; the last line that matches decides."""
    parents = ["/".join(path.split("/")[:depth]) for depth in range(1, path.count("/") + 1)]
    ignored = False
    for raw in gitignore.splitlines():
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        negated = line.startswith("!")
        pattern = line.removeprefix("!")
        candidates = parents if pattern.endswith("/") else [path, *parents]
        if any(_regex(pattern.rstrip("/")).fullmatch(candidate) for candidate in candidates):
            ignored = not negated
    return ignored

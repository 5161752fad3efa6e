"""Versions of packages, in order (PEP 440)."""

from __future__ import annotations

import re
from functools import lru_cache, total_ordering

_VERSION = re.compile(
    r"v?(?:\d{1,4}!)?(?P<release>\d{1,9}(?:\.\d{1,9}){0,7})"
    r"(?:[-_.]?(?P<pre>a|b|c|rc|alpha|beta|pre|preview)[-_.]?(?P<pre_n>\d{0,9}))?"
    r"(?:(?:-|[-_.]?(?:post|rev|r)[-_.]?)(?P<post>\d{1,9}))?"
    r"(?:[-_.]?(?P<dev>dev)[-_.]?(?P<dev_n>\d{0,9}))?"
    r"(?:\+(?P<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?",
    re.IGNORECASE,
)
_EARLY = {"alpha": "a", "beta": "b", "c": "rc", "pre": "rc", "preview": "rc"}
_LAST = ("z",)


@total_ordering
class Version:
    """A version.

    Args:
        text: as written.

    Attributes:
        text: as written.
        release: its numbers, without zeros at the end.
        numbers: all that are written: 4 and 45 and 0.
        local: what stands behind `+`: `cu118`; empty without it.
        early: whether it is a preview or made between two releases: `4.45.0.dev0`.

    Raises:
        ValueError: the text is none.
    """

    __slots__ = ("_key", "early", "local", "numbers", "release", "text")

    def __init__(self, text: str) -> None:
        found = _VERSION.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"{text!r} is no version")
        self.text = text.strip()
        numbers = [int(one) for one in found["release"].split(".")]
        self.numbers = tuple(numbers)
        while len(numbers) > 1 and not numbers[-1]:
            numbers.pop()
        self.release = tuple(numbers)
        self.local = (found["local"] or "").lower()
        self.early = bool(found["pre"] or found["dev"])
        self._key = (self.release, *_stage(found))

    @classmethod
    def of(cls, text: str) -> Version:
        """Return a version.

        Raises:
            ValueError: the text is none.
        """
        return _read(text)

    @property
    def base(self) -> Version:
        """The release it is, or leads to: `4.45.0` of `4.45.0.dev0`."""
        return _read(".".join(map(str, self.release)))

    def covers(self, other: Version) -> bool:
        """Return whether another version may be meant: `4.45` is short for any of 4.45.x."""
        width = len(self.numbers)
        return (*other.numbers, 0, 0, 0, 0)[:width] == self.numbers[: max(width, 1)]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self._key == other._key

    def __lt__(self, other: Version) -> bool:
        return self._key < other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Version({self.text!r})"


def _stage(found: re.Match[str]) -> tuple[tuple[str, ...], int, int, int]:
    """Return what orders the versions of one release: previews, itself, then what mends it."""
    pre = (found["pre"] or "").lower()
    post = int(found["post"]) + 1 if found["post"] else 0
    if pre:
        early: tuple[str, ...] = (_EARLY.get(pre, pre),)
    else:
        early = ("",) if found["dev"] and not post else _LAST
    dev = int(found["dev_n"] or 0) if found["dev"] else 1 << 40
    return early, int(found["pre_n"] or 0), post, dev


@lru_cache(maxsize=4096)
def _read(text: str) -> Version:
    return Version(text)


def readable(text: str) -> bool:
    """Return whether a text is a version."""
    return len(text) < 60 and _VERSION.fullmatch(text.strip()) is not None

"""Ownership: which keys of a front matter are hubq's, and how each meets what a person wrote.

A value that equals the one on the card published last is hubq's own and follows the new card. Any
other value is a person's. Only `base_model` and `base_model_relation` are always hubq's: they say
what the weights were made from, and only the release knows that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from hubq.markdown.header import Header

ALWAYS = ("base_model", "base_model_relation")
LICENSE = ("license", "license_name", "license_link")
TAGS, INDEX = "tags", "model-index"
SOURCE = "hubq"
"""The name of the source of hubq's own results in a model-index."""


class KeptKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that hubq would write differently, and that was left as a person wrote it.

    Attributes:
        key: the key.
        line: in the README, counted from 1; 0 where a person removed the key.
        theirs: its value; none where a person removed the key.
        ours: what the card says.
        reason: why it stays.
    """

    key: str
    line: int
    theirs: Any
    ours: Any
    reason: str = "a person wrote it"


class Owned(msgspec.Struct, frozen=True, kw_only=True):
    """A README with hubq's keys in its front matter.

    Attributes:
        text: the README.
        changed: the keys that were written, changed or removed.
        kept: the keys that stay as a person wrote them.
    """

    text: str
    changed: tuple[str, ...] = ()
    kept: tuple[KeptKey, ...] = ()


def own(readme: str, ours: Mapping[str, Any], known: Mapping[str, Any] = {}) -> Owned:
    """Write hubq's keys into a README's front matter and leave everything else as it is.

    Args:
        readme: the whole README; one without front matter gets one.
        ours: the front matter of the card.
        known: the front matter of the card that was published last; empty for none.

    Raises:
        Uneditable: the front matter cannot be edited safely.
    """
    return _Owning(Header(readme), ours, known).owned()


def is_own(entry: Any) -> bool:
    """Return whether an entry of a model-index is hubq's: all its results name hubq as source."""
    results = entry.get("results") if isinstance(entry, dict) else None
    if not isinstance(results, list) or not results:
        return False
    return all(
        isinstance(one, dict)
        and isinstance(one.get("source"), dict)
        and one["source"].get("name") == SOURCE
        for one in results
    )


class _Owning:
    """One front matter being owned, key by key."""

    def __init__(self, header: Header, ours: Mapping[str, Any], known: Mapping[str, Any]) -> None:
        self.header, self.ours, self.known = header, ours, known
        self.before = dict(header.data)
        self.changed: list[str] = []
        self.kept: list[KeptKey] = []

    def owned(self) -> Owned:
        license_is_ours = all(self._may_write(key) for key in LICENSE)
        for key in dict.fromkeys([*self.ours, *self.known]):
            if key in ALWAYS and key in self.ours:
                self._set(key)
            elif key == TAGS:
                self._tags()
            elif key == INDEX:
                self._index()
            elif self._may_write(key) and (key not in LICENSE or license_is_ours):
                self._write(key)
            else:
                self._keep(key)
        text = self.header.text()
        return Owned(text=text, changed=tuple(self.changed), kept=tuple(self.kept))

    def _may_write(self, key: str) -> bool:
        """Return whether a key holds nothing of a person's."""
        if key not in self.before or self.before[key] is None:
            return key not in self.known
        theirs = self.before[key]
        return any(_same(theirs, one[key]) for one in (self.ours, self.known) if key in one)

    def _write(self, key: str) -> None:
        if key in self.ours:
            self._set(key)
        elif key in self.before:
            self._change(key, lambda: self.header.remove(key))

    def _set(self, key: str) -> None:
        if key not in self.before or not _same(self.before[key], self.ours[key]):
            self._change(key, lambda: self.header.set(key, self.ours[key]))

    def _tags(self) -> None:
        theirs, ours = _texts(self.before.get(TAGS)), _texts(self.ours.get(TAGS))
        known = set(_texts(self.known.get(TAGS)))
        more = [tag for tag in ours if tag not in theirs and tag not in known]
        without = [at for at, tag in enumerate(theirs) if tag in known and tag not in ours]
        self._list(TAGS, without, more)

    def _index(self) -> None:
        there = self.before.get(INDEX)
        if there is not None and not isinstance(there, list):
            self._keep(INDEX, "it is no list")
            return
        entries, ours = there or [], list(self.ours.get(INDEX) or [])
        mine = [at for at, entry in enumerate(entries) if is_own(entry)]
        if [entries[at] for at in mine] == ours:
            return
        if not mine and INDEX in self.known:
            self._keep(INDEX, "a person removed it")
            return
        self._list(INDEX, mine, ours)

    def _list(self, key: str, without: list[int], more: list[Any]) -> None:
        """Take items out of a list and put others behind the rest."""
        if not without and not more:
            return
        there = self.before.get(key)
        if not isinstance(there, list) or not there:
            self._change(key, lambda: self.header.set(key, [*_texts(there), *more]))
        elif len(without) == len(there) and not more:
            self._change(key, lambda: self.header.remove(key))
        elif len(without) == len(there):
            self._change(key, lambda: self.header.set(key, more))
        elif self.header.is_flow(key) and (key == INDEX or self.header.has_comment(key)):
            self._keep(key, "it is written in brackets")
        else:
            self._change(key, lambda: self.header.change_items(key, without, more), lines=False)

    def _change(self, key: str, change: Any, *, lines: bool = True) -> None:
        """Make a change; one that would lose a comment is left to a person.

        Args:
            key: which key.
            change: makes it.
            lines: whether all lines of the key are written anew.
        """
        scalar = isinstance(self.ours.get(key), str) and key in self.before
        keeps_lines = not lines or (scalar and self.header.is_text(key))
        if key in self.before and not keeps_lines and self.header.has_comment(key):
            self._keep(key, "a comment stands in its lines")
            return
        change()
        self.changed.append(key)

    def _keep(self, key: str, reason: str = "a person wrote it") -> None:
        theirs, ours = self.before.get(key), self.ours.get(key)
        if key not in self.ours or _same(theirs, ours):
            return
        if key not in self.before:
            reason = "a person removed it" if key in self.known else "it goes with the license"
        self.kept.append(
            KeptKey(key=key, line=self.header.line(key), theirs=theirs, ours=ours, reason=reason)
        )


def _same(theirs: Any, ours: Any) -> bool:
    """Return whether two values say the same: one text, or a list with that text alone."""
    return bool(_listed(theirs) == _listed(ours))


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _texts(value: Any) -> list[str]:
    items = value if isinstance(value, list) else [] if value is None else [value]
    return [str(item) for item in items]

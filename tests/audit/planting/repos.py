"""Repos that errors are planted in: a card with marked places, and everything beside it."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import dataclass, field
from typing import Any

from hubq.audit.headers import Header
from hubq.audit.subject import Subject
from tests.audit.cases import case

_MARK = re.compile(r"⟦([\w-]+)\|(.*?)⟧", re.DOTALL)


@dataclass(frozen=True)
class Spot:
    """A marked place of a card.

    Attributes:
        label: what stands there.
        start: how many characters stand before it.
        text: what stands there now.
    """

    label: str
    start: int
    text: str


@dataclass
class Repo:
    """A repo.

    Attributes:
        id: `owner/name`; empty for a card alone.
        card: its README, without marks.
        spots: its marked places.
        texts: path -> small file, as JSON or text.
        headers: path -> header of a safetensors file.
        files: path -> size, or size and SHA-256, of every other file.
        base, siblings: its kin.
        changed: path -> when it was last committed.
    """

    id: str
    card: str
    spots: tuple[Spot, ...] = ()
    texts: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, Header] = field(default_factory=dict)
    files: dict[str, int | str] = field(default_factory=dict)
    base: Repo | None = None
    siblings: list[Repo] = field(default_factory=list)
    changed: dict[str, str] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether more than the card is there."""
        return bool(self.texts or self.headers or self.files)

    @property
    def model(self) -> str:
        """The name without its owner."""
        return self.id.rpartition("/")[2]

    def copy(self) -> Repo:
        """Return a repo that may be changed."""
        return Repo(
            id=self.id,
            card=self.card,
            spots=self.spots,
            texts=copy.deepcopy(self.texts),
            headers=dict(self.headers),
            files=dict(self.files),
            base=self.base,
            siblings=list(self.siblings),
            changed=dict(self.changed),
        )

    def subject(self, *, kin: bool = True) -> Subject:
        """Return what is audited."""
        return case(
            self.card,
            repo=self.id,
            files=self.files if self.whole else None,
            texts=self.texts if self.whole else None,
            headers=self.headers if self.whole else None,
            base=self.base.subject(kin=False) if kin and self.base else None,
            siblings=tuple(one.subject(kin=False) for one in self.siblings) if kin else (),
            changed=self.changed,
        )

    def line(self, start: int) -> int:
        """Return the line of a character of the card, from 1."""
        return self.card.count("\n", 0, start) + 1

    def lines(self, text: str) -> frozenset[int]:
        """Return every line of the card that holds a text."""
        numbered = enumerate(self.card.split("\n"), start=1)
        return frozenset(number for number, line in numbered if text in line)

    def replace(self, start: int, old: str, new: str) -> frozenset[int]:
        """Put other characters in the card; return the lines where they stand now."""
        assert self.card.startswith(old, start), old
        self.card = f"{self.card[:start]}{new}{self.card[start + len(old) :]}"
        first = self.line(start)
        return frozenset(range(first, first + new.count("\n") + 1))

    def insert(self, number: int, text: str) -> frozenset[int]:
        """Put lines in the card before a line; return where they stand now."""
        lines = self.card.split("\n")
        added = text.split("\n")
        self.card = "\n".join([*lines[: number - 1], *added, *lines[number - 1 :]])
        return frozenset(range(number, number + len(added)))

    def edit_json(self, path: str, *keys: str | int, value: Any) -> frozenset[int]:
        """Set a value of a JSON file; every line of it may be named."""
        node = self.texts[path]
        for key in keys[:-1]:
            node = node[key]
        node[keys[-1]] = value
        return frozenset(range(json.dumps(self.texts[path]).count("\n") + 2))


def unmarked(text: str) -> tuple[str, tuple[Spot, ...]]:
    """Return a card without its marks, and its marked places."""
    parts: list[str] = []
    spots: list[Spot] = []
    at = length = 0
    for found in _MARK.finditer(text):
        parts.append(text[at : found.start()])
        length += found.start() - at
        spots.append(Spot(found[1], length, found[2]))
        parts.append(found[2])
        length += len(found[2])
        at = found.end()
    parts.append(text[at:])
    return "".join(parts), tuple(spots)

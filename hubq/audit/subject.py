"""Subjects: what is audited, as far as it was looked up, and what can be read from that.

Gathering (`hubq/audit/gathering.py`) asks a hub or a folder once; everything after is pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from hubq.audit.document import Document
from hubq.audit.headers import Header
from hubq.evaluate.formats.remembering import once
from hubq.verify.place import Listed, Place

CARD = "README.md"


class Gathered(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was looked up of one repo, folder or file; what a sweep's cache keeps.

    Attributes:
        name: what to call it: the repo's id, or the path that was given.
        repo: its id on a hub, `org/name`; empty where it is not known.
        commit: that was looked at; empty elsewhere than on a hub.
        url: of its page; empty elsewhere.
        card: its README; none where it has none.
        card_path: how findings call that file: `README.md`, or the path that was given.
        files: every file, by path; none where only the card is at hand.
        texts: the small files that were read, by path: `config.json`, `quantize_config.json`,
            `tokenizer_config.json`, `model.safetensors.index.json`, `hubq.json`, ...
        headers: of safetensors files, by path; only of those that were read.
        changed: path -> when it was last committed, ISO 8601; where that was looked up.
        gated: whether its files are given only to those who accept its terms; none where not known.
        gone: ids of repos that the card names, that were asked for and are not there.
        web: status that addresses of the web which the card links to were answered with, 0 where
            there is no such host; only of those that were asked for (`--web`).
        hashes: SHA-256 of files' bytes, by path; only of those that were fetched (`--deep`).
        problems: what could not be read, in words.
    """

    name: str
    repo: str = ""
    commit: str = ""
    url: str = ""
    card: str | None = None
    card_path: str = CARD
    files: dict[str, Listed] | None = None
    texts: dict[str, str] = {}
    headers: dict[str, Header] = {}
    changed: dict[str, str] = {}
    gated: bool | None = None
    gone: tuple[str, ...] = ()
    web: dict[str, int] = {}
    hashes: dict[str, str] = {}
    problems: tuple[str, ...] = ()


class Subject:
    """What is audited, with its kin, read lazily and once.

    Args:
        gathered: what was looked up of it.
        base: the model that it was made from, where that was looked up.
        siblings: other quantized repos of the same family by the same owner, where looked up: other
            versions of the same model first, then other sizes.
        place: where its files lie, for rules that fetch evidence; none to fetch nothing.

    Attributes:
        repo, commit: its id and commit; empty where not known.
        owner, model: the two parts of the id.
    """

    def __init__(
        self,
        gathered: Gathered,
        *,
        base: Subject | None = None,
        siblings: tuple[Subject, ...] = (),
        place: Place | None = None,
    ) -> None:
        self.gathered = gathered
        self.base, self.siblings, self.place = base, siblings, place
        self.repo, self.commit = gathered.repo, gathered.commit
        self.owner, _, self.model = gathered.repo.rpartition("/")
        self._json: dict[str, dict[str, Any] | None] = {}

    def __repr__(self) -> str:
        return f"Subject({self.gathered.name!r})"

    @property
    def name(self) -> str:
        """What to call it."""
        return self.gathered.name

    @property
    def files(self) -> Mapping[str, Listed]:
        """Its files; empty where they are not known (`has_files`)."""
        return self.gathered.files or {}

    @property
    def has_files(self) -> bool:
        """Whether its files are known."""
        return self.gathered.files is not None

    @once
    def document(self) -> Document:
        """Its README; an empty one where it has none."""
        return Document(self.gathered.card or "")

    def json(self, path: str) -> dict[str, Any] | None:
        """Return a JSON file as a mapping; none where it was not read, or is none."""
        if path not in self._json:
            self._json[path] = _mapping(self.gathered.texts.get(path))
        return self._json[path]

    @property
    def config(self) -> dict[str, Any] | None:
        """Its `config.json`; none where that was not read."""
        return self.json("config.json")


def _mapping(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None

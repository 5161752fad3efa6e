"""Sources: a model repo at a commit, or a folder."""

from __future__ import annotations

import re
from typing import Any

import msgspec

COMMIT = re.compile(r"^[0-9a-f]{40}$")


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """The model that a family is made from, pinned.

    Attributes:
        name: the last part of the repo id, or the folder's name.
        repo: the Hub id, or none for a folder.
        commit: the 40-digit commit, or none for a folder.
        endpoint: the Hub it was read from, or none for a folder.
        digest: what its bytes are: the commit, or the SHA-256 over the folder's file hashes.
        path: where the files are on this machine; never part of a key.
        config: `config.json` as it stands.
        card: the front matter of its README, empty when there is none.
        files: every file with its size in bytes.
    """

    name: str
    digest: str
    path: str
    config: dict[str, Any]
    repo: str | None = None
    commit: str | None = None
    endpoint: str | None = None
    card: dict[str, Any] = {}
    files: dict[str, int] = {}

    @property
    def model_type(self) -> str:
        """The architecture family as transformers names it."""
        return str(self.config.get("model_type", ""))

    @property
    def label(self) -> str:
        """The source as people write it: `org/name@1a2b3c4` or the folder's name."""
        return f"{self.repo}@{self.commit[:7]}" if self.repo and self.commit else self.name


def split_reference(reference: str) -> tuple[str, str | None]:
    """Split `org/name@revision` into the repo id and the revision (none when not given)."""
    repo, _, revision = reference.partition("@")
    return repo, revision or None

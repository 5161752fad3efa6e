"""The values the embedded Hub keeps on disk, as JSON."""

from __future__ import annotations

import hashlib
from typing import Any, Literal

import msgspec

Kind = Literal["model", "dataset", "space"]
KINDS: tuple[Kind, ...] = ("model", "dataset", "space")


class FileEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a commit.

    Attributes:
        blob: sha256 of the content, hexadecimal; the name of the blob on disk.
        git: git's object id, sha1: of the content, or of the pointer file where `lfs` is true.
        size: bytes of the content.
        lfs: whether git would keep only a pointer.
    """

    blob: str
    git: str
    size: int
    lfs: bool = False

    @property
    def pointer_size(self) -> int:
        """Return the bytes of the LFS pointer that stands for the content."""
        return len(lfs_pointer(self.blob, self.size))

    @property
    def etag(self) -> str:
        """Return what the Hub sends as ETag: the sha256 of an LFS file, else git's id."""
        return self.blob if self.lfs else self.git


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """A whole tree with its history: what every path was at one moment.

    Attributes:
        parents: ids of the commits before it, first the one it was made on.
        title: first line of the message.
        message: the rest of the message.
        date: ISO 8601, UTC, with microseconds.
    """

    files: dict[str, FileEntry]
    parents: tuple[str, ...]
    author: str
    title: str
    message: str
    date: str

    @property
    def id(self) -> str:
        """Return the commit's id: sha1 of its canonical JSON, 40 hexadecimal digits."""
        return hashlib.sha1(self.encoded(), usedforsecurity=False).hexdigest()

    def encoded(self) -> bytes:
        """Return the canonical JSON that the id is computed from."""
        return msgspec.json.encode(self, order="deterministic")


class RepoRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about a repo besides its files.

    Attributes:
        gated: `auto`, `manual`, or an empty string for a repo that anybody may download.
        granted: users that were given access to a gated repo.
        sdk: the SDK of a space, empty otherwise.
    """

    id: str
    kind: Kind
    author: str
    created: str
    private: bool = False
    gated: Literal["", "auto", "manual"] = ""
    granted: tuple[str, ...] = ()
    sdk: str = ""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened in a discussion; `data` has the shape the client reads."""

    id: str
    type: Literal["comment", "status-change", "commit", "title-change"]
    author: str
    date: str
    data: dict[str, Any]


class Discussion(msgspec.Struct, frozen=True, kw_only=True):
    """A discussion or pull request of one repo.

    Attributes:
        base: branch that a pull request goes into, empty for a plain discussion.
        base_commit: head of that branch when the pull request was opened.
        merge_commit: commit on the base branch that merged it, empty before.
    """

    num: int
    title: str
    author: str
    date: str
    status: Literal["open", "closed", "merged", "draft"]
    pull_request: bool
    base: str = ""
    base_commit: str = ""
    merge_commit: str = ""
    events: tuple[Event, ...] = ()


class CollectionItem(msgspec.Struct, frozen=True, kw_only=True):
    """A repo listed in a collection, with the owner's note."""

    key: str
    id: str
    type: str
    note: str = ""


class Collection(msgspec.Struct, frozen=True, kw_only=True):
    """A titled list of repos; the slug ends in 24 hexadecimal digits."""

    slug: str
    title: str
    namespace: str
    description: str = ""
    private: bool = False
    theme: str = "blue"
    position: int = 0
    updated: str
    items: tuple[CollectionItem, ...] = ()


def lfs_pointer(sha256: str, size: int) -> bytes:
    """Return the pointer file that git keeps in place of a large file (git-lfs specification)."""
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n"
    return text.encode()


def git_oid(content: bytes) -> str:
    """Return git's object id of a blob: sha1 over `blob <size>` NUL and the content."""
    header = b"blob %d\x00" % len(content)
    return hashlib.sha1(header + content, usedforsecurity=False).hexdigest()

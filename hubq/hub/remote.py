"""What a hub says of its repos besides files: history, branches, pull requests, collections."""

from __future__ import annotations

import msgspec


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """A commit in a branch's history.

    Attributes:
        title: the first line of its message; message: the rest.
        authors: names of users.
        date: ISO 8601.
    """

    commit: str
    title: str
    message: str = ""
    authors: tuple[str, ...] = ()
    date: str = ""


class Refs(msgspec.Struct, frozen=True, kw_only=True):
    """Where a repo's branches and tags stand: name -> commit."""

    branches: dict[str, str]
    tags: dict[str, str] = {}


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A model repo as a listing shows it.

    Attributes:
        repo: its id.
        commit: that its main branch stands at; empty where the hub does not say.
    """

    repo: str
    commit: str = ""


class PullRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A pull request that is open.

    Attributes:
        num: its number in the repo.
        ref: the branch its commits are on: `refs/pr/1`.
        url: its page.
    """

    num: int
    title: str
    author: str
    ref: str
    url: str


class CollectionItem(msgspec.Struct, frozen=True, kw_only=True):
    """A repo in a collection.

    Attributes:
        key: the hub's name of the entry.
        repo: the repo's id.
        note: what stands beside it, at most 500 characters.
    """

    key: str
    repo: str
    note: str = ""


class Collection(msgspec.Struct, frozen=True, kw_only=True):
    """A collection of repos.

    Attributes:
        slug: `namespace/title-<24 hex digits>`.
        items: in order.
        description: at most 150 characters.
        url: its page.
    """

    slug: str
    title: str
    items: tuple[CollectionItem, ...] = ()
    description: str = ""
    private: bool = False
    url: str = ""

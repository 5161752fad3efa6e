"""Differences: what people did to a repo between two of its commits, said in a few lines."""

from __future__ import annotations

from collections.abc import Mapping

from hubq.errors import BadInput
from hubq.hub.port import Hub, RemoteFile
from hubq.hub.remote import Past
from hubq.units import human_size

_FILES = 8
_COMMITS = 5


def difference(hub: Hub, repo: str, before: str | None, now: str) -> list[str]:
    """Return what is different in a repo, for people: its files, then the commits in between.

    Args:
        hub: where.
        repo: which repo.
        before: the commit that was planned from; none where there was no repo.
        now: the commit, or the branch, that is there instead.
    """
    was = _files(hub, repo, before) if before else {}
    there = _files(hub, repo, now)
    if was is None or there is None:
        return [f"{repo}: one of the two commits is gone"]
    changes = [
        *(f"- {path}" for path in sorted(was.keys() - there.keys())),
        *(f"+ {path}  {_size(there[path])}" for path in sorted(there.keys() - was.keys())),
        *(_changed(path, was[path], there[path]) for path in _both(was, there)),
    ]
    return [*_first(changes, _FILES, "files"), *_commits(hub.history(repo, now), before)]


def moment(date: str) -> str:
    """Return a hub's date and time (ISO 8601, UTC) as people read it: `2026-11-21 21:14 UTC`."""
    day, mark, time = date.partition("T")
    return f"{day} {time[:5]} UTC" if mark else date


def _files(hub: Hub, repo: str, revision: str) -> dict[str, RemoteFile] | None:
    try:
        return hub.tree(repo, revision)
    except BadInput:
        return None


def _both(was: Mapping[str, RemoteFile], there: Mapping[str, RemoteFile]) -> list[str]:
    return sorted(path for path in was.keys() & there.keys() if was[path].oid != there[path].oid)


def _changed(path: str, was: RemoteFile, there: RemoteFile) -> str:
    if was.size == there.size:
        return f"~ {path}  {_size(there)}, other bytes"
    return f"~ {path}  {_size(was)}, now {_size(there)}"


def _commits(history: tuple[Past, ...], before: str | None) -> list[str]:
    ids = [one.commit for one in history]
    if before and before not in ids:
        return ["its history was rewritten: the commit that was planned from is not in it"]
    since = history[: ids.index(before)] if before else history
    return _first([_said(one) for one in since], _COMMITS, "commits")


def _said(one: Past) -> str:
    who = ", ".join(one.authors) or "somebody"
    when = f", {moment(one.date)}" if one.date else ""
    return f"{one.commit[:7]} {one.title} ({who}{when})"


def _first(lines: list[str], most: int, what: str) -> list[str]:
    more = len(lines) - most
    return [*lines[:most], f"and {more} more {what}"] if more > 0 else lines


def _size(file: RemoteFile) -> str:
    return human_size(file.size)

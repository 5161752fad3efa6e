"""What has arrived of files that are sent in parts, remembered so that a killed run goes on there.

One JSON file that only its owner may read, since an address in it carries its own permission; it
never holds a token. Addresses on the hub's own origin are kept without it: an embedded Hub has
another port after each start.
"""

from __future__ import annotations

import os
import tempfile
import threading
from pathlib import Path

import msgspec

_VERSION = 1


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """Where one content goes, as the hub said.

    Attributes:
        size: of the content, in bytes.
        chunk: bytes of every part but the last; the whole size where it goes in one.
        parts: number, from 1 -> address.
        complete: where to say that all parts are there; empty where it goes in one.
        verify: where to have it looked at; empty where the hub does not ask for it.
        headers: sent along with the content.
    """

    size: int
    chunk: int
    parts: dict[int, str]
    complete: str = ""
    verify: str = ""
    headers: dict[str, str] = {}


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """A route, and what has arrived.

    Attributes:
        etags: number of a part -> what the hub called it.
    """

    route: Route
    etags: dict[int, str] = {}


class _Book(msgspec.Struct, frozen=True, kw_only=True):
    version: int = _VERSION
    contents: dict[str, Progress] = {}


class Notes:
    """The file, or nothing but memory when there is none; safe from several threads.

    Args:
        path: the file; none to remember nothing. One that cannot be read counts as empty.
        endpoint: the hub's address.
    """

    def __init__(self, path: Path | None, endpoint: str) -> None:
        self._path = path
        self._endpoint = endpoint
        self._lock = threading.Lock()
        self._contents = self._load()

    def get(self, repo: str, oid: str, size: int) -> Progress | None:
        """Return what is known of a content on its way to a repo."""
        with self._lock:
            found = self._contents.get(_key(repo, oid))
        return found if found is not None and found.route.size == size else None

    def begin(self, repo: str, oid: str, route: Route) -> None:
        """Remember a content's addresses, with no part sent."""
        with self._lock:
            self._contents[_key(repo, oid)] = Progress(route=route)
            self._save()

    def arrived(self, repo: str, oid: str, part: int, etag: str) -> None:
        """Remember that a part has arrived."""
        with self._lock:
            known = self._contents[_key(repo, oid)]
            etags = {**known.etags, part: etag}
            self._contents[_key(repo, oid)] = Progress(route=known.route, etags=etags)
            self._save()

    def drop(self, repo: str, oid: str) -> None:
        """Forget a content; the file goes with the last one."""
        with self._lock:
            if self._contents.pop(_key(repo, oid), None) is not None:
                self._save()

    def _load(self) -> dict[str, Progress]:
        if self._path is None:
            return {}
        try:
            book = msgspec.json.decode(self._path.read_bytes(), type=_Book)
        except (OSError, msgspec.DecodeError):
            return {}
        if book.version != _VERSION:
            return {}
        return {key: _moved(value, "", self._endpoint) for key, value in book.contents.items()}

    def _save(self) -> None:
        if self._path is None:
            return
        if not self._contents:
            self._path.unlink(missing_ok=True)
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        kept = {key: _moved(value, self._endpoint, "") for key, value in self._contents.items()}
        handle, name = tempfile.mkstemp(prefix=".part-", dir=self._path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode(_Book(contents=kept)))
        Path(name).replace(self._path)


def _key(repo: str, oid: str) -> str:
    return f"{repo} {oid}"


def _moved(progress: Progress, before: str, now: str) -> Progress:
    """Return the same with `before` at the start of the hub's own addresses replaced by `now`."""

    def move(address: str) -> str:
        own = address.startswith(f"{before}/")
        return now + address.removeprefix(before) if own else address

    route = progress.route
    moved = msgspec.structs.replace(
        route,
        parts={number: move(address) for number, address in route.parts.items()},
        complete=move(route.complete),
        verify=move(route.verify),
    )
    return Progress(route=moved, etags=progress.etags)

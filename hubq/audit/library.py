"""The library: repos as they were looked up, each once a process and each commit once at all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

import msgspec

from hubq.audit.cache import Cache
from hubq.audit.gathering import gather_repo
from hubq.audit.subject import Gathered
from hubq.errors import BadInput
from hubq.hub.port import MAIN, Hub
from hubq.hub.remote import Entry

T = TypeVar("T")


class Library:
    """Looks repos up.

    Args:
        hub: that is asked; none to answer from the cache alone.
        cache: what was looked up before.
    """

    def __init__(self, hub: Hub | None, cache: Cache) -> None:
        self.hub, self.cache = hub, cache
        self._lock = threading.Lock()
        self._locks: dict[object, threading.Lock] = {}
        self._known: dict[object, object] = {}

    def repo(
        self, repo: str, revision: str = "", *, commit: str = "", kin: bool = False
    ) -> Gathered:
        """Return what is known of a repo, looked up where it is not.

        Args:
            repo: its id.
            revision: a branch, tag or commit; the main branch without one.
            commit: that it is known to stand at, so that nobody has to be asked; empty if not.
            kin: whether less will do, since it is looked at beside another.

        Raises:
            BadInput: there is no such repo or revision, or no access; or, without a hub, it was not
                looked up before.
            HubProblem: the hub does not answer.
        """
        wanted = revision or MAIN
        at = commit or (self.cache.head(repo, wanted) if self.hub is None else "")
        found = self.cache.find(repo, at, kin=kin) if at else None
        if found is not None:
            return self._addressed(found)
        if self.hub is None:
            raise BadInput(
                f"{repo}: was not looked up before", remedy="Leave --offline out to ask the Hub."
            )
        info = self.hub.info(repo, wanted)
        found = self.cache.find(repo, info.commit, kin=kin)
        if found is None:
            found = gather_repo(self.hub, info, kin=kin)
        self.cache.keep(found, wanted, kin=kin and not found.headers)
        return self._addressed(found)

    def kin(self, repo: str) -> Gathered | None:
        """Return what is known of a repo beside which another is looked at; none for none.

        Asked for once; a repo that is not there, or hidden, is none.

        Raises:
            HubProblem: the hub does not answer.
        """

        def look() -> Gathered | None:
            try:
                return self.repo(repo, kin=True)
            except BadInput:
                return None

        return self._once(("kin", repo), look)

    def gone(self, repo: str) -> bool:
        """Say whether a repo was asked for and is not there, for all that this token may see.

        Raises:
            HubProblem: the hub does not answer.
        """
        hub = self.hub
        if hub is None:
            return False

        def look() -> bool:
            try:
                return hub.head(repo) is None
            except BadInput:
                return False

        return self._once(("gone", repo), look)

    def models(self, author: str = "", search: str = "", limit: int = 0) -> tuple[Entry, ...]:
        """Return an owner's repos whose ids hold all words; at most `limit`, 0 for all.

        Asked once; of an owner whose repos were all listed, nothing is asked.

        Raises:
            BadInput: no hub may be asked.
            HubProblem: the hub does not answer.
        """
        hub = self.hub
        if hub is None:
            raise BadInput(
                f"{' '.join(filter(None, (author, search)))}: only the Hub knows what that is",
                remedy="Leave --offline out, or name repos.",
            )
        every = self._known.get(("models", author, "", 0))
        if author and every is not None:
            words = search.lower().split()
            return tuple(one for one in every if all(word in one.repo.lower() for word in words))  # type: ignore[attr-defined]
        return self._once(
            ("models", author, search, limit),
            lambda: hub.models(author=author, search=search, limit=limit),
        )

    def _addressed(self, found: Gathered) -> Gathered:
        """Return what is known with its page's address now: an embedded Hub's port changes."""
        url = self.hub.url(found.repo) if self.hub is not None else found.url
        return found if url == found.url else msgspec.structs.replace(found, url=url)

    def _once(self, key: object, make: Callable[[], T]) -> T:
        """Return what is made for a key, made by the first who asks."""
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._known:
                self._known[key] = make()
            return self._known[key]  # type: ignore[return-value]

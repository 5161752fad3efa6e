"""What is published: the README of a repo, asked of the release's Hub, and what became of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

import msgspec

from hubq.errors import UserError
from hubq.localhub.problems import LocalHubError
from hubq.model.card import CARD_FILE, EVIDENCE_FILE
from hubq.release.endpoint import LOCAL, Endpoint, local_storage

_FRESH_S = 60.0


class Standing(StrEnum):
    """How a card stands to what is published."""

    NEW = "new"
    UNCHANGED = "unchanged"
    CHANGED = "changed"
    EDITED = "edited by hand"
    ASKING = "asking"
    UNKNOWN = "not known"


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """A repo's README as it is published.

    Attributes:
        text: the README; none where there is no repo, or no README in it, or nobody could tell.
        evidence: the `hubq.json` beside it; an empty object where there is none.
        commit: that it was read at.
        problem: why it is not known; empty when it is.
        asking: the Hub has not answered yet.
    """

    text: str | None = None
    evidence: bytes = b"{}"
    commit: str = ""
    problem: str = ""
    asking: bool = False


class Publications:
    """The READMEs that a release's repos hold on its Hub.

    The embedded Hub's are read from its files each time. A real Hub is asked in the background and
    its answers are kept for a minute, so that no page waits for the network.

    Args:
        endpoint: an address, or `local`.
        runs_dir: where the embedded Hub's files are.
        offline: ask no Hub over the network.
        changed: called when an answer has come.
    """

    def __init__(
        self, endpoint: str, runs_dir: Path, *, offline: bool, changed: Callable[[], None]
    ) -> None:
        self.endpoint = endpoint
        self._runs_dir, self._offline, self._changed = runs_dir, offline, changed
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, Published]] = {}
        self._asked: set[str] = set()

    @property
    def name(self) -> str:
        """The Hub, in words."""
        return "the embedded Hub" if self.endpoint == LOCAL else self.endpoint

    def get(self, repo: str) -> Published:
        """Return what is known of a repo's README now."""
        if self.endpoint == LOCAL:
            return read_embedded(self._runs_dir / "hub", repo)
        if not self.endpoint:
            return Published(problem="the release names no Hub")
        if self._offline:
            return Published(problem="not asked: --offline")
        with self._lock:
            age, found = self._known.get(repo, (0.0, Published(asking=True)))
            if time.monotonic() - age > _FRESH_S and repo not in self._asked:
                self._asked.add(repo)
                threading.Thread(target=self._ask, args=(repo,), daemon=True).start()
        return found

    def _ask(self, repo: str) -> None:
        found = read_remote(self.endpoint, self._runs_dir, repo)
        with self._lock:
            _, before = self._known.get(repo, (0.0, None))
            self._known[repo] = (time.monotonic(), found)
            self._asked.discard(repo)
        if found != before:
            self._changed()


def read_embedded(folder: Path, repo: str) -> Published:
    """Return a repo's README from an embedded Hub's files, without a server."""
    try:
        found = local_storage(folder).repo(repo)
        commit = found.head("main")
        raw = found.read(CARD_FILE, commit)
        has_evidence = EVIDENCE_FILE in found.files(commit)
        evidence = found.read(EVIDENCE_FILE, commit) if has_evidence else b"{}"
    except LocalHubError:
        return Published()
    return _published(raw, evidence, commit)


def read_remote(endpoint: str, runs_dir: Path, repo: str) -> Published:
    """Return a repo's README from a Hub over the network; what goes wrong is said, not raised."""
    try:
        hub = Endpoint(endpoint, runs_dir).hub
        commit = hub.head(repo)
        there = hub.tree(repo, commit) if commit else {}
        if commit is None or CARD_FILE not in there:
            return Published(commit=commit or "")
        raw = hub.read(repo, commit, CARD_FILE)
        evidence = hub.read(repo, commit, EVIDENCE_FILE) if EVIDENCE_FILE in there else b"{}"
    except UserError as error:
        return Published(problem=error.message)
    return _published(raw, evidence, commit)


def _published(raw: bytes, evidence: bytes, commit: str) -> Published:
    text = raw.decode("utf-8", errors="surrogateescape")
    return Published(text=text, evidence=evidence, commit=commit)

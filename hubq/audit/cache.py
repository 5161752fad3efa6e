"""What was looked up of repos, kept by commit: a sweep that was killed goes on where it was.

`<cache>/audit/<endpoint>/<org>--<name>/<commit>.json`, `.kin.json` for what was only looked at
beside another, and `heads.json`: what each branch or tag stood at last. A commit never changes, so
an entry stays good; one with problems is asked again after an hour, since access may have been
given.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
import time
from pathlib import Path

import msgspec

from hubq.audit.subject import Gathered
from hubq.resources import cache_folder

_VERSION = 1
"""Of what is gathered; raised whenever more of a repo is looked up."""
_PROBLEMS_S = 3600.0


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    gathered: Gathered


class Cache:
    """What was looked up of one hub's repos.

    Args:
        endpoint: of the hub.
        folder: where it is kept; hubq's cache folder by default.
    """

    def __init__(self, endpoint: str, folder: Path | None = None) -> None:
        name = hashlib.sha256(endpoint.rstrip("/").encode()).hexdigest()[:16]
        self.folder = (folder or cache_folder() / "audit") / name
        self._lock = threading.Lock()

    def find(self, repo: str, commit: str, *, kin: bool = False) -> Gathered | None:
        """Return what was looked up of a repo at a commit; none where nothing was.

        Args:
            repo: its id.
            commit: the whole id of one.
            kin: whether less will do.
        """
        endings = (".json", ".kin.json") if kin else (".json",)
        for ending in endings:
            found = self._read(self._place(repo) / f"{commit}{ending}")
            if found is not None:
                return found
        return None

    def keep(self, gathered: Gathered, revision: str, *, kin: bool = False) -> None:
        """Remember what was looked up, and what its branch or tag stood at.

        Args:
            gathered: of a repo on the hub.
            revision: that was asked for.
            kin: whether it is only what is looked at beside another repo.
        """
        place = self._place(gathered.repo)
        place.mkdir(parents=True, exist_ok=True)
        kept = _Kept(version=_VERSION, gathered=gathered)
        ending = ".kin.json" if kin else ".json"
        self._write(place / f"{gathered.commit}{ending}", msgspec.json.encode(kept))
        with self._lock:
            heads = self._heads(gathered.repo)
            if heads.get(revision) != gathered.commit:
                heads[revision] = gathered.commit
                self._write(place / "heads.json", msgspec.json.encode(heads))

    def head(self, repo: str, revision: str) -> str:
        """Return the commit that a branch or tag stood at when it was last asked; empty if never.

        A commit stands for itself.
        """
        heads = self._heads(repo)
        if revision in heads:
            return heads[revision]
        return revision if (self._place(repo) / f"{revision}.json").is_file() else ""

    def clear(self) -> None:
        """Forget everything about this hub."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _heads(self, repo: str) -> dict[str, str]:
        try:
            raw = (self._place(repo) / "heads.json").read_bytes()
            return msgspec.json.decode(raw, type=dict[str, str])
        except (OSError, msgspec.MsgspecError):
            return {}

    def _read(self, path: Path) -> Gathered | None:
        """Return an entry; none where it is missing, broken, too old, or to be asked again."""
        try:
            kept = msgspec.json.decode(path.read_bytes(), type=_Kept)
            age = time.time() - path.stat().st_mtime
        except (OSError, msgspec.MsgspecError):
            return None
        old = kept.gathered.problems and age > _PROBLEMS_S
        return None if kept.version != _VERSION or old else kept.gathered

    def _place(self, repo: str) -> Path:
        return self.folder / repo.replace("/", "--")

    def _write(self, path: Path, content: bytes) -> None:
        """Write a file so that a kill leaves the old one or the new one."""
        draft = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}")
        draft.write_bytes(content)
        draft.replace(path)

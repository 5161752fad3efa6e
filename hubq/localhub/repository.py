"""One repo on disk: commits, refs and the reading of files."""

from __future__ import annotations

import heapq
import re
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from hubq.localhub import disk
from hubq.localhub.blobs import BlobStore
from hubq.localhub.problems import (
    BadRequestError,
    ConflictError,
    EntryNotFoundError,
    RepoNotFoundError,
    RevisionNotFoundError,
    StaleParentError,
)
from hubq.localhub.values import Commit, FileEntry, Kind, RepoRecord

RefKind = Literal["heads", "tags", "pr"]
_COMMIT_ID = re.compile(r"[0-9a-f]{7,40}")
_BRANCH = re.compile(r"(?!refs/)[^\s~^:?*\[\\\x00-\x1f]+")
_STALE = "The branch was updated since you opened this page. Please refresh and try again."


def now() -> str:
    """Return the time as ISO 8601 in UTC, as the Hub writes it."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def check_path(path: str) -> str:
    """Return a path inside a repo.

    Raises:
        BadRequestError: it is absolute, climbs, or lies in `.git`.
    """
    parts = path.split("/")
    if any(part in {"", ".", "..", ".git"} for part in parts) or "\0" in path or len(path) > 1000:
        raise BadRequestError(f"{path!r} is not a path inside a repo")
    return path


class Repository:
    """A repo's folder; reading never waits for a writer."""

    def __init__(self, folder: Path, blobs: BlobStore, lock: threading.RLock) -> None:
        self.folder = folder
        self.blobs = blobs
        self.lock = lock

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Repository) and other.folder == self.folder

    def __hash__(self) -> int:
        return hash(self.folder)

    @property
    def record(self) -> RepoRecord:
        """Return what is known about the repo, read afresh.

        Raises:
            RepoNotFoundError: it was deleted.
        """
        try:
            content = (self.folder / "repo.json").read_bytes()
        except FileNotFoundError:
            raise RepoNotFoundError("Repository not found") from None
        return msgspec.json.decode(content, type=RepoRecord)

    @property
    def id(self) -> str:
        """Return `namespace/name`."""
        return self.record.id

    @property
    def kind(self) -> Kind:
        """Return whether this is a model, a dataset or a space."""
        return self.record.kind

    def save_record(self, record: RepoRecord) -> None:
        """Replace what is known about the repo."""
        self.blobs.disk.write_json(self.folder / "repo.json", record)

    # -- refs ------------------------------------------------------------------------------

    def refs(self, kind: RefKind) -> dict[str, str]:
        """Return names and commit ids of all branches (`heads`), tags, or pull requests (`pr`)."""
        found: dict[str, str] = {}
        for file in disk.listing(self.folder / "refs" / kind):
            oid = self._ref(file)
            if oid:
                found[disk.name_of(file)] = oid
        return found

    def head(self, revision: str = "main") -> str:
        """Return the commit id that a branch, tag, `refs/...` name or (short) id stands for.

        Raises:
            RevisionNotFoundError: there is no such revision.
        """
        for kind, name in _ref_names(revision):
            oid = self._ref(self._ref_path(kind, name))
            if oid:
                return oid
        if _COMMIT_ID.fullmatch(revision):
            exact = self._commit_path(revision)
            if exact.is_file():
                return revision
            ids = [path.stem for path in disk.listing(self.folder / "commits")]
            found = [oid for oid in ids if oid.startswith(revision)]
            if len(found) == 1:
                return found[0]
        raise RevisionNotFoundError(f"Invalid rev id: {revision}")

    def set_ref(self, kind: RefKind, name: str, oid: str) -> None:
        """Make or move a ref."""
        self.blobs.disk.write_bytes(self._ref_path(kind, name), f"{oid}\n".encode())

    def add_ref(self, kind: RefKind, name: str, oid: str) -> None:
        """Make a branch or tag.

        Raises:
            BadRequestError: git does not allow the name.
            ConflictError: it exists.
        """
        if not _BRANCH.fullmatch(name) or ".." in name or name.endswith(("/", ".lock")):
            raise BadRequestError(f"Invalid reference name: {name}")
        with self.lock:
            if self._ref(self._ref_path(kind, name)):
                raise ConflictError(f"Reference already exists: {name}")
            self.set_ref(kind, name, oid)

    def delete_ref(self, kind: RefKind, name: str) -> None:
        """Delete a branch or tag.

        Raises:
            RevisionNotFoundError: there is none of this name.
        """
        try:
            self._ref_path(kind, name).unlink()
        except FileNotFoundError:
            raise RevisionNotFoundError(f"Reference does not exist: {name}") from None

    # -- reading ---------------------------------------------------------------------------

    def commit(self, revision: str = "main") -> Commit:
        """Return a commit.

        Raises:
            RevisionNotFoundError: there is no such revision.
        """
        try:
            content = self._commit_path(self.head(revision)).read_bytes()
        except FileNotFoundError:
            raise RevisionNotFoundError(f"Invalid rev id: {revision}") from None
        return msgspec.json.decode(content, type=Commit)

    def files(self, revision: str = "main") -> dict[str, FileEntry]:
        """Return all files of a revision by path, sorted."""
        return dict(sorted(self.commit(revision).files.items()))

    def entry(self, path: str, revision: str = "main") -> FileEntry:
        """Return one file's entry.

        Raises:
            EntryNotFoundError: the revision has no such file.
        """
        entry = self.commit(revision).files.get(path)
        if entry is None:
            raise EntryNotFoundError(f"Entry not found: {path}")
        return entry

    def read(self, path: str, revision: str = "main") -> bytes:
        """Return one file's content.

        Raises:
            EntryNotFoundError: the revision has no such file.
        """
        return self.blobs.read(self.entry(path, revision).blob)

    def history(self, revision: str = "main") -> Iterator[tuple[str, Commit]]:
        """Yield ids and commits from a revision back to the beginning, newest first."""
        first = self.head(revision)
        waiting = [(_newest_first(self.commit(first)), 0, first)]
        seen = {first}
        while waiting:
            _, _, oid = heapq.heappop(waiting)
            commit = self.commit(oid)
            yield oid, commit
            for parent in commit.parents:
                if parent not in seen:
                    seen.add(parent)
                    heapq.heappush(waiting, (_newest_first(self.commit(parent)), len(seen), parent))

    def last_changes(self, revision: str = "main") -> dict[str, tuple[str, Commit]]:
        """Return for every path the newest commit that gave it its present content."""
        present = self.commit(revision).files
        found: dict[str, tuple[str, Commit]] = {}
        for oid, commit in self.history(revision):
            for path, entry in present.items():
                if commit.files.get(path) == entry:
                    found[path] = (oid, commit)
        return found

    # -- writing ---------------------------------------------------------------------------

    def save_commit(
        self,
        files: Mapping[str, FileEntry],
        *,
        parents: tuple[str, ...],
        author: str,
        title: str,
        message: str = "",
    ) -> str:
        """Write a commit that no ref points to yet, and return its id."""
        commit = Commit(
            files=dict(files),
            parents=parents,
            author=author,
            title=title,
            message=message,
            date=now(),
        )
        self.blobs.disk.write_bytes(self._commit_path(commit.id), commit.encoded())
        return commit.id

    def advance(
        self,
        branch: str,
        changes: Mapping[str, FileEntry | None],
        *,
        author: str,
        title: str,
        message: str = "",
        parent: str = "",
    ) -> str:
        """Commit changes on top of a branch or `refs/pr/N` and return the new commit's id.

        Args:
            branch: what moves.
            changes: new entries by path; None deletes.
            author: name of the user.
            title: first line of the message.
            message: the rest of the message.
            parent: the head the caller expects; empty takes the branch as it is.

        Raises:
            StaleParentError: the branch is somewhere else than `parent`.
            RevisionNotFoundError: there is no such branch.
        """
        with self.lock:
            kind, name = self._branch(branch)
            head = self.head(branch)
            if parent and parent != head:
                raise StaleParentError(_STALE)
            files = changed(self.commit(head).files, changes)
            oid = self.save_commit(
                files, parents=(head,), author=author, title=title, message=message
            )
            self.set_ref(kind, name, oid)
            return oid

    def squash(self, branch: str, *, author: str, message: str) -> str:
        """Replace a branch's history by one commit with the same files, and return its id."""
        with self.lock:
            kind, name = self._branch(branch)
            files = self.commit(branch).files
            oid = self.save_commit(files, parents=(), author=author, title=message)
            self.set_ref(kind, name, oid)
            return oid

    # -- LFS objects -----------------------------------------------------------------------

    def owns(self, sha256: str) -> bool:
        """Return whether this repo was given the content; one repo cannot claim another's."""
        return self._claim(sha256).is_file() and self.blobs.has(sha256)

    def claim(self, sha256: str) -> None:
        """Remember that this repo was given the content."""
        self.blobs.disk.write_bytes(self._claim(sha256), b"")

    # -- places ----------------------------------------------------------------------------

    def _branch(self, revision: str) -> tuple[RefKind, str]:
        """Return the branch or pull request ref that a commit may move."""
        for kind, name in _ref_names(revision):
            if kind != "tags" and self._ref(self._ref_path(kind, name)):
                return kind, name
        raise RevisionNotFoundError(f"Invalid rev id: {revision} is not a branch")

    def _claim(self, sha256: str) -> Path:
        return self.folder / "lfs" / self.blobs.path(sha256).name

    def _commit_path(self, oid: str) -> Path:
        return self.folder / "commits" / f"{oid}.json"

    def _ref_path(self, kind: RefKind, name: str) -> Path:
        return self.folder / "refs" / kind / disk.file_name(name)

    @staticmethod
    def _ref(path: Path) -> str:
        """Return the commit id in a ref file, empty when there is none."""
        try:
            return path.read_text(encoding="ascii").strip()
        except (FileNotFoundError, OSError):
            return ""


def changed(
    files: Mapping[str, FileEntry], changes: Mapping[str, FileEntry | None]
) -> dict[str, FileEntry]:
    """Return files with changes applied.

    Raises:
        BadRequestError: a path would be a file and a folder at once.
    """
    after = dict(files)
    for path, entry in changes.items():
        if entry is None:
            after.pop(path, None)
        else:
            after[check_path(path)] = entry
    for path in after:
        parts = path.split("/")
        folder = next((p for n in range(1, len(parts)) if (p := "/".join(parts[:n])) in after), "")
        if folder:
            raise BadRequestError(f"{folder} cannot be a file and a folder")
    return after


def _ref_names(revision: str) -> list[tuple[RefKind, str]]:
    """Return the refs that a revision may mean, most likely first."""
    prefixes: tuple[tuple[str, RefKind], ...] = (
        ("refs/heads/", "heads"),
        ("refs/tags/", "tags"),
        ("refs/pr/", "pr"),
    )
    for prefix, kind in prefixes:
        if revision.startswith(prefix):
            return [(kind, revision.removeprefix(prefix))]
    return [("heads", revision), ("tags", revision)]


def _newest_first(commit: Commit) -> float:
    """Return a key that sorts later dates first."""
    return -datetime.fromisoformat(commit.date).timestamp()

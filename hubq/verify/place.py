"""Places: where a published variant lies, on a hub or in a folder, and how its files are read."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from hubq.errors import BadInput
from hubq.hub.hashes import file_sha256
from hubq.hub.port import MAIN, Hub
from hubq.model.source import split_reference

_NOT_FILES = (".git/", ".cache/huggingface/")


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A file as the place lists it.

    Attributes:
        size: in bytes.
        sha256: of its content where the listing says it (LFS files of a hub); empty otherwise.
        git: git's blob id of a hub's regular file; empty otherwise.
    """

    size: int
    sha256: str = ""
    git: str = ""


class Place(ABC):
    """Where the files of a variant are.

    Attributes:
        label: what to call it: `org/name@1a2b3c4`, or the folder.
        repo: its id; empty for a folder.
        commit: that is looked at; empty for a folder.
    """

    label: str
    repo: str = ""
    commit: str = ""

    @abstractmethod
    def listing(self) -> dict[str, Listed]:
        """Return every file, by path; asked for once."""

    @abstractmethod
    def read(self, path: str) -> bytes:
        """Return the content of a small file, the same at every call.

        Raises:
            BadInput: there is no such file.
        """

    @abstractmethod
    def content_sha256(self, path: str) -> str:
        """Return the SHA-256 of a file's bytes, fetched if need be, whatever a listing says."""

    def sha256(self, path: str) -> str:
        """Return a file's SHA-256: of its bytes, or what a hub lists a large file by."""
        return self.listing()[path].sha256 or self.content_sha256(path)


class FolderPlace(Place):
    """A folder that somebody downloaded.

    Args:
        folder: where it is; links in it, as a download cache makes them, are followed.

    Raises:
        BadInput: there is no such folder.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise BadInput(f"{folder}: no such folder")
        self.folder = folder
        self.label = str(folder)
        self._listing: dict[str, Listed] | None = None
        self._hashes: dict[str, str] = {}

    def listing(self) -> dict[str, Listed]:
        """Return every file, by path; hidden records of git and of the client are left out."""
        if self._listing is None:
            self._listing = {
                name: Listed(size=path.stat().st_size) for name, path in sorted(self._walk())
            }
        return self._listing

    def read(self, path: str) -> bytes:
        """Return a file's content.

        Raises:
            BadInput: there is no such file.
        """
        if path not in self.listing():
            raise BadInput(f"{self.label}: no file {path}")
        return (self.folder / path).read_bytes()

    def content_sha256(self, path: str) -> str:
        """Return the SHA-256 of a file's bytes."""
        if path not in self._hashes:
            self._hashes[path] = file_sha256(self.folder / path)
        return self._hashes[path]

    def _walk(self) -> Iterator[tuple[str, Path]]:
        for path in self.folder.rglob("*"):
            name = path.relative_to(self.folder).as_posix()
            if path.is_file() and not name.startswith(_NOT_FILES):
                yield name, path


class RepoPlace(Place):
    """A repo on a hub, at one commit.

    Args:
        hub: that keeps it.
        repo: its id.
        revision: a branch, tag or commit; what it stands at now is looked at.

    Raises:
        BadInput: no such repo or revision, or no access.
    """

    def __init__(self, hub: Hub, repo: str, revision: str = MAIN) -> None:
        info = hub.info(repo, revision)
        self.hub, self.repo, self.commit = hub, repo, info.commit
        self.label = f"{repo}@{info.commit[:7]}"
        self._listing = {
            path: Listed(
                size=file.size,
                sha256=file.oid if file.lfs else "",
                git="" if file.lfs else file.oid,
            )
            for path, file in sorted(info.files.items())
        }
        self._read: dict[str, bytes] = {}
        self._folder: Path | None = None

    def listing(self) -> dict[str, Listed]:
        """Return every file, by path."""
        return self._listing

    def read(self, path: str) -> bytes:
        """Return a small file's content.

        Raises:
            BadInput: there is no such file, or the repo is gated.
        """
        if path not in self._listing:
            raise BadInput(f"{self.label}: no file {path}")
        if path not in self._read:
            self._read[path] = self.hub.read(self.repo, self.commit, path)
        return self._read[path]

    def content_sha256(self, path: str) -> str:
        """Return the SHA-256 of a file's bytes; large ones are fetched with the whole model."""
        if not self._listing[path].sha256:
            return hashlib.sha256(self.read(path)).hexdigest()
        if self._folder is None:
            self._folder = self.hub.snapshot(self.repo, self.commit)
        there = self._folder / path
        if there.is_file():
            return file_sha256(there)
        return hashlib.sha256(self.read(path)).hexdigest()


def open_place(target: str, hub: Callable[[], Hub]) -> Place:
    """Return where a variant lies.

    Args:
        target: a folder, or `org/name[@revision]`.
        hub: gives the hub, for a repo.

    Raises:
        BadInput: it is neither; the hub has no such repo or revision, or gives no access.
    """
    folder = Path(target).expanduser()
    if folder.is_dir():
        return FolderPlace(folder)
    repo, revision = split_reference(target)
    if repo.count("/") != 1 or repo.startswith((".", "/", "~")) or repo.endswith("/"):
        raise BadInput(
            f"{target}: neither a folder nor a repo",
            remedy="Name a repo (org/name or org/name@revision), or a folder with its files.",
        )
    return RepoPlace(hub(), repo, revision or MAIN)

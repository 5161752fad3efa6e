"""The port to a model hub: what hubq needs of one, and the values it gets back.

`HuggingFaceHub` speaks to a real server; tests use an in-memory subclass. The port is small on
purpose: everything that can be decided from its answers (what to send, whether to retry a commit,
whether the remote equals the disk) is decided above it, once, for every hub.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from hubq.errors import HubProblem

Content = Path | bytes
"""What a file to be published is made of: a file on disk, or the bytes themselves."""

Progress = Callable[[int, int], None]
"""Told how many bytes are done and how many there are; may be called from several threads."""

MAIN = "main"
"""The branch that a hub shows."""


class Unavailable(HubProblem):
    """The hub gave no answer, or asked to be asked again; the request may have taken effect.

    Args:
        retry_after: seconds the hub asked to wait; none when it did not say.
    """

    def __init__(self, message: str, *, remedy: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.retry_after = retry_after


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Whose token it is.

    Attributes:
        name: of the user.
        orgs: the organizations the user belongs to.
        role: of the token: `read`, `write`, `fineGrained`, `admin`, or what the hub calls it.
        writable: the namespaces, and single repos, that the token may write to.
    """

    name: str
    orgs: tuple[str, ...] = ()
    role: str = "read"
    writable: tuple[str, ...] = ()

    def can_write(self, target: str) -> bool:
        """Return whether the token may write to a repo (`org/name`) or a namespace (`org`).

        An `admin` (the owner of an embedded Hub) may write everywhere, to new namespaces too.
        """
        if self.role == "admin":
            return True
        if self.role == "admin":
            return True
        return target in self.writable or target.partition("/")[0] in self.writable


class RemoteFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file as a hub lists it.

    Attributes:
        size: in bytes.
        oid: the SHA-256 of an LFS file, git's blob SHA-1 of a regular one.
        lfs: which of the two.
    """

    size: int
    oid: str
    lfs: bool


class RepoInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A model repo at a commit.

    Attributes:
        files: every file, by path.
        card: the front matter as the hub read it; empty when there is none.
        private: only members see it.
        gated: its files are given only to those who accepted its terms.
    """

    repo: str
    commit: str
    files: dict[str, RemoteFile]
    card: dict[str, Any] = {}
    private: bool = False
    gated: bool = False


class Hub(ABC):
    """A server that keeps model repos.

    Every method raises `BadInput` for what the caller must mend (no such repo, no access, no
    token), `Unavailable` for what may work when tried again, and `HubProblem` for the rest. All but
    `commit` may be called again without harm, and implementations try again by themselves.
    """

    @property
    @abstractmethod
    def endpoint(self) -> str:
        """The address without a final slash; never with credentials."""

    @abstractmethod
    def whoami(self) -> Account:
        """Return whose token is used.

        Raises:
            BadInput: there is no token, or the hub does not know it.
        """

    @abstractmethod
    def info(self, repo: str, revision: str = MAIN) -> RepoInfo:
        """Return what a repo holds at a branch, tag or commit.

        Raises:
            BadInput: no such repo or revision, or no access.
        """

    @abstractmethod
    def read(self, repo: str, commit: str, path: str) -> bytes:
        """Return a small file's content.

        Raises:
            BadInput: no such file, or the repo is gated.
        """

    @abstractmethod
    def snapshot(self, repo: str, commit: str, progress: Progress | None = None) -> Path:
        """Return a folder with every file of a model that hubq needs, fetched where missing.

        Returns at once, without any request, when that commit is already complete on this machine.

        Raises:
            BadInput: the repo has no safetensors, or is gated.
        """

    @abstractmethod
    def dataset(
        self, repo: str, revision: str, pattern: str, progress: Progress | None = None
    ) -> Path:
        """Return a folder with the files of a dataset that match a pattern, fetched if missing.

        Args:
            repo: of the dataset.
            revision: a branch, tag or commit.
            pattern: a path in the repo; its last part may be a pattern for several files.
            progress: told how many bytes of how many are there.

        Raises:
            BadInput: no such dataset, revision or file, or no access.
        """

    @abstractmethod
    def head(self, repo: str, revision: str = MAIN) -> str | None:
        """Return the commit a branch stands at; none when there is no such repo or branch."""

    @abstractmethod
    def tree(self, repo: str, revision: str = MAIN) -> dict[str, RemoteFile]:
        """Return every file of a repo, by path."""

    @abstractmethod
    def create(self, repo: str, *, private: bool) -> str:
        """Create a model repo and return its address; one that exists is left as it is."""

    @abstractmethod
    def set_private(self, repo: str, *, private: bool) -> None:
        """Hide a repo or make it visible to everybody."""

    @abstractmethod
    def commit(
        self,
        repo: str,
        files: Mapping[str, Content],
        *,
        message: str,
        parent: str | None,
        deletions: Sequence[str] = (),
        revision: str = MAIN,
        known: Mapping[str, str] = {},
    ) -> str:
        """Add and remove files in exactly one commit and return it; never tried again here.

        Args:
            repo: the repo.
            files: path in the repo -> content.
            message: of the commit.
            parent: the commit that the branch must stand at.
            deletions: paths to remove.
            revision: the branch.
            known: path in the repo -> SHA-256, for files that need not be hashed again.

        Raises:
            RemoteMoved: the branch does not stand at `parent`.
            Unavailable: no answer; the commit may have been made all the same.
        """

    def pin(self, repo: str, revision: str | None = None) -> str:
        """Return the commit that a branch or tag stands at now.

        Raises:
            BadInput: no such repo or revision, or no access.
        """
        return self.info(repo, revision or MAIN).commit

    def can_write(self, target: str) -> bool:
        """Return whether the token may write to a repo or namespace.

        Raises:
            BadInput: there is no token, or the hub does not know it.
        """
        return self.whoami().can_write(target)

    def url(self, repo: str) -> str:
        """Return the address of a repo's page."""
        return f"{self.endpoint}/{repo}"

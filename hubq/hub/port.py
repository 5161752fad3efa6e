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
from hubq.hub.remote import Collection, CollectionItem, Entry, Past, PullRequest, Refs
from hubq.model.publication import Gate

Content = Path | bytes
"""What a file to be published is made of: a file on disk, or the bytes themselves."""

Progress = Callable[[int, int], None]
"""Told how many bytes are done and how many there are; may be called from several threads."""

FileProgress = Callable[[str, int, int], None]
"""Told of a file (its path in the repo) how many bytes are done and how many there are."""

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
        gated: its files are given only to those who accepted its terms; gate: at once (`auto`) or
            when a person agrees (`manual`).
    """

    repo: str
    commit: str
    files: dict[str, RemoteFile]
    card: dict[str, Any] = {}
    private: bool = False
    gated: bool = False
    gate: Gate | None = None


class Hub(ABC):
    """A server that keeps model repos.

    Every method raises `BadInput` for what the caller must mend (no such repo, no access, no
    token), `Unavailable` for what may work when tried again, and `HubProblem` for the rest. All but
    `commit` and `propose` may be called again without harm: what stands already, or is gone
    already, is no error; and implementations try again by themselves.
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
    def read_range(
        self, repo: str, commit: str, path: str, start: int = 0, stop: int | None = None
    ) -> bytes:
        """Return bytes of a file, from `start` up to `stop` or its end; one request, nothing kept.

        Raises:
            BadInput: no such file, or the repo is gated.
        """

    @abstractmethod
    def models(self, *, author: str = "", search: str = "", limit: int = 0) -> tuple[Entry, ...]:
        """Return the models of an author whose ids hold all words; at most `limit`, 0 for all."""

    @abstractmethod
    def changed(self, repo: str, commit: str, paths: Sequence[str]) -> dict[str, str]:
        """Return when files were last committed, ISO 8601; those that are not there are left out.

        One request for up to 500 files.
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
    def refs(self, repo: str) -> Refs:
        """Return where a repo's branches and tags stand; one request."""

    @abstractmethod
    def history(self, repo: str, revision: str = MAIN) -> tuple[Past, ...]:
        """Return the commits of a branch, newest first."""

    @abstractmethod
    def pull_requests(self, repo: str, *, author: str) -> tuple[PullRequest, ...]:
        """Return the open pull requests of one author, newest first."""

    @abstractmethod
    def create(self, repo: str, *, private: bool) -> str:
        """Create a model repo and return its address; one that exists is left as it is."""

    @abstractmethod
    def delete(self, repo: str) -> None:
        """Delete a repo and everything in it; one that is gone already is no error."""

    @abstractmethod
    def set_private(self, repo: str, *, private: bool) -> None:
        """Hide a repo or make it visible to everybody."""

    @abstractmethod
    def set_gate(self, repo: str, gate: Gate | None) -> None:
        """Give a repo's files only to those who ask, or to everybody."""

    @abstractmethod
    def create_branch(self, repo: str, branch: str, commit: str) -> None:
        """Make a branch that stands at a commit; one that stands there already is no error.

        Raises:
            RemoteMoved: there is one of this name that stands elsewhere.
        """

    @abstractmethod
    def delete_branch(self, repo: str, branch: str) -> None:
        """Delete a branch; one that is gone already is no error."""

    @abstractmethod
    def create_tag(self, repo: str, tag: str, commit: str, message: str) -> None:
        """Tag a commit; a tag that is on it already is no error.

        Raises:
            RemoteMoved: the tag is on another commit.
        """

    @abstractmethod
    def upload(
        self,
        repo: str,
        files: Mapping[str, Content],
        *,
        known: Mapping[str, str],
        revision: str = MAIN,
        propose: bool = False,
        notes: Path | None = None,
        progress: FileProgress | None = None,
    ) -> str:
        """Bring the contents of large files to a hub, for a commit that follows; none is made here.

        What the hub has already is not sent. May be called again: it goes on inside a file.

        Args:
            repo: the repo.
            files: path in the repo -> content; small ones, which travel in the commit, are passed
                over.
            known: path in the repo -> SHA-256, of every file.
            revision: the branch that the commit will be made on.
            propose: whether it will be a pull request, so that a token that may only read will do.
            notes: a file that remembers which parts have arrived, so that a run after a kill sends
                only the others; none to remember nothing.
            progress: told of each file's bytes.

        Returns:
            How they went: `Xet`, `LFS`, or empty when nothing had to be sent.

        Raises:
            Unavailable: broken off; what arrived is kept.
        """

    @abstractmethod
    def commit(
        self,
        repo: str,
        files: Mapping[str, Content],
        *,
        message: str,
        parent: str | None,
        description: str = "",
        deletions: Sequence[str] = (),
        revision: str = MAIN,
        known: Mapping[str, str] = {},
        copies: Mapping[str, str] = {},
    ) -> str:
        """Add and remove files in exactly one commit and return it; never tried again here.

        One that would change nothing is not made: the branch's head is returned.

        Args:
            repo: the repo.
            files: path in the repo -> content.
            message: the commit's title.
            parent: the commit that the branch must stand at; none for wherever it is.
            description: the rest of its message.
            deletions: paths to remove.
            revision: the branch.
            known: path in the repo -> SHA-256, for files that need not be hashed again.
            copies: path in the repo -> a commit of this repo that holds that very file, so that no
                byte of it is read or sent; only files that the hub lists as LFS.

        Raises:
            RemoteMoved: the branch does not stand at `parent`.
            Unavailable: no answer; the commit may have been made all the same.
        """

    @abstractmethod
    def propose(
        self,
        repo: str,
        files: Mapping[str, Content],
        *,
        title: str,
        base: str,
        description: str = "",
        deletions: Sequence[str] = (),
        known: Mapping[str, str] = {},
    ) -> PullRequest:
        """Open a pull request with one commit on top of `base`; never tried again here.

        A token that may only read will do. Each call opens another one.

        Raises:
            HubProblem: `base` holds everything already, so none was opened.
            Unavailable: no answer; it may have been opened all the same.
        """

    @abstractmethod
    def collections(self, owner: str, repo: str = "") -> tuple[Collection, ...]:
        """Return the collections of a namespace, those that hold a repo when one is named.

        Their items may be incomplete; `collection` has them all.
        """

    @abstractmethod
    def collection(self, slug: str) -> Collection | None:
        """Return a collection with all its items; none when it is gone."""

    @abstractmethod
    def create_collection(
        self, owner: str, title: str, *, description: str = "", private: bool = False
    ) -> Collection:
        """Make a collection; where the owner has one of this title, return that one."""

    @abstractmethod
    def add_item(self, slug: str, repo: str, note: str) -> None:
        """Put a repo into a collection; one that is in it already is left as it is."""

    @abstractmethod
    def set_note(self, slug: str, item: CollectionItem, note: str) -> None:
        """Change what stands beside a repo in a collection."""

    @abstractmethod
    def set_collection_private(self, slug: str, *, private: bool) -> None:
        """Hide a collection or make it visible to everybody."""

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

    def pace(self, told: Callable[[float], None]) -> None:
        """From now on wait before a request that the hub would turn away as one too many.

        Args:
            told: hears how many seconds each wait will take.
        """
        del told  # a hub that says nothing of its limits is asked at once

    def url(self, repo: str) -> str:
        """Return the address of a repo's page."""
        return f"{self.endpoint}/{repo}"

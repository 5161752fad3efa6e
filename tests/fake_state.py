"""What a hub in memory keeps, and the failures planned for it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from hubq.errors import BadInput
from hubq.hub.port import MAIN
from hubq.hub.remote import Collection, Past, PullRequest
from hubq.model.publication import Gate
from tests.contents import remote_file

INITIAL = {".gitattributes": b"*.bin lfs\n"}


class Killed(BaseException):
    """The process ended here; nothing may catch it."""


class FakePull(msgspec.Struct, kw_only=True):
    """A pull request; `base` is the commit it started from."""

    shown: PullRequest
    base: str
    open: bool = True


class FakeRepo:
    """A repo: every commit's files, the history, where branches, tags and pull requests stand."""

    def __init__(self, *, private: bool, gate: Gate | None = None) -> None:
        self.commits: dict[str, dict[str, bytes]] = {}
        self.pasts: dict[str, Past] = {}
        self.parents: dict[str, str | None] = {}
        self.branches: dict[str, str] = {}
        self.tags: dict[str, str] = {}
        self.pulls: dict[int, FakePull] = {}
        self.large: set[str] = set()
        self.private = private
        self.gate = gate

    @property
    def refs(self) -> dict[str, str]:
        """Every name that a revision may have."""
        pulls = {ref: oid for ref, oid in self.branches.items() if ref.startswith("refs/pr/")}
        return {**self.tags, **self.branches, **pulls}

    def resolve(self, revision: str) -> str | None:
        """The commit that a branch, tag, pull request or commit id stands for."""
        commit = self.refs.get(revision, revision)
        return commit if commit in self.commits else None


class Made(NamedTuple):
    """Who makes a commit and what it says."""

    author: str
    title: str
    message: str = ""


class FakeState:
    """All repos and collections of a hub in memory; several accounts may share one."""

    def __init__(self) -> None:
        self.repos: dict[str, FakeRepo] = {}
        self.shelf: dict[str, Collection] = {}
        self.count = 0

    def next(self) -> str:
        """A new commit id."""
        self.count += 1
        return hashlib.sha1(str(self.count).encode(), usedforsecurity=False).hexdigest()

    def repo(self, repo: str, *, author: str, private: bool, gate: Gate | None = None) -> FakeRepo:
        """The repo, made with the commit that every new repo has when it is not there."""
        if repo not in self.repos:
            made = self.repos[repo] = FakeRepo(private=private, gate=gate)
            self.write(made, MAIN, INITIAL, Made(author, "initial commit"))
        return self.repos[repo]

    def write(
        self,
        repo: FakeRepo,
        revision: str,
        tree: Mapping[str, bytes],
        made: Made,
        parent: str | None = None,
    ) -> str:
        """Make a commit of a whole tree and move a branch to it."""
        commit = self.next()
        repo.commits[commit] = dict(tree)
        repo.parents[commit] = parent
        repo.pasts[commit] = Past(
            commit=commit,
            title=made.title,
            message=made.message,
            authors=(made.author,),
            date=f"2026-11-21T{self.count // 3600:02}:{self.count // 60 % 60:02}:"
            f"{self.count % 60:02}.000Z",
        )
        repo.large |= {
            file.oid for path, content in tree.items() if (file := remote_file(path, content)).lfs
        }
        repo.branches[revision] = commit
        return commit


class Rule:
    """Something that happens at a call: an error, or what somebody else does meanwhile."""

    def __init__(
        self, method: str, action: Callable[[], object], *, after: bool, times: int, skip: int
    ) -> None:
        self.method = method
        self.after = after
        self._action = action
        self._times = times
        self._skip = skip

    def take(self) -> Callable[[], object] | None:
        """What happens at this call; none when it is not this one's turn."""
        if self._skip > 0:
            self._skip -= 1
            return None
        if self._times < 1:
            return None
        self._times -= 1
        return self._action


def raising(error: BaseException) -> Callable[[], object]:
    """An action that raises."""

    def act() -> object:
        raise error

    return act


def checked_tree(
    repo: FakeRepo,
    head: str,
    content: Mapping[str, bytes],
    deletions: tuple[str, ...],
    copies: Mapping[str, str],
) -> dict[str, bytes]:
    """The tree after a commit; what cannot be removed or copied is refused as a hub does."""
    tree = dict(repo.commits[head])
    for path in deletions:
        if path not in tree:
            raise BadInput(f"no file {path} to remove")
        del tree[path]
    for path, source in copies.items():
        there = repo.commits.get(source, {})
        if path not in there or not remote_file(path, there[path]).lfs:
            raise BadInput(f"no LFS file {path} to copy at {source}")
        tree[path] = there[path]
    return {**tree, **content}

"""A hub in memory as tests hold it: what it keeps, how it fails, who may do what."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import msgspec

from hubq.errors import BadInput
from hubq.hub.port import MAIN, Account, Hub
from hubq.hub.remote import Collection
from hubq.model.publication import Gate
from tests.fake_state import FakeRepo, FakeState, Killed, Made, Rule, raising

ALICE = Account(name="alice", orgs=("acme",), role="write", writable=("alice", "acme"))
BOB = Account(name="bob", role="read")


class FakeBase(Hub):
    """What is not the port itself in a hub in memory: state, planned events, permissions."""

    def __init__(
        self, folder: Path, *, account: Account | None = ALICE, endpoint: str = "https://hub.test"
    ) -> None:
        self.folder = folder
        self.account = account
        self.state = FakeState()
        self.log: list[str] = []
        self.asked: list[str] = []
        self.mutations = 0
        self.way = "LFS"
        self._endpoint = endpoint
        self._rules: list[Rule] = []
        self._dies: tuple[int, bool] | None = None

    # -- what tests use ----------------------------------------------------------------------

    @property
    def repos(self) -> dict[str, FakeRepo]:
        """Every repo, by id."""
        return self.state.repos

    def seen_by(self, account: Account | None) -> Self:
        """The same hub, asked with another account's token, with a log of its own."""
        other = type(self)(self.folder, account=account, endpoint=self._endpoint)
        other.state = self.state
        return other

    def fail(
        self,
        method: str,
        error: BaseException,
        *,
        after: bool = False,
        times: int = 1,
        skip: int = 0,
    ) -> None:
        """Let calls of a method raise, `after` they took effect or before; `skip` pass first."""
        self._rules.append(Rule(method, raising(error), after=after, times=times, skip=skip))

    def meanwhile(
        self, method: str, action: Callable[[], object], *, after: bool = False, skip: int = 0
    ) -> None:
        """Do something right before or after a call of a method, as somebody else might."""
        self._rules.append(Rule(method, action, after=after, times=1, skip=skip))

    def die_at(self, mutation: int, *, after: bool = False) -> None:
        """End the process (`Killed`) at the n-th mutation from now on, counted from 1."""
        self._dies = (self.mutations + mutation, after)

    def add(
        self,
        repo: str,
        files: Mapping[str, bytes] = {},
        *,
        private: bool = False,
        gated: bool = False,
        author: str = "",
        title: str = "Add files",
        message: str = "",
        removed: Sequence[str] = (),
        revision: str = MAIN,
    ) -> str:
        """Put files into a repo without going through the port, and return the commit.

        As somebody else would: `author` is the namespace's owner where no name is given.
        """
        name = author or repo.partition("/")[0]
        gate: Gate | None = "auto" if gated else None
        found = self.state.repo(repo, author=name, private=private, gate=gate)
        head = found.resolve(revision) or found.branches[MAIN]
        tree = {**found.commits[head], **files}
        for path in removed:
            del tree[path]
        return self.state.write(found, revision, tree, Made(name, title, message), head)

    def merge(self, repo: str, num: int, *, author: str = "") -> str:
        """Merge a pull request as the repo's owner would, and return the commit."""
        found = self.repos[repo]
        pull = found.pulls[num]
        pull.open = False
        theirs, base = found.commits[found.branches[pull.shown.ref]], found.commits[pull.base]
        tree = {
            path: content
            for path, content in {**found.commits[found.branches[MAIN]], **theirs}.items()
            if path in theirs or path not in base
        }
        made = Made(author or repo.partition("/")[0], f"{pull.shown.title} (#{num})")
        return self.state.write(found, MAIN, tree, made, found.branches[MAIN])

    def close(self, repo: str, num: int) -> None:
        """Close a pull request as the repo's owner would."""
        self.repos[repo].pulls[num].open = False

    def files(self, repo: str, revision: str = MAIN) -> dict[str, bytes]:
        """The content of every file of a repo, whoever may see it."""
        found = self.repos[repo]
        commit = found.resolve(revision)
        assert commit is not None, revision
        return found.commits[commit]

    @property
    def endpoint(self) -> str:
        return self._endpoint

    # -- inside ------------------------------------------------------------------------------

    def _asking(self, method: str, what: str) -> None:
        self.asked.append(f"{method} {what}".strip())
        self._trip(method, after=False)
        self._trip(method, after=True)

    @contextmanager
    def _changing(self, method: str, line: str) -> Iterator[None]:
        """Count a mutation, and fail, or end the process, before or after it takes effect."""
        self._trip(method, after=False)
        self.mutations += 1
        mutation = self.mutations
        if self._dies == (mutation, False):
            raise Killed(line)
        yield
        self.log.append(line)
        if self._dies == (mutation, True):
            raise Killed(line)
        self._trip(method, after=True)

    def _trip(self, method: str, *, after: bool) -> None:
        for rule in list(self._rules):
            if rule.method == method and rule.after is after:
                action = rule.take()
                if action is not None:
                    action()
                    return

    def _user(self) -> Account:
        if self.account is None:
            raise BadInput(f"no token for {self.endpoint}", remedy="Run `hf auth login`.")
        return self.account

    def _member(self, namespace: str) -> bool:
        who = self.account
        return who is not None and (
            who.role == "admin" or namespace == who.name or namespace in who.orgs
        )

    def _visible(self, repo: str) -> bool:
        return not self.repos[repo].private or self._member(repo.partition("/")[0])

    def _visible_collection(self, found: Collection) -> bool:
        return not found.private or self._member(found.slug.partition("/")[0])

    def _repo(self, repo: str) -> FakeRepo:
        if repo not in self.repos or not self._visible(repo):
            raise BadInput(f"{repo}: no such model on {self.endpoint}, or no access to it")
        return self.repos[repo]

    def _at(self, repo: str, revision: str) -> tuple[FakeRepo, str]:
        found = self._repo(repo)
        commit = found.resolve(revision)
        if commit is None:
            raise BadInput(f"{repo}@{revision}: no such branch, tag or commit on {self.endpoint}")
        return found, commit

    def _open_to_us(self, repo: str) -> None:
        if self.repos[repo].gate is not None and not self._member(repo.partition("/")[0]):
            raise BadInput(f"{repo}: gated on {self.endpoint}")

    def _writable(self, repo: str, doing: str) -> FakeRepo:
        found = self._repo(repo)
        self._check_write(repo, doing)
        return found

    def _check_write(self, target: str, doing: str) -> None:
        if not self._user().can_write(target):
            raise BadInput(f"{target}: no permission to {doing} it on {self.endpoint}")

    def _check_commit(self, repo: str, revision: str, *, propose: bool = False) -> None:
        """Allow writers everything, others only new pull requests and their own."""
        pulls, who = self._repo(repo).pulls, self._user()
        own = [pull.shown.ref for pull in pulls.values() if pull.shown.author == who.name]
        if not propose and revision not in own:
            self._check_write(repo, "write to")

    def _shelf(self, slug: str) -> Collection:
        found = self.state.shelf.get(slug)
        if found is None or not self._visible_collection(found):
            raise BadInput(f"{slug}: no such collection on {self.endpoint}")
        self._check_write(slug.partition("/")[0], "change a collection of")
        return found

    def _shelve(self, found: Collection, **changes: object) -> None:
        self.state.shelf[found.slug] = msgspec.structs.replace(found, **changes)

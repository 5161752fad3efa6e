"""Real subclasses of the ports, in memory, for tests."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from hubq.errors import BadInput, HubProblem, RemoteMoved
from hubq.hub.port import (
    MAIN,
    Account,
    Content,
    FileProgress,
    Progress,
    RemoteFile,
    RepoInfo,
)
from hubq.hub.remote import Collection, CollectionItem, Entry, Past, PullRequest, Refs
from hubq.hub.resolve import front_matter
from hubq.hub.weights import check_complete, needed
from hubq.model.publication import Gate
from tests.contents import (
    LFS_SUFFIXES,
    model_files,
    remote_file,
    safetensors,
    write_files,
    write_raw,
    write_safetensors,
)
from tests.fake_base import ALICE, BOB, FakeBase
from tests.fake_state import FakePull, FakeRepo, Killed, Made, checked_tree

__all__ = [
    "ALICE",
    "BOB",
    "LFS_SUFFIXES",
    "READER",
    "WRITER",
    "FakeHub",
    "FakeRepo",
    "Killed",
    "model_files",
    "remote_file",
    "safetensors",
    "write_files",
    "write_raw",
    "write_safetensors",
]

READER = "hf_" + "r" * 34
WRITER = "hf_" + "w" * 34
_SLUG_DIGITS = 24
_LISTED_ITEMS = 4
_DESCRIPTION_LENGTH = 150
_NOTE_LENGTH = 500


class FakeHub(FakeBase):
    """A hub in memory.

    `log` has one line per call that changed something (of `upload`, one per file sent), `asked` one
    per look-up, and `mutations` counts the former, taken effect or not. `fail` plans failures,
    before or after a call took effect; `meanwhile` what somebody else does at that moment; `die_at`
    the end of the process at a mutation. `seen_by` is the same hub with another account's token.
    """

    # -- look-ups ----------------------------------------------------------------------------

    def whoami(self) -> Account:
        self._asking("whoami", "")
        return self._user()

    def info(self, repo: str, revision: str = MAIN) -> RepoInfo:
        self._asking("info", repo)
        found, commit = self._at(repo, revision)
        files = found.commits[commit]
        return RepoInfo(
            repo=repo,
            commit=commit,
            files={path: remote_file(path, content) for path, content in files.items()},
            card=front_matter(files.get("README.md", b"")),
            private=found.private,
            gated=found.gate is not None,
            gate=found.gate,
        )

    def read(self, repo: str, commit: str, path: str) -> bytes:
        self._asking("read", f"{repo} {path}")
        found, oid = self._at(repo, commit)
        self._open_to_us(repo)
        if path not in found.commits[oid]:
            raise BadInput(f"{repo}@{commit}: no file {path} on {self.endpoint}")
        return found.commits[oid][path]

    def read_range(
        self, repo: str, commit: str, path: str, start: int = 0, stop: int | None = None
    ) -> bytes:
        self._asking("read_range", f"{repo} {path}")
        found, oid = self._at(repo, commit)
        self._open_to_us(repo)
        if path not in found.commits[oid]:
            raise BadInput(f"{repo}@{commit}: no file {path} on {self.endpoint}")
        return found.commits[oid][path][start:stop]

    def models(self, *, author: str = "", search: str = "", limit: int = 0) -> tuple[Entry, ...]:
        self._asking("models", f"{author} {search}".strip())
        found = [
            Entry(repo=repo, commit=kept.branches[MAIN])
            for repo, kept in reversed(self.repos.items())
            if self._visible(repo)
            and author in ("", repo.partition("/")[0])
            and all(word in repo.lower() for word in search.lower().split())
        ]
        return tuple(found[:limit] if limit else found)

    def changed(self, repo: str, commit: str, paths: Sequence[str]) -> dict[str, str]:
        self._asking("changed", repo)
        found, oid = self._at(repo, commit)
        dates = {}
        for path in paths:
            at: str | None = oid
            here = found.commits[oid].get(path)
            while at is not None and here is not None and found.commits[at].get(path) == here:
                dates[path], at = found.pasts[at].date, found.parents[at]
        return dates

    def snapshot(self, repo: str, commit: str, progress: Progress | None = None) -> Path:
        folder = self.folder / repo.replace("/", "--") / commit
        if folder.is_dir():
            return folder
        self._asking("snapshot", repo)
        found, oid = self._at(repo, commit)
        self._open_to_us(repo)
        files = found.commits[oid]
        check_complete(files, files.__getitem__, repo)
        write_files(folder, {path: files[path] for path in needed(files)})
        total = sum(len(files[path]) for path in needed(files))
        if progress is not None:
            progress(total, total)
        return folder

    def dataset(
        self, repo: str, revision: str, pattern: str, progress: Progress | None = None
    ) -> Path:
        del progress
        self._asking("dataset", repo)
        found, commit = self._at(repo, revision)
        files = found.commits[commit]
        chosen = {path: files[path] for path in fnmatch.filter(files, pattern)}
        return write_files(self.folder / "datasets" / repo, chosen)

    def head(self, repo: str, revision: str = MAIN) -> str | None:
        self._asking("head", repo)
        found = self.repos.get(repo)
        return found.resolve(revision) if found and self._visible(repo) else None

    def tree(self, repo: str, revision: str = MAIN) -> dict[str, RemoteFile]:
        self._asking("tree", repo)
        found, commit = self._at(repo, revision)
        return {path: remote_file(path, content) for path, content in found.commits[commit].items()}

    def refs(self, repo: str) -> Refs:
        self._asking("refs", repo)
        found = self._repo(repo)
        branches = {
            name: oid for name, oid in found.branches.items() if not name.startswith("refs/")
        }
        return Refs(branches=branches, tags=dict(found.tags))

    def history(self, repo: str, revision: str = MAIN) -> tuple[Past, ...]:
        self._asking("history", repo)
        found, commit = self._at(repo, revision)
        line: list[Past] = []
        at: str | None = commit
        while at is not None:
            line.append(found.pasts[at])
            at = found.parents[at]
        return tuple(line)

    def pull_requests(self, repo: str, *, author: str) -> tuple[PullRequest, ...]:
        self._asking("pull_requests", repo)
        pulls = self._repo(repo).pulls
        return tuple(
            pulls[num].shown
            for num in sorted(pulls, reverse=True)
            if pulls[num].open and pulls[num].shown.author == author
        )

    def collections(self, owner: str, repo: str = "") -> tuple[Collection, ...]:
        self._asking("collections", f"{owner} {repo}".strip())
        return tuple(
            msgspec.structs.replace(found, items=found.items[:_LISTED_ITEMS])
            for slug, found in self.state.shelf.items()
            if slug.startswith(f"{owner}/")
            and self._visible_collection(found)
            and (not repo or any(item.repo == repo for item in found.items))
        )

    def collection(self, slug: str) -> Collection | None:
        self._asking("collection", slug)
        found = self.state.shelf.get(slug)
        return found if found and self._visible_collection(found) else None

    # -- changes to repos --------------------------------------------------------------------

    def create(self, repo: str, *, private: bool) -> str:
        with self._changing("create", f"create {repo} {'private' if private else 'public'}"):
            self._check_write(repo, "create")
            self.state.repo(repo, author=self._user().name, private=private)
        return self.url(repo)

    def delete(self, repo: str) -> None:
        with self._changing("delete", f"delete {repo}"):
            self._check_write(repo, "delete")
            self.repos.pop(repo, None)

    def set_private(self, repo: str, *, private: bool) -> None:
        with self._changing("set_private", f"set {repo} {'private' if private else 'public'}"):
            self._writable(repo, "change the settings of").private = private

    def set_gate(self, repo: str, gate: Gate | None) -> None:
        with self._changing("set_gate", f"gate {repo} {gate or 'open'}"):
            self._writable(repo, "change the settings of").gate = gate

    def create_branch(self, repo: str, branch: str, commit: str) -> None:
        with self._changing("create_branch", f"branch {repo} {branch}"):
            found = self._writable(repo, "make a branch of")
            _, oid = self._at(repo, commit)
            if found.branches.setdefault(branch, oid) != oid:
                raise RemoteMoved(f"{repo}: there is a branch {branch} already")

    def delete_branch(self, repo: str, branch: str) -> None:
        with self._changing("delete_branch", f"unbranch {repo} {branch}"):
            self._writable(repo, "delete a branch of").branches.pop(branch, None)

    def create_tag(self, repo: str, tag: str, commit: str, message: str) -> None:
        with self._changing("create_tag", f"tag {repo} {tag}"):
            found = self._writable(repo, "tag")
            _, oid = self._at(repo, commit)
            if found.tags.setdefault(tag, oid) != oid:
                raise RemoteMoved(f"{repo}: the tag {tag} is on another commit")

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
        del known, notes
        self.asked.append(f"upload {repo}")
        self._check_commit(repo, revision, propose=propose)
        found, _ = self._at(repo, revision)
        way = ""
        for path, content in _contents(files).items():
            mark = remote_file(path, content)
            if not mark.lfs or mark.oid in found.large:
                continue
            with self._changing("upload", f"send {repo} {path}"):
                if progress is not None:
                    progress(path, 0, mark.size)
                found.large.add(mark.oid)
                way = self.way
            if progress is not None:
                progress(path, mark.size, mark.size)
        return way

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
        del known
        line = f"commit {repo} {len(files)}+ {len(deletions)}-"
        line += f" {len(copies)}=" if copies else ""
        line += f" {revision}" if revision != MAIN else ""
        with self._changing("commit", line):
            self._check_commit(repo, revision)
            found, head = self._at(repo, revision)
            if parent is not None and parent != head:
                raise RemoteMoved(f"{repo}: changed on {self.endpoint} since the plan")
            tree = checked_tree(found, head, _contents(files), tuple(deletions), copies)
            if tree == found.commits[head]:
                return head
            made = Made(self._user().name, message, description)
            return self.state.write(found, revision, tree, made, head)

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
        del known
        with self._changing("propose", f"propose {repo} {len(files)}+ {len(deletions)}-"):
            self._check_commit(repo, MAIN, propose=True)
            found, start = self._at(repo, base)
            tree = checked_tree(found, start, _contents(files), tuple(deletions), {})
            if tree == found.commits[start]:
                raise HubProblem(f"{repo}: nothing to propose")
            num, author = len(found.pulls) + 1, self._user().name
            ref = f"refs/pr/{num}"
            self.state.write(found, ref, tree, Made(author, title, description), start)
            url = f"{self.url(repo)}/discussions/{num}"
            shown = PullRequest(num=num, title=title, author=author, ref=ref, url=url)
            found.pulls[num] = FakePull(shown=shown, base=start)
            return shown

    # -- changes to collections --------------------------------------------------------------

    def create_collection(
        self, owner: str, title: str, *, description: str = "", private: bool = False
    ) -> Collection:
        with self._changing("create_collection", f"collection {owner} {title}"):
            self._check_write(owner, "make a collection in")
            if len(description) > _DESCRIPTION_LENGTH:
                raise BadInput(f"{owner}: the description of {title} is too long")
            for slug, found in self.state.shelf.items():
                if slug.startswith(f"{owner}/") and found.title == title:
                    return found
            words = "-".join(title.lower().split())
            slug = f"{owner}/{words}-{self.state.next()[:_SLUG_DIGITS]}"
            made = Collection(
                slug=slug,
                title=title,
                description=description,
                private=private,
                url=f"{self.endpoint}/collections/{slug}",
            )
            self.state.shelf[slug] = made
            return made

    def add_item(self, slug: str, repo: str, note: str) -> None:
        with self._changing("add_item", f"item {slug} {repo}"):
            found = self._shelf(slug)
            self._repo(repo)
            _check_note(slug, note)
            if all(item.repo != repo for item in found.items):
                item = CollectionItem(key=self.state.next()[:_SLUG_DIGITS], repo=repo, note=note)
                self._shelve(found, items=(*found.items, item))

    def set_note(self, slug: str, item: CollectionItem, note: str) -> None:
        with self._changing("set_note", f"note {slug} {item.repo}"):
            found = self._shelf(slug)
            _check_note(slug, note)
            if all(other.key != item.key for other in found.items):
                raise BadInput(f"{slug}: {item.repo} is not in it")
            changed = tuple(
                msgspec.structs.replace(other, note=note) if other.key == item.key else other
                for other in found.items
            )
            self._shelve(found, items=changed)

    def set_collection_private(self, slug: str, *, private: bool) -> None:
        line = f"set {slug} {'private' if private else 'public'}"
        with self._changing("set_collection_private", line):
            self._shelve(self._shelf(slug), private=private)


def _contents(files: Mapping[str, Content]) -> dict[str, bytes]:
    return {p: c if isinstance(c, bytes) else c.read_bytes() for p, c in files.items()}


def _check_note(slug: str, note: str) -> None:
    if len(note) > _NOTE_LENGTH:
        raise BadInput(f"{slug}: a note has at most {_NOTE_LENGTH} characters")

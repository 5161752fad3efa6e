"""Real subclasses of the ports, in memory, for tests."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hubq.errors import BadInput, RemoteMoved, UserError
from hubq.hub.hashes import git_oid
from hubq.hub.port import (
    MAIN,
    Account,
    Content,
    Hub,
    Progress,
    RemoteFile,
    RepoInfo,
)
from hubq.hub.resolve import front_matter
from hubq.hub.weights import check_complete, needed

READER = "hf_" + "r" * 34
WRITER = "hf_" + "w" * 34
ALICE = Account(name="alice", orgs=("acme",), role="write", writable=("alice", "acme"))
LFS_SUFFIXES = (".safetensors", ".bin", ".gguf")


def safetensors(seed: int = 0, size: int = 64) -> bytes:
    """A valid safetensors file with one tensor of `size` bytes."""
    header = {"weight": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}
    raw = json.dumps(header).encode()
    body = bytes((seed + i) % 256 for i in range(size))
    return struct.pack("<Q", len(raw)) + raw + body


def write_raw(path: Path, header: object, data: int) -> Path:
    """Write a safetensors file with this header and as many bytes of data."""
    raw = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(raw)) + raw + bytes(data))
    return path


def write_safetensors(path: Path, tensors: Mapping[str, tuple[int, ...]]) -> Path:
    """Write a safetensors file of zeros in bfloat16."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, shape in tensors.items():
        size = 2
        for width in shape:
            size *= width
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    return write_raw(path, header, end)


def model_files(*, seed: int = 0, license_name: str = "apache-2.0") -> dict[str, bytes]:
    """The files of a small model as a repo holds them."""
    config = {"model_type": "qwen2_vl", "architectures": ["Qwen2VLForConditionalGeneration"]}
    card = f"---\nlicense: {license_name}\nlanguage:\n- en\n---\n# A model\n"
    return {
        "README.md": card.encode(),
        "config.json": json.dumps(config).encode(),
        "generation_config.json": b"{}",
        "model.safetensors": safetensors(seed),
    }


def write_files(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write files into a folder, made when it is not there, and return it."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def remote_file(path: str, content: bytes) -> RemoteFile:
    """The file as a hub lists it: large kinds by SHA-256, the others by git's blob id."""
    lfs = path.endswith(LFS_SUFFIXES)
    oid = hashlib.sha256(content).hexdigest() if lfs else git_oid(content)
    return RemoteFile(size=len(content), oid=oid, lfs=lfs)


class FakeRepo:
    """A repo: every commit's files, and where the branches stand."""

    def __init__(self, commit: str, *, private: bool, gated: bool = False) -> None:
        self.commits: dict[str, dict[str, bytes]] = {commit: {".gitattributes": b"*.bin lfs\n"}}
        self.branches = {MAIN: commit}
        self.private = private
        self.gated = gated


class FakeHub(Hub):
    """A hub in memory.

    `log` has one line per call that changes something; `asked` one per look-up. `fail` plans
    failures, before or after the call took effect.
    """

    def __init__(
        self, folder: Path, *, account: Account | None = ALICE, endpoint: str = "https://hub.test"
    ) -> None:
        self.folder = folder
        self.account = account
        self.repos: dict[str, FakeRepo] = {}
        self.log: list[str] = []
        self.asked: list[str] = []
        self._endpoint = endpoint
        self._failures: list[tuple[str, UserError, bool]] = []
        self._count = 0

    @property
    def endpoint(self) -> str:
        return self._endpoint

    def fail(self, method: str, error: UserError, *, after: bool = False, times: int = 1) -> None:
        """Let the next calls of a method raise, `after` they took effect or before."""
        self._failures += [(method, error, after)] * times

    def add(
        self,
        repo: str,
        files: Mapping[str, bytes],
        *,
        private: bool = False,
        gated: bool = False,
    ) -> str:
        """Put a repo there without going through the port, and return its commit."""
        made = self.repos.setdefault(repo, FakeRepo(self._next(), private=private, gated=gated))
        commit = self._next()
        made.commits[commit] = {**made.commits[made.branches[MAIN]], **files}
        made.branches[MAIN] = commit
        return commit

    def files(self, repo: str, revision: str = MAIN) -> dict[str, bytes]:
        """The content of every file of a repo."""
        found = self._repo(repo)
        return found.commits[self._resolve(repo, revision)]

    def whoami(self) -> Account:
        self.asked.append("whoami")
        if self.account is None:
            raise BadInput(f"no token for {self.endpoint}", remedy="Run `hf auth login`.")
        return self.account

    def dataset(
        self, repo: str, revision: str, pattern: str, progress: Progress | None = None
    ) -> Path:
        del progress
        self.asked.append(f"dataset {repo}")
        folder = self.folder / "datasets" / repo
        for path, content in self.files(repo, revision).items():
            if fnmatch.fnmatch(path, pattern):
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(content)
        return folder

    def info(self, repo: str, revision: str = MAIN) -> RepoInfo:
        self.asked.append(f"info {repo}")
        self._trip("info", after=False)
        files = self.files(repo, revision)
        return RepoInfo(
            repo=repo,
            commit=self._resolve(repo, revision),
            files={path: remote_file(path, content) for path, content in files.items()},
            card=front_matter(files.get("README.md", b"")),
            private=self.repos[repo].private,
            gated=self.repos[repo].gated,
        )

    def read(self, repo: str, commit: str, path: str) -> bytes:
        self.asked.append(f"read {repo} {path}")
        self._open_to_us(repo)
        files = self.files(repo, commit)
        if path not in files:
            raise BadInput(f"{repo}@{commit}: no file {path}")
        return files[path]

    def snapshot(self, repo: str, commit: str, progress: Progress | None = None) -> Path:
        folder = self.folder / repo.replace("/", "--") / commit
        if folder.is_dir():
            return folder
        self.asked.append(f"snapshot {repo}")
        self._open_to_us(repo)
        files = self.files(repo, commit)
        check_complete(files, files.__getitem__, repo)
        write_files(folder, {path: files[path] for path in needed(files)})
        total = sum(len(files[path]) for path in needed(files))
        if progress is not None:
            progress(total, total)
        return folder

    def head(self, repo: str, revision: str = MAIN) -> str | None:
        self.asked.append(f"head {repo}")
        self._trip("head", after=False)
        found = self.repos.get(repo)
        return found.branches.get(revision) if found else None

    def tree(self, repo: str, revision: str = MAIN) -> dict[str, RemoteFile]:
        self.asked.append(f"tree {repo}")
        files = self.files(repo, revision)
        return {path: remote_file(path, content) for path, content in files.items()}

    def create(self, repo: str, *, private: bool) -> str:
        self._trip("create", after=False)
        self.log.append(f"create {repo} {'private' if private else 'public'}")
        self.repos.setdefault(repo, FakeRepo(self._next(), private=private))
        self._trip("create", after=True)
        return self.url(repo)

    def set_private(self, repo: str, *, private: bool) -> None:
        self._trip("set_private", after=False)
        self.log.append(f"set {repo} {'private' if private else 'public'}")
        self._repo(repo).private = private

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
        self._trip("commit", after=False)
        found = self._repo(repo)
        if parent != found.branches[revision]:
            raise RemoteMoved(f"{repo}: changed since the plan")
        content = {p: c if isinstance(c, bytes) else c.read_bytes() for p, c in files.items()}
        tree = {**found.commits[found.branches[revision]], **content}
        for path in deletions:
            del tree[path]
        commit = self._next()
        found.commits[commit] = tree
        found.branches[revision] = commit
        self.log.append(f"commit {repo} {len(files)}+ {len(deletions)}-")
        self._trip("commit", after=True)
        return commit

    def _repo(self, repo: str) -> FakeRepo:
        if repo not in self.repos:
            raise BadInput(f"{repo}: no such model on {self.endpoint}, or no access to it")
        return self.repos[repo]

    def _resolve(self, repo: str, revision: str) -> str:
        found = self._repo(repo)
        commit = found.branches.get(revision, revision)
        if commit not in found.commits:
            raise BadInput(f"{repo}@{revision}: no such branch, tag or commit on {self.endpoint}")
        return commit

    def _open_to_us(self, repo: str) -> None:
        if self._repo(repo).gated:
            raise BadInput(f"{repo}: gated on {self.endpoint}")

    def _trip(self, method: str, *, after: bool) -> None:
        for i, (named, error, late) in enumerate(self._failures):
            if named == method and late is after:
                del self._failures[i]
                raise error

    def _next(self) -> str:
        self._count += 1
        return hashlib.sha1(str(self._count).encode(), usedforsecurity=False).hexdigest()

"""What a push will do to one repo, worked out from look-ups alone."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from hubq.errors import BadInput
from hubq.hub.hashes import LocalFile, local_files
from hubq.hub.manifest import MANIFEST, listed, manifest
from hubq.hub.port import Content, Hub, RemoteFile, RepoInfo
from hubq.hub.scanning import refuse_secrets
from hubq.units import human_size

Change = Literal["added", "changed", "unchanged"]

_SIGNS: dict[Change, str] = {"added": "+", "changed": "~", "unchanged": "="}
_HUB_MADE = ".gitattributes"


class PlannedFile(LocalFile, frozen=True, kw_only=True):
    """A file of the release.

    Attributes:
        change: what sending it does to the repo.
    """

    change: Change


class PushPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a push will do.

    Attributes:
        repo: the repo's id.
        endpoint: of the hub.
        message: of the commit.
        parent: the commit the branch stands at; none when the repo is new.
        private: whether it is to stay hidden.
        hidden: whether it is hidden before the push; a new repo is made hidden.
        files: every file of the release, by path in the repo.
        removed: files of an earlier release of hubq's that this one no longer has.
        kept: files in the repo that hubq did not put there and leaves alone.
    """

    repo: str
    endpoint: str
    message: str
    parent: str | None
    private: bool
    hidden: bool
    files: dict[str, PlannedFile]
    removed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()

    @property
    def new(self) -> bool:
        """Whether the repo does not exist yet."""
        return self.parent is None

    @property
    def reveal(self) -> bool:
        """Whether the push makes the repo visible; never one that holds other people's files."""
        return self.hidden and not self.private and not self.kept

    @property
    def sent(self) -> dict[str, PlannedFile]:
        """The files that have to be sent."""
        return {path: file for path, file in self.files.items() if file.change != "unchanged"}

    @property
    def empty(self) -> bool:
        """Whether the repo holds exactly this release already."""
        return not self.new and not self.sent and not self.removed

    @property
    def size(self) -> int:
        """The bytes of the files that have to be sent."""
        return sum(file.mark.size for file in self.sent.values())

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """Return the plan as people read it, one line per file that changes."""
        state = "new repo" if self.new else f"at {(self.parent or '')[:7]}"
        shown = "made public once verified" if self.reveal else "stays private"
        shown = shown if self.hidden else "public"
        head = f"{self.repo} on {self.endpoint} ({state}, {shown})"
        if self.empty:
            return [head, "  nothing to send: every file is there already"]
        lines = [
            f"  {_SIGNS[file.change]} {path}  {human_size(file.mark.size)}"
            for path, file in sorted(self.sent.items())
        ]
        lines += [f"  - {path}" for path in self.removed]
        same_count = len(self.files) - len(self.sent)
        if same_count:
            lines.append(f"  = {same_count} unchanged")
        if self.kept:
            lines.append(f"  left alone: {', '.join(self.kept)}")
        total = f"  to send: {human_size(self.size)} in {len(self.sent)} files, one commit"
        return [head, *lines, total]


def plan_push(
    hub: Hub,
    repo: str,
    files: Mapping[str, Content],
    *,
    message: str,
    private: bool = False,
    known: Mapping[str, str] = {},
) -> PushPlan:
    """Return what has to be done so that a repo holds a release; sends only look-ups.

    The list of files (`SHA256SUMS`) is added to the release here.

    Args:
        hub: where to.
        repo: `namespace/name`.
        files: path in the repo -> content.
        message: of the commit.
        private: keep the repo hidden.
        known: path in the repo -> SHA-256, for files whose hash was kept when they were made.

    Raises:
        BadInput: no token, no permission, or a path that a repo cannot hold.
        Refused: a file that would be sent holds a secret.
    """
    _check_paths(repo, files)
    check_permission(hub, repo)
    wanted = local_files(files, known)
    sums = manifest({path: file.mark.sha256 for path, file in wanted.items()})
    wanted |= local_files({MANIFEST: sums})
    parent = hub.head(repo)
    remote = hub.info(repo, parent) if parent else None
    there = remote.files if remote else {}
    planned = {path: _planned(file, there.get(path)) for path, file in wanted.items()}
    refuse_secrets({p: f.content for p, f in planned.items() if f.change != "unchanged"})
    removed = _removable(hub, remote, set(planned)) if remote else ()
    kept = tuple(sorted(set(there) - set(planned) - set(removed) - {_HUB_MADE}))
    return PushPlan(
        repo=repo,
        endpoint=hub.endpoint,
        message=message,
        parent=parent,
        private=private,
        hidden=remote.private if remote else True,
        files=planned,
        removed=removed,
        kept=kept,
    )


def check_permission(hub: Hub, target: str) -> None:
    """Make sure that the token may write to a repo or namespace; cheap, so do it early.

    Raises:
        BadInput: it may not, or there is none.
    """
    if not hub.can_write(target):
        raise BadInput(
            f"{target}: {hub.whoami().name}'s token may not write there on {hub.endpoint}",
            remedy="Use a token that may write there, or choose another --namespace.",
        )


def _planned(file: LocalFile, remote: RemoteFile | None) -> PlannedFile:
    change: Change = "added"
    if remote is not None:
        change = "unchanged" if file.matches(remote) else "changed"
    return PlannedFile(content=file.content, mark=file.mark, change=change)


def _removable(hub: Hub, remote: RepoInfo, wanted: set[str]) -> tuple[str, ...]:
    """Return the files that an earlier release put there, this one lacks, and nobody edited."""
    left_over = set(remote.files) - wanted - {_HUB_MADE}
    if not left_over or MANIFEST not in remote.files:
        return ()
    before = listed(hub.read(remote.repo, remote.commit, MANIFEST))
    return tuple(
        path
        for path in sorted(left_over & set(before))
        if _remote_sha256(hub, remote, path) == before[path]
    )


def _remote_sha256(hub: Hub, remote: RepoInfo, path: str) -> str:
    file = remote.files[path]
    if file.lfs:
        return file.oid
    return hashlib.sha256(hub.read(remote.repo, remote.commit, path)).hexdigest()


def _check_paths(repo: str, files: Mapping[str, Content]) -> None:
    """Make sure that every path can stand in a repo and every file is there.

    Raises:
        BadInput: names the first that is not so.
    """
    if repo.count("/") != 1:
        raise BadInput(f"{repo!r} is not a repo id", remedy="Write it as namespace/name.")
    for path, content in files.items():
        parts = path.split("/")
        if not all(parts) or "\\" in path or "\n" in path or {".", "..", ".git"} & set(parts):
            raise BadInput(f"{path!r} cannot be a file's path in a repo")
        if path == MANIFEST:
            raise BadInput(f"{MANIFEST} is written by the push itself")
        if isinstance(content, Path) and not content.is_file():
            raise BadInput(f"{content}: no such file, and {repo} is to hold it as {path}")

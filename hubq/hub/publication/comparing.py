"""Comparing what a hub holds with the disk, hash by hash; nothing is downloaded."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from hubq.errors import StageFailed
from hubq.hub.hashes import LocalFile
from hubq.hub.port import Hub, RemoteFile
from hubq.hub.publication.plan import RepoPlan

HUB_MADE = frozenset({".gitattributes"})
"""What a hub puts into a new repo, and adds lines to when a large file arrives."""

_SHOWN = 3


class Mismatch(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is not on the hub as it is to be.

    Attributes:
        path: in the repo.
        expected: size and hash as it is to be, or `absent`.
        found: size and hash on the hub, or `absent`.
    """

    path: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.path}: expected {self.expected}, found {self.found}"


def mismatches(
    there: Mapping[str, RemoteFile], files: Mapping[str, LocalFile], *, absent: tuple[str, ...] = ()
) -> list[Mismatch]:
    """Return what differs between a listing and the files on the disk.

    Every file is compared by its hash: SHA-256 for LFS, git's blob id otherwise.
    """
    wrong = [
        Mismatch(
            path=path,
            expected=f"{file.mark.size} bytes, sha256 {file.mark.sha256}",
            found=_shown(there.get(path)),
        )
        for path, file in sorted(files.items())
        if not file.matches(there.get(path))
    ]
    wrong += [
        Mismatch(path=path, expected="absent", found=_shown(there[path]))
        for path in absent
        if path in there
    ]
    return wrong


def differences(
    repo: RepoPlan, there: Mapping[str, RemoteFile], before: Mapping[str, RemoteFile]
) -> list[Mismatch]:
    """Return what differs between a listing and what a plan makes of the files that were there.

    Args:
        repo: the plan.
        there: the listing.
        before: what the repo held at the commit the plan starts from; what the release has nothing
            to do with must be as it was.
    """
    wrong = mismatches(there, repo.files, absent=repo.removed)
    others = (set(before) | set(there)) - set(repo.files) - set(repo.removed) - HUB_MADE
    wrong += [
        Mismatch(path=path, expected=_shown(before.get(path)), found=_shown(there.get(path)))
        for path in sorted(others)
        if before.get(path) != there.get(path)
    ]
    return wrong


def require_equal(
    hub: Hub, repo: RepoPlan, commit: str, before: Mapping[str, RemoteFile], what: str
) -> dict[str, RemoteFile]:
    """Return the files of a commit, which must be exactly what the plan makes of them.

    Args:
        hub: where.
        repo: the plan.
        commit: what was made.
        before: what the repo held at the commit the plan starts from.
        what: what the commit is on, for the message.

    Raises:
        StageFailed: names the files that differ.
    """
    there = hub.tree(repo.repo, commit)
    wrong = differences(repo, there, before)
    if wrong:
        raise StageFailed(
            f"{repo.repo}@{commit[:7]} ({what}) on {hub.endpoint} is not what is on the disk: "
            + "; ".join(map(str, wrong[:_SHOWN]))
            + (f"; and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""),
            remedy="Nothing more was done. Undo it with `hubq push --abort`, then push again.",
        )
    return there


def _shown(file: RemoteFile | None) -> str:
    if file is None:
        return "absent"
    return f"{file.size} bytes, {'sha256' if file.lfs else 'git'} {file.oid}"

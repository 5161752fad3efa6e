"""Bringing large files to a hub before a commit: which ones, and by which way.

The hub is asked which files are large and which it has. Then they go by Xet where the hub has it
and this machine can, by LFS elsewhere; the client library would go by what is installed only, and
fail on servers without Xet.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from hubq.errors import BadInput
from hubq.hub import client, xet
from hubq.hub.failures import Call
from hubq.hub.hashes import fingerprint
from hubq.hub.pieces import Meter, Parcel, sample
from hubq.hub.port import MAIN, Content, FileProgress
from hubq.hub.retry import Retries
from hubq.hub.transfer import Transfer, said
from hubq.hub.upload_notes import Notes
from hubq.hub.wire import Wire, repo_path

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd, HfApi

XET = "Xet"
LFS = "LFS"

_ASKED_AT_ONCE = 256


class _Mode(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    path: str
    upload_mode: str
    should_ignore: bool = False
    oid: str | None = None


class _Modes(msgspec.Struct, frozen=True, kw_only=True):
    files: list[_Mode]


class Uploader:
    """Brings large files to the repos of one hub, and remembers which it brought.

    Args:
        retries: how patient to be.
        timeout: seconds without a byte after which a request is given up.
    """

    def __init__(self, retries: Retries, timeout: float = client.TIMEOUT) -> None:
        self._retries = retries
        self._timeout = timeout
        self._brought: set[tuple[str, str]] = set()
        self._xet: dict[tuple[str, bool], bool] = {}

    def upload(
        self,
        api: HfApi,
        call: Call,
        files: Mapping[str, Content],
        *,
        known: Mapping[str, str],
        revision: str = MAIN,
        propose: bool = False,
        notes: Path | None = None,
        progress: FileProgress | None = None,
    ) -> str:
        """Bring the contents of large files to a repo and return how: `Xet`, `LFS`, or empty.

        Args:
            api: the client library's object, with the token.
            call: the hub, the repo and the token.
            files: path in the repo -> content; those that are not large are passed over.
            known: path in the repo -> SHA-256.
            revision: the branch that the commit will be made on.
            propose: whether it will be a pull request.
            notes: the file that remembers which parts have arrived.
            progress: told of each file's bytes.

        Raises:
            UserError: broken off, or refused.
        """
        wire = Wire(call, self._retries, self._timeout)
        parcels = self._large(wire, files, known, revision, propose=propose, progress=progress)
        if not parcels:
            return ""
        if self._has_xet(wire, revision, propose=propose):
            xet.send(api, call, parcels, revision=revision, propose=propose, progress=progress)
            way = XET
        else:
            transfer = Transfer(
                wire,
                Notes(notes, call.endpoint),
                ref="" if propose else revision,
                progress=progress,
            )
            way = LFS if transfer.send(parcels) else ""
        self._brought.update((call.repo, parcel.oid) for parcel in parcels)
        return way

    def mark(self, repo: str, additions: Iterable[CommitOperationAdd]) -> None:
        """Tell the client library what is in a repo already, so that it neither asks nor reads it.

        Args:
            repo: that a commit is about to be made in.
            additions: of that commit, with the SHA-256 of large files filled in.
        """
        for addition in additions:
            info = addition.upload_info
            if info.is_hashed and (repo, info.sha256.hex()) in self._brought:
                addition._upload_mode = "lfs"  # noqa: SLF001 - what its preupload sets as well
                addition._should_ignore = False  # noqa: SLF001
                addition._is_uploaded = True  # noqa: SLF001

    def _has_xet(self, wire: Wire, revision: str, *, propose: bool) -> bool:
        """Return whether Xet is to be used for a repo; the hub is asked once."""
        if not xet.usable():
            return False
        asked = wire.call.repo, propose
        if asked not in self._xet:
            self._xet[asked] = xet.served(wire, revision, propose=propose)
        return self._xet[asked]

    def _large(
        self,
        wire: Wire,
        files: Mapping[str, Content],
        known: Mapping[str, str],
        revision: str,
        *,
        propose: bool,
        progress: FileProgress | None,
    ) -> list[Parcel]:
        """Return the large files that the branch does not have yet, one parcel for each content."""
        modes = self._modes(wire, files, revision, propose=propose)
        ignored = sorted(path for path, mode in modes.items() if mode.should_ignore)
        if ignored:
            raise BadInput(
                f"{wire.call.repo}: the .gitignore there leaves out {', '.join(ignored)}",
                remedy="Take the rule out of that .gitignore.",
            )
        found: dict[str, Parcel] = {}
        for path, mode in modes.items():
            if mode.upload_mode != "lfs":
                continue
            mark = fingerprint(files[path], known.get(path, ""))
            parcel = Parcel(paths=(path,), content=files[path], oid=mark.sha256, size=mark.size)
            if mode.oid == mark.sha256:
                Meter(parcel, progress).finish()
                continue
            before = found.get(mark.sha256, parcel).paths
            paths = tuple(dict.fromkeys((*before, path)))
            found[mark.sha256] = msgspec.structs.replace(parcel, paths=paths)
        return [found[oid] for oid in sorted(found, key=lambda oid: found[oid].name)]

    def _modes(
        self, wire: Wire, files: Mapping[str, Content], revision: str, *, propose: bool
    ) -> dict[str, _Mode]:
        """Return how the hub wants each file; empty ones are never large."""
        path = repo_path(wire.call.repo, "preupload", revision) + _query(propose=propose)
        asked = [
            {
                "path": name,
                "sample": base64.b64encode(sample(files[name])).decode(),
                "size": size,
            }
            for name in sorted(files)
            if (size := _size(files[name]))
        ]
        modes: dict[str, _Mode] = {}
        for start in range(0, len(asked), _ASKED_AT_ONCE):
            body: Any = {"files": asked[start : start + _ASKED_AT_ONCE]}
            answer = said(wire, wire.ask("POST", path, body=body), _Modes)
            modes |= {mode.path: mode for mode in answer.files if mode.path in files}
        return modes


def _size(content: Content) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size


def _query(*, propose: bool) -> str:
    return "?create_pr=1" if propose else ""

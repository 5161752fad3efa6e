"""Plans on disk: contents that are bytes lie beside the journal, files stay where they are."""

from __future__ import annotations

import functools
import typing
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from hubq.errors import Refused
from hubq.hub.hashes import Fingerprint, file_sha256
from hubq.hub.publication import files
from hubq.hub.publication.plan import Change, FamilyPlan, PlannedFile, RepoPlan

T = TypeVar("T", bound=msgspec.Struct)


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a plan.

    Attributes:
        path: where it lies; empty for one that lies beside the journal.
        mtime_ns: its modification time when the plan was stored.
    """

    path: str = ""
    size: int
    sha256: str
    mtime_ns: int = 0
    change: Change


class StoredRepo(msgspec.Struct, frozen=True, kw_only=True):
    """A repo's plan: its files, and the rest as JSON has it."""

    files: dict[str, StoredFile]
    rest: dict[str, Any]


class StoredPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A family's plan: its repos, and the rest as JSON has it."""

    repos: tuple[StoredRepo, ...]
    rest: dict[str, Any]


def store(plan: FamilyPlan, folder: Path) -> StoredPlan:
    """Write the contents of a plan that are bytes into a folder and return the rest.

    Raises:
        Refused: a file has gone, or has another size than planned.
    """
    return StoredPlan(
        repos=tuple(
            StoredRepo(
                files={path: _stored(file, folder) for path, file in repo.files.items()},
                rest=_rest(msgspec.structs.replace(repo, files={}), "files"),
            )
            for repo in plan.repos
        ),
        rest=_rest(msgspec.structs.replace(plan, repos=()), "repos"),
    )


def restore(stored: StoredPlan, folder: Path) -> FamilyPlan:
    """Return a plan as it was stored; its files are not looked at."""
    repos = tuple(
        _made(
            RepoPlan,
            repo.rest,
            files={
                path: PlannedFile(
                    content=_place(file, folder),
                    mark=Fingerprint(size=file.size, sha256=file.sha256),
                    change=file.change,
                )
                for path, file in repo.files.items()
            },
        )
        for repo in stored.repos
    )
    return _made(FamilyPlan, stored.rest, repos=repos)


def require_unchanged(stored: StoredPlan, folder: Path) -> None:
    """Make sure that every file of a plan is as it was when it was planned.

    A file whose size and modification time are as they were is not read again.

    Raises:
        Refused: names the file that changed or has gone.
    """
    for repo in stored.repos:
        for file in repo.files.values():
            place = _place(file, folder)
            mtime_ns = _require_size(place, file.size)
            if file.path and mtime_ns == file.mtime_ns:
                continue
            if file_sha256(place) != file.sha256:
                raise _other(place, "has changed since the publication was planned")


def _stored(file: PlannedFile, folder: Path) -> StoredFile:
    size, sha256 = file.mark.size, file.mark.sha256
    if isinstance(file.content, bytes):
        files.replace(folder / sha256, file.content)
        return StoredFile(size=size, sha256=sha256, change=file.change)
    place = file.content.absolute()
    mtime_ns = _require_size(place, size)
    return StoredFile(
        path=str(place), size=size, sha256=sha256, mtime_ns=mtime_ns, change=file.change
    )


def _place(file: StoredFile, folder: Path) -> Path:
    return Path(file.path) if file.path else folder / file.sha256


def _require_size(place: Path, size: int) -> int:
    """Return the modification time of a file, in nanoseconds.

    Raises:
        Refused: it has gone, or has another size.
    """
    try:
        stat = place.stat()
    except FileNotFoundError:
        raise _other(place, "has gone since the publication was planned") from None
    if stat.st_size != size:
        raise _other(place, "has changed since the publication was planned")
    return stat.st_mtime_ns


def _other(place: Path, what: str) -> Refused:
    return Refused(
        f"{place} {what}; nothing more was sent",
        remedy="Undo what is not yet revealed with `hubq push --abort`, then push again.",
    )


def _rest(value: msgspec.Struct, without: str) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(value)
    del found[without]
    return found


def _made(kind: type[T], rest: dict[str, Any], **given: object) -> T:
    """Return a value of its fields, of which `given` are no JSON; unknown ones are passed over."""
    kinds = _kinds(kind)
    fields = {
        name: msgspec.convert(value, kinds[name]) for name, value in rest.items() if name in kinds
    }
    return kind(**fields, **given)


@functools.cache
def _kinds(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return typing.get_type_hints(kind)

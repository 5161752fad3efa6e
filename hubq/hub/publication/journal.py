"""The journal of a publication: what it is to do, and what it remembers of what it did.

    folder/journal.json          the publication that is under way; replaced by one rename
    folder/files/<sha256>        contents of the plan that are no files of their own
    folder/uploads/<repo>.json   which parts of large files have arrived
    folder/history/<id>.json     the last publications that ended

State is always looked up on the hub: the journal is intent and memory, so a publication goes on
from any point of it, and losing it loses no more than the way back to it.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Literal, Self

import msgspec

from hubq.errors import BadInput, Refused
from hubq.hub.publication import files, stored
from hubq.hub.publication.plan import FamilyPlan
from hubq.model.codec import pretty
from hubq.store import sync_folder

SCHEMA = 1
JOURNAL_FILE = "journal.json"

_KEPT = 5

End = Literal["finished", "aborted"]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What a journal's file holds.

    Attributes:
        schema: of the file.
        plan: what is to be done.
        created: repos that were not there when this publication went to create them.
        branched: repos whose target branch was not there when it went to make it.
        moved: repo -> the commit that holds the release.
        ways: repo -> how its large files went.
        end: how the publication ended; none while it is under way.
    """

    schema: int = SCHEMA
    plan: stored.StoredPlan
    created: tuple[str, ...] = ()
    branched: tuple[str, ...] = ()
    moved: dict[str, str] = {}
    ways: dict[str, str] = {}
    end: End | None = None


class Journal:
    """The journal of a publication that is under way.

    Args:
        folder: of the publications of one release.
        plan: with the contents where they are.
        entry: what its file holds.
    """

    def __init__(self, folder: Path, plan: FamilyPlan, entry: Entry) -> None:
        self.folder = folder
        self.plan = plan
        self.entry = entry

    @classmethod
    def begin(cls, folder: Path, plan: FamilyPlan) -> Self:
        """Write down what a publication is to do; one that is there already is gone on with.

        Raises:
            Refused: another one is under way, or a file of the plan has gone or changed its size.
        """
        there = cls.load(folder)
        if there is not None and there.plan.id != plan.id:
            raise Refused(
                f"{folder}: publication {there.plan.id} is not finished",
                remedy="Go on with it (`hubq push --resume`) or undo it (`hubq push --abort`).",
            )
        if there is not None:
            return cls(folder, plan, there.entry)
        _sweep(folder)
        journal = cls(folder, plan, Entry(plan=stored.store(plan, folder / "files")))
        journal._write()
        return journal

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """Return the journal in a folder; none when no publication is under way.

        Raises:
            BadInput: it is damaged, or of a newer hubq.
        """
        path = folder / JOURNAL_FILE
        try:
            raw = path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            data: Any = msgspec.json.decode(raw)
            if isinstance(data, dict) and data.get("schema") != SCHEMA:
                raise BadInput(
                    f"{path}: written by another version of hubq (schema {data.get('schema')})",
                    remedy="Go on with that version, or remove the file and push again.",
                )
            entry = msgspec.convert(data, Entry)
            plan = stored.restore(entry.plan, folder / "files")
        except (msgspec.DecodeError, TypeError) as error:
            raise BadInput(
                f"{path}: damaged: {error}",
                remedy="Remove it and push again; what is on the hub is found there.",
            ) from None
        return cls(folder, plan, entry)

    def note(self, **changes: Any) -> None:
        """Remember something, by one rename."""
        changed = msgspec.structs.replace(self.entry, **changes)
        if changed != self.entry:
            self.entry = changed
            self._write()

    def require_files(self) -> None:
        """Make sure that every file of the plan is as it was.

        Raises:
            Refused: names the file that changed or has gone.
        """
        stored.require_unchanged(self.entry.plan, self.folder / "files")

    def uploads(self, repo: str) -> Path:
        """Return the file that remembers which parts of a repo's large files have arrived."""
        return self.folder / "uploads" / f"{repo.replace('/', '--')}.json"

    def close(self, end: End) -> None:
        """Put the journal among those of the publications that ended, and keep the last few.

        The new place is written before the old one is removed; a kill in between leaves a
        publication that is found done by the next run.
        """
        self.entry = msgspec.structs.replace(self.entry, end=end)
        past = self.folder / "history"
        files.replace(past / f"{self.plan.id}.json", pretty(self.entry).encode())
        (self.folder / JOURNAL_FILE).unlink(missing_ok=True)
        sync_folder(self.folder)
        _sweep(self.folder)
        older = sorted(past.glob("*.json"), key=lambda file: file.stat().st_mtime_ns)[:-_KEPT]
        for file in older:
            file.unlink(missing_ok=True)

    def _write(self) -> None:
        files.replace(self.folder / JOURNAL_FILE, pretty(self.entry).encode())


def _sweep(folder: Path) -> None:
    """Remove what only a publication that is under way needs."""
    for name in ("files", "uploads"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for part in folder.glob(".*.part"):
        part.unlink(missing_ok=True)

"""Results on disk: content-addressed folders that appear by one rename and never change.

runs/
results/ab/abcd.../    one folder per stage key: result.json and the files it lists
work/abcd.../          a stage in flight; left behind by a kill, thrown away by the next run
partial/abcd.../       what a stage in flight has finished of its parts; kept for the next run
failed/abcd.../TIME/   what a failed stage left (out.json, log.txt); never answers `has`
tasks/DIGEST/          prepared items, shared by every variant
releases/NAME.json     which keys a release is made of: an index, safe to delete
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from hubq.errors import BadInput, StageFailed
from hubq.model.codec import pretty
from hubq.model.result import FileRecord, Result

RESULT_FILE = "result.json"
_BLOCK = 1 << 20


class Store:
    """The results under one runs folder.

    Args:
        root: the runs folder; made when first written to.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, key: str) -> Path:
        """Return where the result of a key is, or would be."""
        return self.root / "results" / key[:2] / key

    def has(self, key: str) -> bool:
        """Say whether there is a result for a key."""
        return (self.folder(key) / RESULT_FILE).is_file()

    def load(self, key: str) -> Result:
        """Read the result of a key.

        Raises:
            BadInput: there is none, or its file was damaged.
        """
        path = self.folder(key) / RESULT_FILE
        try:
            return msgspec.json.decode(path.read_bytes(), type=Result)
        except FileNotFoundError:
            raise BadInput(f"no result {key[:12]} in {self.root}") from None
        except msgspec.DecodeError as error:
            raise BadInput(
                f"{path}: damaged: {error}", remedy=f"Remove {path.parent} and run again."
            ) from error

    def without_places(self, text: str) -> str:
        """Return a text in which folders of this machine are named and not placed.

        Reasons stand on cards and in keys, where a path is nobody's business.
        """
        places = {
            self.root.absolute(): "RUNS",
            Path.home(): "~",
            Path(tempfile.gettempdir()): "TMP",
        }
        for place, name in places.items():
            if len(place.parts) > 1:
                text = re.sub(re.escape(str(place)) + r"(?![\w.-])", name, text)
        return text

    def work(self, key: str) -> Path:
        """Return a fresh, empty folder for a stage in flight; what a killed run left is removed."""
        folder = self.root / "work" / key
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        return folder

    def commit(self, files: Path, result: Result, *, replace: bool = False) -> Result:
        """Turn a folder of files into the result of a key, by one rename.

        Every file is hashed and flushed to disk before the rename, so that a result is there whole
        or not at all. When another run committed the same key first, that result stays.

        Args:
            files: the folder, on the same file system as the store.
            result: what to write in it; its `files` are filled in here.
            replace: take the place of a result that is there (of a stage that is done each time).

        Returns:
            The result as it is in the store.
        """
        records = {name: record_file(files / name) for name in sorted(_walk(files))}
        whole = msgspec.structs.replace(result, files=records)
        _write_durably(files / RESULT_FILE, pretty(whole).encode())
        for folder in [files, *(path for path in files.rglob("*") if path.is_dir())]:
            sync_folder(folder)
        target = self.folder(result.key)
        target.parent.mkdir(parents=True, exist_ok=True)
        if replace and target.exists():
            target.rename(self.work(f"old-{result.key}") / "files")
        try:
            files.rename(target)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            if not self.has(result.key):
                shutil.rmtree(target)
                files.rename(target)
        sync_folder(target.parent)
        shutil.rmtree(self.partial(result.key), ignore_errors=True)
        self.discard(f"old-{result.key}")
        return self.load(result.key)

    def partial(self, key: str) -> Path:
        """Return where a stage in flight keeps the parts that it has finished.

        It outlives a kill and goes when the stage is committed.
        """
        return self.root / "partial" / key

    def discard(self, key: str) -> None:
        """Remove what a stage in flight left, but for its finished parts."""
        shutil.rmtree(self.root / "work" / key, ignore_errors=True)

    def keep_failure(self, key: str, stamp: str) -> Path:
        """Move a failed stage's folder aside, for people to look at.

        Args:
            key: the stage's key.
            stamp: the time, as it may stand in a file name.

        Returns:
            Where it is now.
        """
        target = self.root / "failed" / key / stamp
        target.parent.mkdir(parents=True, exist_ok=True)
        work = self.root / "work" / key
        if work.exists():
            work.rename(target)
        return target

    def verify(self, key: str) -> list[str]:
        """Return the files of a result that are missing or changed since it was committed."""
        folder, result = self.folder(key), self.load(key)
        return [
            name
            for name, record in result.files.items()
            if not (folder / name).is_file() or record_file(folder / name) != record
        ]

    def derived(self, kind: str, digest: str, make: Callable[[Path], None]) -> Path:
        """Return a folder that is derived from other data, making it when it is not there.

        Args:
            kind: the folder's kind, such as `tasks`.
            digest: what it is derived from.
            make: writes the files into the empty folder it is given.
        """
        target = self.root / kind / digest
        if target.is_dir():
            return target
        building = self.work(f"{kind}-{digest}")
        make(building)
        target.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(OSError):
            building.rename(target)
        shutil.rmtree(building, ignore_errors=True)
        return target

    def write_index(self, name: str, text: str) -> None:
        """Write a release's index, replacing the old one atomically."""
        path = self.index(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        _write_durably(temporary, text.encode())
        temporary.replace(path)

    def index(self, name: str) -> Path:
        """Return the path of a release's index."""
        return self.root / "releases" / f"{name}.json"

    @contextlib.contextmanager
    def locked(self, name: str, waiting: Callable[[str], None]) -> Iterator[None]:
        """Hold the runs folder for one release at a time.

        The lock is the kernel's (flock): it is gone when its holder dies, however it dies.

        Args:
            name: what is running, for the other's message.
            waiting: told who holds the lock, once, before this run waits for it.
        """
        import filelock

        self.root.mkdir(parents=True, exist_ok=True)
        holder = self.root / "holder.txt"
        lock = filelock.FileLock(self.root / "lock")
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            who = holder.read_text().strip() if holder.exists() else "another run"
            waiting(f"{self.root} is held by {who}; waiting for it to end")
            lock.acquire()
        try:
            holder.write_text(f"{name} (process {os.getpid()})\n")
            yield
        finally:
            holder.unlink(missing_ok=True)
            lock.release()

    def need_space(self, size: int) -> None:
        """Refuse to start when the disk has not `size` bytes free.

        Raises:
            BadInput: the disk is too full; says how much is needed and how much is there.
        """
        place = self.root
        while not place.exists():
            place = place.parent
        free = shutil.disk_usage(place).free
        if free < size:
            raise BadInput(
                f"{self.root}: {size / 1e9:.1f} GB needed, {free / 1e9:.1f} GB free",
                remedy="Free space, or choose another disk with --runs-dir.",
            )


def record_file(path: Path) -> FileRecord:
    """Return size and SHA-256 of a file."""
    sha, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            sha.update(block)
            size += len(block)
    return FileRecord(size=size, sha256=sha.hexdigest())


def _walk(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        if path.is_symlink():
            raise StageFailed(f"{path}: a result may hold no links")
        if path.is_file() and path != folder / RESULT_FILE:
            yield path.relative_to(folder).as_posix()


def _write_durably(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Make what was renamed or removed in a folder outlive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

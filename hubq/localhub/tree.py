"""A commit's files seen as folders, with git's own ids."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec

from hubq.localhub.problems import EntryNotFoundError
from hubq.localhub.values import FileEntry


class Folder(msgspec.Struct, frozen=True, kw_only=True):
    """A folder of a commit; `oid` is git's id of the tree below it, `size` its bytes."""

    oid: str
    size: int


def walk(
    files: Mapping[str, FileEntry], path: str = "", *, recursive: bool = False
) -> dict[str, FileEntry | Folder]:
    """Return what lies in a folder by full path, folders and files sorted by name.

    Raises:
        EntryNotFoundError: there is no such folder.
    """
    prefix = f"{path}/" if path else ""
    inside = {name: entry for name, entry in files.items() if name.startswith(prefix)}
    if path and not inside:
        raise EntryNotFoundError(f"Entry not found: {path}")
    found: dict[str, FileEntry | Folder] = {}
    for name, entry in inside.items():
        parts = name.removeprefix(prefix).split("/")
        depths = range(1, len(parts)) if recursive else range(1, min(2, len(parts)))
        for depth in depths:
            name_of_folder = prefix + "/".join(parts[:depth])
            if name_of_folder not in found:
                found[name_of_folder] = folder(files, name_of_folder)
        if recursive or len(parts) == 1:
            found[name] = entry
    return dict(sorted(found.items()))


def lookup(files: Mapping[str, FileEntry], path: str) -> FileEntry | Folder | None:
    """Return the file or folder at a path, None when there is nothing."""
    path = path.strip("/")
    if path in files:
        return files[path]
    if any(name.startswith(f"{path}/") for name in files):
        return folder(files, path)
    return None


def folder(files: Mapping[str, FileEntry], path: str) -> Folder:
    """Return a folder's git id (sha1 of its tree object) and size."""
    prefix = f"{path}/" if path else ""
    rows: dict[bytes, bytes] = {}
    size = 0
    for name, entry in files.items():
        if not name.startswith(prefix):
            continue
        size += entry.size
        head, _, below = name.removeprefix(prefix).partition("/")
        # Git sorts a folder as if its name ended in a slash.
        key = head.encode() + (b"/" if below else b"")
        if key not in rows:
            oid = folder(files, prefix + head).oid if below else entry.git
            mode = b"40000" if below else b"100644"
            rows[key] = mode + b" " + head.encode() + b"\0" + bytes.fromhex(oid)
    content = b"".join(rows[key] for key in sorted(rows))
    digest = hashlib.sha1(b"tree %d\0" % len(content) + content, usedforsecurity=False)
    return Folder(oid=digest.hexdigest(), size=size)

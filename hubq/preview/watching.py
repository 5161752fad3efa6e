"""Fingerprints of what a page is made from: they change when the page has to be made again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from hubq.release.session import Release
from hubq.store import Store


def files_state(places: Iterable[Path]) -> str:
    """Return a digest of names, sizes and times of files, and of every template in folders."""
    sha = hashlib.sha256()
    for place in places:
        found = sorted(place.rglob("*.j2")) if place.is_dir() else [place]
        for path in found:
            sha.update(f"{path}\0{_state(path)}\n".encode())
    return sha.hexdigest()


def release_state(runs_dir: Path, release: Release) -> str:
    """Return a digest of a release's index and of which of its results are there."""
    store = Store(runs_dir)
    there = [stage for stage, key in sorted(release.keys.items()) if key and store.has(key)]
    index = files_state([store.index(release.name)])
    return hashlib.sha256("\n".join([index, *there]).encode()).hexdigest()


def _state(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return "missing"
    return f"{found.st_size} {found.st_mtime_ns}"

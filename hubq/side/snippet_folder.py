"""The folder that a card's snippets run in: a Hub's cache that holds the checkpoint, and materials.

The snippets name a repo that may not be published yet. A private cache is laid out as the Hub's
client does it, with the checkpoint's files for that repo's only commit, and the client is told to
stay offline: so the code runs as it stands on the card, on the files that will be published.
"""

from __future__ import annotations

import hashlib
import os
import struct
import sys
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import snippet_clip
import snippet_vllm

PICTURES = ("picture.png", "picture-2.png")
CLIP = "clip.mp4"
#: Three by three cells of so many pixels a side.
CELL = 28
_WHITE = (255, 255, 255)
_COLOURS = {
    "picture.png": [(220, 30, 30), (20, 150, 50), (30, 70, 220)],
    "picture-2.png": [(235, 200, 20), (140, 40, 170), (245, 130, 20)],
}
_OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE")
_SECRETS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")


class Folder:
    """Everything that the snippets of one card find on the disk.

    Args:
        root: an empty folder.
        repos: repo id -> the folder of its files.
        codes: the snippets' code: what none of them names is not made.

    Attributes:
        root: the folder.
        place: where the snippets run.
        environ: what they find in their environment: this process's, and where the Hub is.
        missing: file -> why a snippet that names it cannot be run.
    """

    def __init__(self, root: Path, repos: Mapping[str, str], codes: Iterable[str]) -> None:
        self.root, self.place = root, root / "place"
        self.place.mkdir(parents=True)
        self._home = root / "huggingface"
        for repo, files in repos.items():
            lay_out(self._home / "hub", repo, Path(files))
        self.environ = self._environ()
        self.missing: dict[str, str] = {}
        text = "\n".join(codes)
        for name in PICTURES:
            (self.place / name).write_bytes(picture(name))
        if CLIP in text and (why := snippet_clip.make(self.place / CLIP)):
            self.missing[CLIP] = why

    def _environ(self) -> dict[str, str]:
        programs = self.root / "bin"
        programs.mkdir()
        snippet_vllm.install(programs)
        found = {name: value for name, value in os.environ.items() if name not in _SECRETS}
        found.pop("TRANSFORMERS_CACHE", None)
        path = [str(programs), str(Path(sys.executable).parent), found.get("PATH", os.defpath)]
        return {
            **found,
            **dict.fromkeys(_OFFLINE, "1"),
            "HF_HOME": str(self._home),
            "HF_HUB_CACHE": str(self._home / "hub"),
            "HF_MODULES_CACHE": str(self._home / "modules"),
            "PATH": os.pathsep.join(path),
        }


def lay_out(cache: Path, repo: str, files: Path) -> Path:
    """Make a cache of the Hub's client hold one commit of a repo; return that commit's folder.

    Args:
        cache: the cache's folder.
        repo: `namespace/name`.
        files: what the commit holds; linked, not copied.
    """
    commit = hashlib.sha1(repo.encode(), usedforsecurity=False).hexdigest()
    folder = cache / ("models--" + repo.replace("/", "--"))
    snapshot = folder / "snapshots" / commit
    for path in sorted(files.rglob("*")):
        if path.is_file():
            link = snapshot / path.relative_to(files)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path.absolute())
    (folder / "refs").mkdir(parents=True, exist_ok=True)
    (folder / "refs" / "main").write_text(commit, encoding="ascii")
    return snapshot


def picture(name: str) -> bytes:
    """Return a picture of nine cells, coloured ones on the diagonal, as PNG; always the same."""
    colours = _COLOURS[name]
    rows = []
    for y in range(3 * CELL):
        row = bytearray(b"\0")
        for x in range(3 * CELL):
            edge = min(x % CELL, y % CELL, CELL - 1 - x % CELL, CELL - 1 - y % CELL) < CELL // 6
            drawn = x // CELL == y // CELL and not edge
            row += bytes(colours[x // CELL] if drawn else _WHITE)
        rows.append(bytes(row))
    size = struct.pack(">2I5B", 3 * CELL, 3 * CELL, 8, 2, 0, 0, 0)
    data = zlib.compress(b"".join(rows), 9)
    chunks = (_chunk(b"IHDR", size), _chunk(b"IDAT", data), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

"""The digest of what turns facts into a card: templates and program. Light to import."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_PROGRAM = (
    *("cards/**/*.py", "markdown/*.py", "model/card.py", "model/marks.py", "render.py"),
    *("stats/*.py", "bench/pricing.py"),
    *("recipes.py", "model/recipe.py", "model/suite.py", "model/workload.py"),
)


def templates_digest(templates: tuple[Path, ...]) -> str:
    """Return the SHA-256 over all template files and over the program that fills them in.

    Args:
        templates: folders of templates, in the order in which they are searched.
    """
    sha = hashlib.sha256()
    for number, folder in enumerate(templates):
        for path in sorted(folder.rglob("*.j2")):
            _add(sha, f"{number}/{path.relative_to(folder).as_posix()}", path)
    package = _HERE.parent
    for pattern in _PROGRAM:
        for path in sorted(package.glob(pattern)):
            _add(sha, f"hubq/{path.relative_to(package).as_posix()}", path)
    return sha.hexdigest()


def _add(sha: hashlib._Hash, name: str, path: Path) -> None:
    about = path.stat()
    sha.update(f"{name}\0{_content(path, about.st_mtime_ns, about.st_size)}\n".encode())


@lru_cache(maxsize=1024)
def _content(path: Path, _changed: int, _size: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()

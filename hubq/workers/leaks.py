"""What a worker wrote is rid of secrets before anybody keeps, hashes or shows it.

A worker is given none, but code that it runs may find one: in the user's home, in an answer.
"""

from __future__ import annotations

from pathlib import Path

from hubq.secrets import redact_file

_SAID = ("log.txt", "out.json")
_TEXT = frozenset({".csv", ".json", ".jsonl", ".log", ".md", ".txt", ".tsv", ".yaml", ".yml"})
_CHECKPOINT = "checkpoint"


def cleanse(control: Path) -> tuple[str, ...]:
    """Take the secrets out of what a job's folder holds and return the files that had some.

    Out of the log and out.json also what only looks like a secret; out of other texts, which are
    results, only the secrets in use on this machine. A checkpoint stays as it is: what is found in
    it keeps it from being published.

    Args:
        control: the job's folder, its worker idle or ended.
    """
    said = [control / name for name in _SAID]
    found = [path for path in said if path.is_file() and redact_file(path)]
    results = (path for path in sorted((control / "files").rglob("*")) if _is_text(path, control))
    found += [path for path in results if redact_file(path, in_use_only=True)]
    return tuple(path.relative_to(control).as_posix() for path in found)


def _is_text(path: Path, control: Path) -> bool:
    inside = path.relative_to(control / "files").parts
    return (
        path.suffix in _TEXT
        and inside[0] != _CHECKPOINT
        and not path.is_symlink()
        and path.is_file()
    )

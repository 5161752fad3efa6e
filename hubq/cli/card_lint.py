"""`hubq card lint`: what is wrong with a README, found offline."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from hubq.cli import output
from hubq.cli.options import format_option
from hubq.errors import BadInput
from hubq.markdown.lint import lint as find
from hubq.model.finding import Finding, Severity

_STDIN = "-"
_LEVELS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "hint"}
"""What this command has always called severities."""


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=str))
@format_option
def lint(files: tuple[str, ...], format_: str) -> None:
    """Check model cards by the Hub's rules, offline.

    FILES are READMEs, folders that hold some, or - for standard input. Links are followed where a
    config.json beside the file says that its folder is a model's repo. Ends with 1 when anything is
    an error.
    """
    found = {name: found for one in files for name, found in _linted(one)}
    if format_ == "json":
        output.data(
            [{"file": name, "findings": list(map(_plain, all_))} for name, all_ in found.items()]
        )
    else:
        _tell(found)
    if any(one.severity == "error" for all_ in found.values() for one in all_):
        sys.exit(1)


def _linted(name: str) -> Iterator[tuple[str, tuple[Finding, ...]]]:
    """Yield each README that a name stands for, with what is wrong with it.

    Raises:
        BadInput: there is no such file, or no README in the folder.
    """
    if name == _STDIN:
        yield name, find(_text(sys.stdin.buffer.read()))
        return
    for path in _readmes(Path(name)):
        in_repo = (path.parent / "config.json").is_file()
        yield str(path), find(_text(path.read_bytes()), path.parent if in_repo else None)


def _readmes(path: Path) -> list[Path]:
    if not path.exists():
        raise BadInput(f"{path}: no such file or folder")
    if path.is_file():
        return [path]
    found = sorted(path.rglob("README.md")) or sorted(path.glob("*.md"))
    if not found:
        raise BadInput(f"{path}: no README.md in it", remedy="Name the file itself.")
    return found


def _text(content: bytes) -> str:
    return content.decode("utf-8", errors="replace")


def _plain(one: Finding) -> dict[str, object]:
    return {
        "level": _LEVELS[one.severity],
        "rule": one.rule,
        "line": one.line,
        "message": one.found,
        "fix": one.remedy,
    }


def _tell(found: dict[str, tuple[Finding, ...]]) -> None:
    """Write findings, one a line with what to do under it, and how many there are."""
    for name, findings in found.items():
        for one in findings:
            level = _LEVELS[one.severity]
            output.text(f"{name}:{one.line}: {level} {one.rule}: {one.found}")
            output.text(f"    {one.remedy}")
    errors = sum(one.severity == "error" for findings in found.values() for one in findings)
    total = sum(map(len, found.values()))
    output.say(f"{len(found)} files, {total} findings, {errors} of them errors")

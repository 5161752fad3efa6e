"""How commands speak: data to stdout, everything else to stderr; text or JSON; no secrets."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

import click

from hubq.model.codec import pretty
from hubq.secrets import redact


def data(value: object) -> None:
    """Write a value to stdout as indented JSON."""
    click.echo(redact(pretty(value)), nl=False)


def text(line: str) -> None:
    """Write text that was asked for to stdout."""
    click.echo(redact(line))


def say(line: str) -> None:
    """Tell people something on stderr."""
    click.echo(redact(line), err=True)


def confide(line: str) -> None:
    """Tell the person who asked something that only they may know, on stderr, as it is."""
    click.echo(line, err=True)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write rows to stdout in columns as wide as their widest cell."""
    widths = [
        max(len(str(row[column])) for row in [headings, *rows]) for column in range(len(headings))
    ]
    for row in [headings, *rows]:
        cells = (str(cell).ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo(redact("  ".join(cells).rstrip()))


def facts(pairs: Mapping[str, object]) -> None:
    """Write name and value pairs to stdout, one a line."""
    width = max(map(len, pairs), default=0)
    for name, value in pairs.items():
        click.echo(redact(f"{name.ljust(width)}  {value}"))


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something that others will see.

    Raises:
        click.Abort: the answer was no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"{question} Say --yes, since nobody can be asked here.")
    click.confirm(question, abort=True, err=True)

"""`hubq card render`: cards and the family report, and the report on published tables."""

from __future__ import annotations

from pathlib import Path

import click

from hubq.cli import output
from hubq.cli.options import format_option, release_options
from hubq.cli.running import run
from hubq.model.stage import Kind
from hubq.release.options import Options


@click.command()
@release_options
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the report on an import's tables goes  [default: NAME-card]",
)
@format_option
def render(options: Options, out: Path | None, format_: str) -> None:
    """Render the cards of SOURCE's variants and the family report; publish nothing.

    Where SOURCE names an import (hubq import table), render a report on its published tables.
    """
    from hubq.release.published_report import is_published

    if is_published(options):
        _published(options, out, format_)
        return
    if out is not None:
        raise click.UsageError("--out is for imports; cards of a release go to the runs folder.")
    run(options, [Kind.CARD], yes=True, format_=format_)


def _published(options: Options, out: Path | None, format_: str) -> None:
    from hubq.release.published_report import write_published

    files = write_published(options, out)
    if format_ == "json":
        output.data({"files": [str(file) for file in files]})
        return
    for file in files:
        output.text(str(file))

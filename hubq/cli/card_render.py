"""`hubq card render`: cards and the family report."""

from __future__ import annotations

import click

from hubq.cli.options import format_option, release_options
from hubq.cli.running import run
from hubq.model.stage import Kind
from hubq.release.options import Options


@click.command()
@release_options
@format_option
def render(options: Options, format_: str) -> None:
    """Render the cards of SOURCE's variants and the family report; publish nothing."""
    run(options, [Kind.CARD], yes=True, format_=format_)

"""`hubq plan`: what a release would do."""

from __future__ import annotations

import click

from hubq.cli.options import format_option, release_options
from hubq.cli.planning import print_plan
from hubq.plan import ORDER
from hubq.release.options import Options


@click.command()
@release_options
@format_option
def plan(options: Options, format_: str) -> None:
    """Print the stages of SOURCE's release, what is cached, and where its repos will go.

    Nothing is started, and nothing is written to the Hub.
    """
    print_plan(options, ORDER, format_)

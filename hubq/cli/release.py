"""`hubq release`: the whole way from a source to a published family."""

from __future__ import annotations

import click

from hubq.cli.options import format_option, release_options, yes_option
from hubq.cli.planning import print_plan
from hubq.cli.running import run
from hubq.cli.terms import terms_options
from hubq.model.stage import Kind
from hubq.plan import ORDER
from hubq.release.options import Options


@click.command()
@release_options
@terms_options
@click.option(
    "--until",
    type=click.Choice([kind.value for kind in ORDER]),
    default=ORDER[-1].value,
    show_default=True,
    help="The last kind of stage to run.",
)
@click.option("--dry-run", is_flag=True, help="Print the plan; start nothing.")
@yes_option
@format_option
def release(options: Options, until: str, dry_run: bool, yes: bool, format_: str) -> None:
    """Quantize, certify, evaluate, time, describe and publish SOURCE's family.

    SOURCE is a Hub id (org/name, with @revision if you like; pinned to a commit at once) or a
    folder. What is already made is taken as it is; the same command goes on after any interruption.
    """
    kinds = ORDER[: ORDER.index(Kind(until)) + 1]
    if dry_run:
        print_plan(options, kinds, format_)
    else:
        run(options, kinds, yes=yes, format_=format_)

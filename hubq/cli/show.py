"""`hubq show`: where a number on a card comes from."""

from __future__ import annotations

from pathlib import Path

import click

from hubq.cards.show import describe
from hubq.cli import output
from hubq.cli.options import format_option, runs_dir_option
from hubq.release.tracing import claims_of, trace_claim


@click.command()
@click.argument("claim", required=False)
@click.option("--release", "name", help="The release  [default: the only one]")
@click.option("--variant", help="The card; empty for the family report.", default="")
@runs_dir_option
@format_option
def show(claim: str | None, name: str | None, variant: str, runs_dir: Path, format_: str) -> None:
    """Print where the number CLAIM on a card comes from, and read it again there.

    Without CLAIM, list the card's claims. A claim is named as in hubq.json, such as
    score.GPTQ-Int4.DocVQA_VAL.
    """
    if claim is None:
        claims = claims_of(runs_dir, name, variant)
        if format_ == "json":
            output.data(claims)
        else:
            output.table(["claim", "shown"], [[c.id, c.shown] for c in claims])
        return
    found = trace_claim(runs_dir, name, variant, claim)
    if format_ == "json":
        output.data(found)
    else:
        output.text(describe(found).rstrip())
    if not found.agrees:
        raise click.exceptions.Exit(1)

"""A verb for each stage: the part of a release up to it."""

from __future__ import annotations

import click

from hubq.cli.options import format_option, release_options, yes_option
from hubq.cli.running import run
from hubq.model.stage import Kind
from hubq.release.options import Options


@click.command()
@release_options
@format_option
def quantize(options: Options, format_: str) -> None:
    """Make the quantized variants of SOURCE."""
    run(options, [Kind.QUANTIZE], yes=True, format_=format_)


@click.command()
@release_options
@format_option
def evaluate(options: Options, format_: str) -> None:
    """Generate answers with SOURCE and its variants, and score them."""
    run(options, [Kind.GENERATE, Kind.SCORE], yes=True, format_=format_)


@click.command()
@release_options
@yes_option
@format_option
def push(options: Options, yes: bool, format_: str) -> None:
    """Publish the repos of SOURCE's variants, after everything they need."""
    run(options, [Kind.PUSH], yes=yes, format_=format_)


@click.command()
@release_options
@yes_option
@format_option
def verify(options: Options, yes: bool, format_: str) -> None:
    """Compare SOURCE's published repos, file by file, with what was made."""
    run(options, [Kind.VERIFY], yes=yes, format_=format_)

"""`hubq bench`: speed and memory."""

from __future__ import annotations

import click

from hubq.cli.options import format_option, release_options
from hubq.cli.running import run
from hubq.model.stage import Kind
from hubq.release.options import Options


@click.group()
def bench() -> None:
    """Measure speed and memory."""


@bench.command("run")
@release_options
@format_option
def bench_run(options: Options, format_: str) -> None:
    """Measure SOURCE and its variants on the recipe's workloads, one at a time."""
    run(options, [Kind.BENCH], yes=True, format_=format_)

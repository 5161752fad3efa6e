"""A verb for each stage: the part of a release up to it."""

from __future__ import annotations

import click
import msgspec

from hubq.cli import output
from hubq.cli.options import format_option, release_options
from hubq.cli.running import run, say_outcome
from hubq.cli.scores import show_scores
from hubq.model.stage import Kind
from hubq.release.options import Options
from hubq.release.run import Report
from hubq.release.scoreboard import scoreboard
from hubq.release.session import Session


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
    """Generate answers with SOURCE and its variants, score them, and compare the variants.

    Each variant is compared with the source item by item; docs/statistics.md says how to read it.
    """
    run(options, [Kind.GENERATE, Kind.SCORE], yes=True, format_=format_, show=_show_scores)


def _show_scores(session: Session, report: Report, format_: str) -> None:
    found = scoreboard(session, report)
    if format_ == "json":
        output.data({**msgspec.to_builtins(report), **msgspec.to_builtins(found)})
        return
    say_outcome(report)
    show_scores(found)

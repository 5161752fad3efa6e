"""`hubq card test`: run the code on cards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hubq.cli import output
from hubq.cli.options import format_option, release_options
from hubq.cli.progress import watching
from hubq.cli.running import say_outcome
from hubq.errors import BadInput
from hubq.model.stage import Kind
from hubq.plan.snippets import SNIPPET_S
from hubq.release.options import Options
from hubq.release.session import Session
from hubq.release.snippet_tests import Against, Tested, try_readme, try_release

FAILED = 1


@click.command("test")
@release_options
@click.option(
    "--checkpoint",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The model folder that a README's code is run against.",
)
@click.option(
    "--environment", default="", help="Where a README's code is run  [default: by engine]"
)
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=1),
    default=float(SNIPPET_S),
    show_default=True,
    help="How long a README's script may take, in seconds.",
)
@format_option
def test(options: Options, checkpoint: Path | None, format_: str, **how: Any) -> None:
    """Run the code on the cards of SOURCE's release, or of SOURCE, a README, with --checkpoint.

    Of a README the code for --engine is run, transformers if none is named.

    The code runs unchanged and offline: the repo that it names is the checkpoint on this machine.
    Servers are started and stopped. What a release's snippets came to is kept as of any stage.
    """
    if Path(options.source).is_file():
        tested, code = _readme(options, checkpoint, how), 0
    else:
        tested, code = _release(options)
    _show(tested, format_)
    if code or any(one.state == "failed" for one in tested):
        raise click.exceptions.Exit(code or FAILED)


def _readme(options: Options, checkpoint: Path | None, how: dict[str, Any]) -> tuple[Tested, ...]:
    if checkpoint is None:
        raise BadInput(
            f"{options.source}: a README's code is run against a model folder",
            remedy="Name it with --checkpoint DIR.",
        )
    engine = options.engine or "transformers"
    against = Against(checkpoint=checkpoint, engine=engine, **how)
    return try_readme(Path(options.source), against, options, output.say)


def _release(options: Options) -> tuple[tuple[Tested, ...], int]:
    with Session(options, [Kind.CARD], output.say) as session:
        tested, report = try_release(session, watching)
    say_outcome(report)
    return tested, report.exit_code


def _show(tested: tuple[Tested, ...], format_: str) -> None:
    if format_ == "json":
        output.data(tested)
        return
    rows = [
        [one.card, str(one.line), one.title, one.language, one.state, _seconds(one), one.said]
        for one in tested
    ]
    output.table(["card", "line", "under", "code", "state", "took", "said"], rows)


def _seconds(one: Tested) -> str:
    return f"{one.seconds:.1f} s" if one.seconds else ""

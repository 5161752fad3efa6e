"""The program: a lazy table of commands, and what becomes of errors."""

from __future__ import annotations

import io
import signal
import sys
from types import FrameType
from typing import NoReturn

import click

from hubq.cli.crashes import guard
from hubq.cli.lazy import LazyGroup
from hubq.secrets import redact

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("hubq.cli.demo:demo", "Release the bundled nano model to an embedded Hub."),
    "release": ("hubq.cli.release:release", "Take a source the whole way to a published family."),
    "plan": ("hubq.cli.plan:plan", "Show what a release would do; start nothing."),
    "status": ("hubq.cli.status:status", "Show a release's stages and their states."),
    "show": ("hubq.cli.show:show", "Show where a number on a card comes from."),
    "quantize": ("hubq.cli.stages:quantize", "Make the quantized variants."),
    "certify": ("hubq.cli.certify:certify", "Check a checkpoint, or the variants of a source."),
    "evaluate": ("hubq.cli.stages:evaluate", "Generate answers and score them."),
    "bench": ("hubq.cli.bench:bench", "Measure speed and memory."),
    "card": ("hubq.cli.card:card", "Render, check, test and update model cards."),
    "preview": ("hubq.cli.preview:preview", "Show cards in a browser as the Hub shows them."),
    "push": ("hubq.cli.push:push", "Publish the variants' repos."),
    "verify": ("hubq.cli.verify:verify", "Check published repos against their evidence."),
    "audit": ("hubq.cli.audit:audit", "Check published cards and repos: is what they say true?"),
    "import": ("hubq.cli.import_:import_", "Take over scores that were made elsewhere."),
    "export": ("hubq.cli.export:export", "Write scores in other formats."),
    "recipe": ("hubq.cli.recipe:recipe", "List, show, copy and check recipes."),
    "env": ("hubq.cli.env:env", "Build and describe the workers' environments."),
    "hub": ("hubq.cli.hub:hub", "Serve the embedded Hub."),
}
"""name -> where it is, and its line in the help; nothing is imported to print it."""


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from hubq.version import version

        click.echo(f"hubq {version()}")
        ctx.exit()


@click.group(
    cls=LazyGroup, table=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Show the version and exit.",
)
def cli() -> None:
    r"""Release engineering for quantized models.

    Quantize a model into a family, evaluate and time every variant against the BF16 source, and
    publish it with model cards on which every number can be traced.

    \b
    Exit codes: 0 good; 1 a stage or check failed; 2 wrong use, nothing done; 3 refused by a guard;
    4 Hub or network, try again; 5 the remote moved, plan again; 130 interrupted.
    """


def main() -> NoReturn:
    """Run the program and exit with its code."""
    guard()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.ClickException as error:
        _wrong_use(error)
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted; the same command goes on from here", err=True)
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 - what is no user error goes on up from there
        code = _user_error(error)
    sys.exit(code if isinstance(code, int) else 0)


def _user_error(error: Exception) -> int:
    """Say a user error and return its exit code; anything else is a bug and goes on up."""
    from hubq.errors import UserError

    if not isinstance(error, UserError):
        raise error
    click.echo(f"Error: {redact(error.message)}", err=True)
    if error.remedy:
        click.echo(redact(error.remedy), err=True)
    return error.exit_code


def _wrong_use(error: click.ClickException) -> None:
    """Say what is wrong with a command line; a token may stand in it by mistake."""
    said = io.StringIO()
    error.show(file=said)
    click.echo(redact(said.getvalue()), err=True, nl=False)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    del number, frame
    raise KeyboardInterrupt

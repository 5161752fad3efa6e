"""`hubq demo`: the main job, for real, on the bundled nano model."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hubq.cli import output
from hubq.cli.running import PORT, run
from hubq.errors import BadInput
from hubq.plan import ORDER
from hubq.release.demo import NAMESPACE, demo_options, publish_source
from hubq.release.endpoint import local_server, wait_for_interrupt


@click.command()
@click.option(
    "--runs-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("hubq-demo"),
    show_default=True,
    help="Where everything goes.",
)
def demo(runs_dir: Path) -> None:
    """Release the bundled nano model: quantize, evaluate, time, describe, publish, all for real.

    The repos go to an embedded Hub in the runs folder. In a terminal the Hub is served afterwards,
    until Ctrl-C, so that the cards can be read in a browser.
    """
    publish_source(runs_dir, output.say)
    run(demo_options(runs_dir), ORDER, yes=True)
    if sys.stdout.isatty():
        _serve(runs_dir)
    else:
        output.text(f"family, once served: http://127.0.0.1:{PORT}/{NAMESPACE}")


def _serve(runs_dir: Path) -> None:
    """Serve the embedded Hub until Ctrl-C, on the usual port if it is free."""
    server = local_server(runs_dir / "hub", port=PORT)
    try:
        server.start()
    except BadInput:
        server = local_server(runs_dir / "hub").start()
    try:
        output.text(f"family: {server.url}/{NAMESPACE}")
        output.say("Open it in a browser. Ctrl-C ends the Hub.")
        wait_for_interrupt()
    finally:
        server.stop()

"""`hubq hub`: the embedded Hub."""

from __future__ import annotations

from pathlib import Path

import click

from hubq.cli import output
from hubq.cli.running import PORT
from hubq.release.endpoint import local_server, wait_for_interrupt


@click.group()
def hub() -> None:
    """Serve the embedded Hub."""


@hub.command()
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("hubq-runs/hub"),
    show_default=True,
    help="Where its repos are.",
)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True)
@click.option("--allow-remote", is_flag=True, help="Let other machines connect.")
@click.option(
    "--faults",
    is_flag=True,
    envvar="HUBQ_HUB_FAULTS",
    help="Let failures be planned at /_fault and requests be read at /_log, to rehearse with.",
)
def serve(folder: Path, host: str, port: int, allow_remote: bool, faults: bool) -> None:
    """Serve an embedded Hub until Ctrl-C: the Hub's API, and pages to open in a browser."""
    if faults and allow_remote:
        raise click.UsageError("--faults with --allow-remote: others could plan failures here.")
    server = local_server(folder, host=host, port=port, remote=allow_remote, faults=faults)
    with server:
        output.text(server.url)
        output.say(f"Serving {folder}. For the client: HF_ENDPOINT={server.url}")
        output.confide(f"Sign in (once, in the browser): {server.sign_in_url()}")
        if faults:
            output.say(f"Failures: {server.url}/_fault, requests: {server.url}/_log")
        output.say("Ctrl-C ends it.")
        wait_for_interrupt()

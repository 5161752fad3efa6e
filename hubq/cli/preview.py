"""`hubq preview`: cards in a browser as the Hub shows them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hubq.cli import output
from hubq.cli.options import runs_dir_option
from hubq.errors import BadInput
from hubq.release.endpoint import wait_for_interrupt

if TYPE_CHECKING:
    from hubq.preview.server import PreviewServer

PORT = 8898
"""Where the preview is served unless another port is asked for."""


@click.command()
@click.argument("source", required=False)
@click.option("--release", "name", help="The release's name  [default: by SOURCE]")
@runs_dir_option
@click.option(
    "--templates",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of card templates that go before the bundled ones.",
)
@click.option("--offline", is_flag=True, help="Ask no Hub over the network what is published.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True)
@click.option("--allow-remote", is_flag=True, help="Let other machines connect.")
@click.option("--open", "browser", is_flag=True, help="Open a browser.")
def preview(source: str | None, browser: bool, **options: Any) -> None:
    """Show the cards of SOURCE's release, or a README.md, as the Hub would show them.

    SOURCE is what the release was made from (its name is enough); without it, the only release in
    the runs folder is shown. Every number is a link to the result that it was read from, and pages
    load again when a template or the release changes. Nothing is run and nothing is published.
    """
    with _server(source, **options) as server:
        output.text(server.url)
        output.say("Ctrl-C ends it.")
        if browser:
            click.launch(server.url)
        wait_for_interrupt()


def _server(
    source: str | None, *, host: str, port: int, allow_remote: bool, **options: Any
) -> PreviewServer:
    """Return the preview, not yet started.

    Raises:
        BadInput: the extra `local` is not installed, or there is nothing to show.
    """
    try:
        from hubq.preview.server import PreviewServer, open_preview
    except ModuleNotFoundError as error:
        raise BadInput(
            f"the preview needs {error.name}, which is not installed",
            remedy='Install it: pip install "hubq[local]"',
        ) from error
    shown = open_preview(source, **options)
    return PreviewServer(shown, host=host, port=port, allow_remote=allow_remote)

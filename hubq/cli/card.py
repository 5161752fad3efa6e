"""`hubq card`: model cards."""

from __future__ import annotations

import click

from hubq.cli.lazy import LazyGroup

COMMANDS = {
    "render": ("hubq.cli.card_render:render", "Render cards and the family report."),
}


@click.group(cls=LazyGroup, table=COMMANDS)
def card() -> None:
    """Render, check, test and update model cards."""

"""`hubq card`: model cards."""

from __future__ import annotations

import click

from hubq.cli.lazy import LazyGroup

COMMANDS = {
    "render": ("hubq.cli.card_render:render", "Render cards and the family report."),
    "test": ("hubq.cli.card_test:test", "Run the code on cards against the checkpoint."),
    "lint": ("hubq.cli.card_lint:lint", "Check model cards by the Hub's rules, offline."),
    "update": (
        "hubq.cli.card_update:update",
        "Put what was measured since into the cards; start nothing.",
    ),
}


@click.group(cls=LazyGroup, table=COMMANDS)
def card() -> None:
    """Render, check, test and update model cards."""

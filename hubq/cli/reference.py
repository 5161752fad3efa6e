"""The command reference, made from Click so that it cannot rot."""

from __future__ import annotations

from typing import Any

import click

from hubq.cli.main import cli

_HEAD = "# Commands\n\nMade from the program itself; `pytest --update-goldens` makes it again.\n"
_WIDTH: dict[str, Any] = {"terminal_width": 98, "max_content_width": 98}


def reference() -> str:
    """Return docs/cli.md: every command with its help, arguments and options."""
    context = click.Context(cli, info_name="hubq", **cli.context_settings, **_WIDTH)
    return "\n".join([_HEAD, *_sections(cli, context)])


def _sections(command: click.Command, context: click.Context) -> list[str]:
    path = context.command_path
    parts = [f"## {path}\n\n```text\n{command.get_help(context)}\n```\n"]
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            sub = command.get_command(context, name)
            assert sub is not None  # noqa: S101 - the group's own names
            parts += _sections(sub, click.Context(sub, parent=context, info_name=name, **_WIDTH))
    return parts

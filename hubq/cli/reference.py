"""The command reference, made from Click so that it cannot rot."""

from __future__ import annotations

import click

from hubq.cli.main import COMMANDS, cli

_HEAD = "# Commands\n\nMade from the program itself; `pytest --update-goldens` makes it again.\n"


def reference() -> str:
    """Return docs/cli.md: every command with its help, arguments and options."""
    parts = [_HEAD, _section(cli, "hubq")]
    context = click.Context(cli, info_name="hubq")
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None  # noqa: S101 - the table's own names
        parts += _commands(command, f"hubq {name}")
    return "\n".join(parts)


def _commands(command: click.Command, path: str) -> list[str]:
    parts = [_section(command, path)]
    if isinstance(command, click.Group):
        for name, sub in command.commands.items():
            parts += _commands(sub, f"{path} {name}")
    return parts


def _section(command: click.Command, path: str) -> str:
    context = click.Context(command, info_name=path, terminal_width=98, max_content_width=98)
    text = command.get_help(context)
    return f"## {path}\n\n```text\n{text}\n```\n"

"""Reading commands without doing them: `python -m hubq.cli.parsing` on what a card tells people.

A list of commands comes in as JSON on stdin, each one a list of words; what is wrong with each goes
out as JSON, an empty text where nothing is.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Sequence

import click

from hubq.cli.main import cli


def problem(words: Sequence[str]) -> str:
    """Return why hubq would not take a command; empty when it would.

    Args:
        words: of the command, `hubq` first.
    """
    command: click.Command = cli
    name, left, parent = words[0], list(words[1:]), None
    try:
        while True:
            context = command.make_context(name, left, parent=parent)
            if not isinstance(command, click.Group):
                return ""
            rest = [*context._protected_args, *context.args]  # noqa: SLF001 - no public name for it
            found, inner, left = command.resolve_command(context, rest)
            if inner is None:
                return f"no command {found}"
            name, command, parent = found or "", inner, context
    except click.exceptions.NoArgsIsHelpError:
        return f"hubq {name}: a command is missing".replace("hubq hubq", "hubq")
    except click.exceptions.Exit:
        return ""
    except click.ClickException as error:
        return error.format_message()


def main() -> None:
    """Read commands from stdin and write what is wrong with each."""
    commands = json.load(sys.stdin)
    with contextlib.redirect_stdout(io.StringIO()):
        said = [problem(words) for words in commands]
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()

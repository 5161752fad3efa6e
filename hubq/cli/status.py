"""`hubq status`: a release's stages and their states."""

from __future__ import annotations

from pathlib import Path

import click

from hubq.cli import output
from hubq.cli.options import format_option, runs_dir_option
from hubq.release.status import publications, releases, stage_states


@click.command()
@click.argument("name", required=False)
@runs_dir_option
@format_option
def status(name: str | None, runs_dir: Path, format_: str) -> None:
    """Show the stages of the release NAME, or the releases in the runs folder.

    NAME is the source's name, such as Qwen2-VL-2B-Instruct.
    """
    if name is None:
        found = releases(runs_dir)
        if format_ == "json":
            output.data(found)
            return
        rows = [[r["name"], r["source"], r["recipe"], f"{r['done']}/{r['stages']}"] for r in found]
        output.table(["name", "source", "recipe", "done"], rows)
        return
    states = stage_states(runs_dir, name)
    if format_ == "json":
        output.data(states)
        return
    rows = [[s["stage"], s["state"], s["took"], s["key"][:12], s["reason"]] for s in states]
    output.table(["stage", "state", "took", "key", ""], rows)
    for one in publications(runs_dir, name):
        output.say(
            f"publication {one['id']} to {one['hub']} is not finished: go on with hubq push "
            "--resume, or undo it with --abort"
        )

"""`hubq audit`: whether published cards and repos are true."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from hubq.cli.options import runs_dir_option

_FILE = click.Path(dir_okay=False, path_type=Path)
_FORMATS = ["text", "json", "sarif", "github", "markdown", "junit", "html"]

_WHAT = [
    click.argument("targets", nargs=-1, metavar="[TARGET]..."),
    click.option("--search", default="", help="Only repos whose ids hold these words."),
    click.option(
        "--limit",
        type=click.IntRange(min=1),
        help="At most this many repos of an owner or a search.",
    ),
    click.option("--hub", help="A Hub's address, or 'local' for an embedded one."),
    runs_dir_option,
    click.option("--offline", is_flag=True, help="Ask no Hub: repos as they were looked up last."),
    click.option(
        "--lookup", is_flag=True, help="Look up the kin of folders and READMEs on the Hub, too."
    ),
    click.option("--web", is_flag=True, help="Ask whether links to other sites lead somewhere."),
    click.option("--deep", is_flag=True, help="Fetch and hash the weights, too."),
    click.option(
        "--jobs",
        type=click.IntRange(1, 32),
        default=8,
        show_default=True,
        help="Repos that are looked up at a time.",
    ),
]
_RULES = [
    click.option(
        "--config",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="A settings file  [default: .hubq-audit.yaml here or above]",
    ),
    click.option("--select", multiple=True, metavar="RULE", help="Only this rule or group."),
    click.option("--ignore", multiple=True, metavar="RULE", help="Leave this rule or group out."),
    click.option(
        "--fail-on",
        type=click.Choice(["error", "warning", "info", "never"]),
        help="The severity that fails the audit  [default: warning]",
    ),
    click.option("--baseline", type=_FILE, help="A file of findings that were accepted."),
    click.option("--write-baseline", type=_FILE, help="Accept what is found, in this file."),
]
_WAYS = [
    click.option(
        "--format",
        "format_",
        type=click.Choice(_FORMATS),
        default="text",
        show_default=True,
        help="How the report is written.",
    ),
    click.option("--output", type=_FILE, help="Where it is written  [default: stdout]"),
    click.option(
        "--report",
        "reports",
        multiple=True,
        metavar="FORMAT=FILE",
        help="Write the report in one more format; may be repeated.",
    ),
    click.option("--fix", is_flag=True, help="Mend what is safe: a pull request for each repo."),
    click.option("--dry-run", is_flag=True, help="With --fix, show what would change."),
    click.option("--yes", "-y", is_flag=True, help="Do not ask before opening pull requests."),
    click.option("--list-rules", is_flag=True, help="List the rules and end."),
    click.option("--explain", metavar="RULE", help="Say what a rule is about and end."),
]


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed([*_WHAT, *_RULES, *_WAYS]):
        command = option(command)
    return command


@click.command()
@_options
def audit(**given: Any) -> None:
    """Check published cards and repos: is what they say true?

    TARGET is a repo (org/name or org/name@revision), a user or organization, a collection, a
    folder, a README, a list of those (.txt), or - for a README on standard input. Weights are never
    fetched without --deep. Ends with 1 where something is found; docs/audit.md says the rest.
    """
    from hubq.cli import auditing

    if given["list_rules"]:
        auditing.list_rules(given["format_"])
    elif given["explain"]:
        auditing.explain(given["explain"], given["format_"])
    else:
        auditing.run(auditing.Asked(**given))

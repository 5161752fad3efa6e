"""What `hubq audit --fix` does with what can be mended: shows it, edits files, opens requests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hubq.audit.fixing import Fix, Fixed, fix_of, propose, write
from hubq.audit.subject import CARD, Subject
from hubq.cli import output
from hubq.errors import UserError
from hubq.hub.port import Hub
from hubq.model.audit import Audited


def wanted(audited: Audited, subject: Subject) -> Fix | None:
    """Return what can be mended of something that was audited; none where that is nothing."""
    local = not audited.commit
    if local and audited.name == "standard input":
        return None
    folder = Path(audited.name)
    path = str(folder / CARD if folder.is_dir() else folder) if local else ""
    return fix_of(subject, audited.findings, path)


def show(fixes: Sequence[Fix]) -> None:
    """Print what would be mended, and what pull requests would say."""
    for fix in fixes:
        output.text(fix.difference.removesuffix("\n"))
        if fix.repo:
            output.text(f"\nPull request in {fix.repo}:\n\n{fix.description}")
    output.say(_summary(fixes))


def mend(fixes: Sequence[Fix], hub: Hub | None, *, ask: bool) -> list[tuple[str, UserError]]:
    """Edit the files and open the pull requests; what cannot be done of one stops no other.

    Args:
        fixes: what to mend.
        hub: where the repos are.
        ask: whether to ask before opening pull requests.

    Returns:
        (name, why) of what was not done.

    Raises:
        click.Abort: the answer was no.
        click.UsageError: nobody can be asked.
    """
    remote = [fix for fix in fixes if fix.repo]
    if remote and hub is not None:
        count = f"{len(remote)} pull request{'s' if len(remote) > 1 else ''}"
        output.confirm(f"Open {count} on {hub.endpoint}?", yes=not ask)
    failed = []
    for fix in fixes:
        try:
            done = propose(hub, fix) if fix.repo and hub is not None else write(fix)
        except UserError as error:
            output.say(f"{fix.name}: {error.message}")
            failed.append((fix.name, error))
        else:
            output.say(_line(done))
    if not fixes:
        output.say(_summary(fixes))
    return failed


def _line(done: Fixed) -> str:
    return f"{done.name}: {done.did}{f': {done.url}' if done.url else ''}"


def _summary(fixes: Sequence[Fix]) -> str:
    if not fixes:
        return "nothing that was found can be mended for certain"
    return f"{len(fixes)} card{'s' if len(fixes) > 1 else ''} would be mended"

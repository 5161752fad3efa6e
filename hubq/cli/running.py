"""Running a release from a command: ask, watch, say what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click

from hubq.cli import output
from hubq.cli.progress import watching
from hubq.model.card import CellState
from hubq.model.gap import Gap
from hubq.model.stage import Kind
from hubq.plan import PUSH
from hubq.release.options import Options
from hubq.release.run import Report, run_session
from hubq.release.session import PUBLISHING, Session
from hubq.units import human_duration

PORT = 8899
"""Where the embedded Hub is served unless another port is asked for."""
TAIL_LINES = 6
"""How many of a failed worker's last lines are shown."""


Show = Callable[[Session, Report, str], None]


def run(
    options: Options,
    kinds: Iterable[Kind],
    *,
    yes: bool,
    format_: str = "text",
    show: Show | None = None,
) -> None:
    """Run a release's stages of some kinds and exit with its code.

    Args:
        options: what the person asked for.
        kinds: the kinds of stage wanted.
        yes: do not ask before publishing.
        format_: `text` or `json`.
        show: prints what came of it; none for what was run and published.
    """
    with Session(options, kinds, output.say) as session:
        _ask(session, yes=yes)
        report = run_session(session, watching)
        (show or _show)(session, report, format_)
        if session.endpoint.local and report.urls:
            folder = session.endpoint.folder
            output.say(f"To read the cards: hubq hub serve --dir {folder} --port {PORT}")
    if report.exit_code:
        raise click.exceptions.Exit(report.exit_code)


def _ask(session: Session, *, yes: bool) -> None:
    """Ask before repos on a real Hub are written to."""
    if PUSH not in session.missing() or session.endpoint.local or not session.kinds & PUBLISHING:
        return
    repos = ", ".join(session.plan.repos.values())
    output.confirm(f"Publish {repos} to {session.endpoint.name}?", yes=yes)


def _show(_session: Session, report: Report, format_: str) -> None:
    if format_ == "json":
        output.data(report)
        return
    say_outcome(report)
    for variant, url in report.urls.items():
        output.text(f"{variant}: {url}{' (unchanged)' if variant in report.unchanged else ''}")
    if report.collection:
        output.text(f"collection: {report.collection}")
    if report.report:
        output.text(f"family report: {report.report}")


def say_outcome(report: Report) -> None:
    """Say how many stages were run and why others have no result."""
    if not report.done and not report.gaps:
        output.say(f"Nothing to do: all {report.cached} results are there.")
    else:
        took = human_duration(report.seconds)
        output.say(f"{len(report.done)} stages run, {report.cached} taken from earlier, {took}.")
    for stage, gap in report.gaps.items():
        if not gap.because:
            _say_gap(stage, gap)


def _say_gap(stage: str, gap: Gap) -> None:
    """Say why a stage has no result: what it was doing, and the last words of its log."""
    if gap.state is CellState.INFEASIBLE:
        output.say(f"infeasible {stage}: {gap.reason}")
        return
    doing = f" (while: {gap.phase})" if gap.phase else ""
    output.say(f"{gap.state.value.upper()} {stage}: {gap.reason}{doing}")
    if gap.log:
        for line in gap.log_tail.splitlines()[-TAIL_LINES:]:
            output.say(f"  | {line}")
        output.say(f"  log: {gap.log}")

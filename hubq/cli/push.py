"""`hubq push`: bring a family to the Hub, whole, once, and checked."""

from __future__ import annotations

from pathlib import Path

import click

from hubq.cli import output
from hubq.cli.options import format_option, release_options, yes_option
from hubq.cli.progress import narrating
from hubq.cli.running import run
from hubq.cli.terms import terms_options
from hubq.hub.publication.abort import Aborted
from hubq.hub.publication.plan import Published
from hubq.hub.publication.showing import facts, lines
from hubq.model.stage import Kind
from hubq.plan import ORDER
from hubq.release.options import Options
from hubq.release.outgoing import Outgoing, lay_out
from hubq.release.publishing import broken_off, go_on, planned, undo
from hubq.release.session import Session


@click.command()
@release_options
@terms_options
@click.option("--dry-run", "what", flag_value="plan", help="Print what it would do; only look.")
@click.option("--resume", "what", flag_value="resume", help="Go on with what was broken off.")
@click.option("--abort", "what", flag_value="abort", help="Undo what nobody has seen yet.")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write what would be published, weights aside, into this folder; send nothing.",
)
@yes_option
@format_option
def push(options: Options, what: str | None, into: Path | None, yes: bool, format_: str) -> None:
    """Publish the repos of SOURCE's variants, after everything they need.

    Everything is brought to a branch of its own and compared hash by hash before any main moves;
    the same command goes on after an interruption.
    """
    if what is None and into is None:
        run(options, [Kind.PUSH], yes=yes, format_=format_)
        return
    with Session(options, ORDER[: ORDER.index(Kind.PUSH) + 1], output.say, fetch=False) as session:
        if into is None:
            _DO[str(what)](session, yes, format_)
        else:
            _show_outgoing(lay_out(session, into), format_)


def _plan(session: Session, _yes: bool, format_: str) -> None:
    """Print what a push would do."""
    plan = planned(session)
    if format_ == "json":
        output.data(facts(plan))
        return
    for line in lines(plan):
        output.text(line)


def _resume(session: Session, yes: bool, format_: str) -> None:
    """Go on with a publication."""
    plan = broken_off(session)
    if not session.endpoint.local:
        output.confirm(f"Go on publishing {', '.join(r.repo for r in plan.repos)}?", yes=yes)
    with narrating("publishing") as tell:
        show_published(go_on(session, tell), format_)


def _abort(session: Session, yes: bool, format_: str) -> None:
    """Undo a publication."""
    plan = broken_off(session)
    if not session.endpoint.local:
        output.confirm(f"Undo the publication of {plan.release} ({plan.id})?", yes=yes)
    with narrating("undoing") as tell:
        _show_aborted(undo(session, tell), format_)


_DO = {"plan": _plan, "resume": _resume, "abort": _abort}


def _show_outgoing(found: Outgoing, format_: str) -> None:
    if format_ == "json":
        output.data(found)
        return
    for repo, folder in found.repos.items():
        output.text(f"{repo}: {folder} (without {', '.join(found.weights[repo]) or 'nothing'})")


def show_published(published: Published, format_: str) -> None:
    """Print where a family is."""
    if format_ == "json":
        output.data(published)
        return
    for one in published.repos:
        state = "published" if one.changed else "unchanged"
        output.text(f"{one.variant}: {one.url} ({state}, {one.commit[:7]})")
    if published.collection:
        output.text(f"collection: {published.collection}")


def _show_aborted(found: Aborted, format_: str) -> None:
    if format_ == "json":
        output.data(found)
        return
    for line in found.undone:
        output.text(f"undone: {line}")
    for line in found.stays:
        output.text(f"stays: {line}")

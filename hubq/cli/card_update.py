"""`hubq card update`: cells that were measured since, and what follows from them."""

from __future__ import annotations

import click

from hubq.cli import output
from hubq.cli.options import format_option, release_options
from hubq.model.stage import Kind
from hubq.release.options import Options
from hubq.release.session import Session
from hubq.release.updating import CardUpdate, Update, update_cards


@click.command()
@release_options
@click.option("--dry-run", is_flag=True, help="Say what would change, and write nothing.")
@click.option("--all", "anyway", is_flag=True, help="Take other changes too, such as templates'.")
@format_option
def update(options: Options, dry_run: bool, anyway: bool, format_: str) -> None:
    """Put what was measured since into the cards of SOURCE; start nothing.

    Exactly the cells that were measured change, their footnotes, and what is worked out from them.
    """
    with Session(options, [Kind.CARD], output.say, fetch=False) as session:
        found = update_cards(session, anyway=anyway, dry_run=dry_run)
    if format_ == "json":
        output.data(found)
    else:
        _show(found)


def _show(found: Update) -> None:
    """Print the cells that changed, and say what else did."""
    for stage in found.running:
        output.say(f"running now: {stage}")
    rows = [
        [card.stage, change.name, change.before or "–", change.after or "–"]
        for card in found.cards
        if card.changes
        for change in card.changes.cells
    ]
    if rows:
        output.table(["card", "cell", "before", "after"], rows)
    for card in found.cards:
        output.say(f"{card.stage}: {_sentence(card)}")
    if found.changed and not found.written:
        output.say("Nothing was written (--dry-run).")


def _sentence(card: CardUpdate) -> str:
    """Return what became of a card, in words."""
    if card.problem:
        return f"no card: {card.problem}"
    new = card.changes
    if new is None:
        return "new, since there was no card with these settings"
    if not new:
        return "nothing changed"
    lines = sum(max(len(part.before), len(part.after)) for part in new.lines)
    counts = [
        (len(new.cells), "cell"),
        (len(new.derived), "derived number"),
        (len(new.footnotes), "footnote"),
        (len(new.charts), "chart"),
        (lines, "line"),
    ]
    return ", ".join(f"{n} {what}{'s' if n != 1 else ''}" for n, what in counts if n) + " changed"

"""Cards of a release: the family's results handed to the card package, files written."""

from __future__ import annotations

from pathlib import Path

from hubq.cards.family import Family, read_environments
from hubq.cards.rendering import render_card, render_report
from hubq.model.card import CellState
from hubq.model.result import Collected
from hubq.model.stage import Stage
from hubq.release.materials import variants_with_overlap
from hubq.release.session import Session
from hubq.runner import View
from hubq.version import version


def family_of(session: Session, view: View) -> Family:
    """Return everything that the cards of a release may speak of."""
    return Family(
        source=session.source,
        loaded=session.loaded,
        results=view.results,
        folders=view.folders,
        gaps=view.gaps,
        repos=session.plan.repos,
        command=session.context.command,
        version=version(),
        environments=read_environments(view.folders),
        site=session.context.site,
        overlaps=variants_with_overlap(session, session.loaded.recipe.variants),
    )


def render(session: Session, stage: Stage, view: View, work: Path) -> Collected:
    """Render a variant's card, or the family report when the stage names no variant.

    The result's facts say which footnotes stand for missing numbers. What is infeasible is not
    missing: no run on this machine could give it.
    """
    family, templates = family_of(session, view), session.options.template_folders
    if stage.variant:
        files = render_card(family, stage.variant, templates)
    else:
        files = render_report(family, templates)
    for name, content in files.items():
        (work / name).write_bytes(content)
    gaps = {
        need.stage: view.gaps[need.stage].reason
        for need in stage.needs
        if need.stage in view.gaps and view.gaps[need.stage].state is not CellState.INFEASIBLE
    }
    return Collected(facts={"gaps": gaps})

"""Views of a release: the results that are there, as a stage that rests on them would see them."""

from __future__ import annotations

from collections.abc import Mapping

from hubq.errors import BadInput
from hubq.model.codec import read_json
from hubq.model.gap import Gap
from hubq.release.session import Release, Session
from hubq.runner import View


def view_of(session: Session, gaps: Mapping[str, Gap]) -> View:
    """Return the results of a release that are in the store, given why others are missing."""
    store = session.store
    keys = session.plan.keys(
        {name: f"{gap.state.value}: {gap.reason}" for name, gap in gaps.items()}
    )
    there = {name: key for name, key in keys.items() if name not in gaps and store.has(key)}
    return View(
        results={name: store.load(key) for name, key in there.items()},
        folders={name: store.folder(key) for name, key in there.items()},
        gaps=dict(gaps),
    )


def finished_view(session: Session) -> View:
    """Return what the last run of a release left, when nothing but publishing is left to do.

    Raises:
        BadInput: something is still to be run; says what.
    """
    path, stages = session.store.index(session.name), session.plan.stages
    known = read_json(path, Release).gaps if path.is_file() else {}
    beneath = {stage.id for stage in stages if not stage.again}
    view = view_of(session, {name: gap for name, gap in known.items() if name in beneath})
    missing = sorted(beneath - view.results.keys() - view.gaps.keys())
    if missing:
        raise BadInput(
            f"{session.name}: {len(missing)} stages are still to be run ({missing[0]})",
            remedy=f"Run them first: hubq release {session.options.source} --until card",
        )
    return view

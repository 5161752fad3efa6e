"""Cards of a release: the family's results handed to the card package, files written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from hubq.cards.family import Family, read_environments
from hubq.cards.rendering import render_card, render_report
from hubq.cards.snippets import ENGINES, SNIPPETS, Failing, failing_of, outcomes_of, snippet_stage
from hubq.errors import BadInput
from hubq.model.card import CARD_FILE, CellState
from hubq.model.result import Collected
from hubq.model.stage import Stage
from hubq.release import snippets
from hubq.release.materials import variants_with_overlap
from hubq.release.session import Session
from hubq.runner import View
from hubq.version import version

CHECKPOINT = "checkpoint"
README, PROCESSOR = "README.md", "preprocessor_config.json"


def family_of(session: Session, view: View) -> Family:
    """Return everything that the cards of a release may speak of."""
    overlaps = variants_with_overlap(session, session.loaded.recipe.variants)
    return msgspec.structs.replace(_family(session, view), overlaps=overlaps)


def _family(session: Session, view: View) -> Family:
    """Return the family, without what its calibration shares with the evaluation."""
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
        readme=_source_file(session, README).decode("utf-8-sig", errors="replace"),
        processor=_mapping(_source_file(session, PROCESSOR)),
        planned=frozenset(stage.id for stage in session.plan.stages),
    )


def _source_file(session: Session, name: str) -> bytes:
    """Return a small file of the source as it was pinned; empty where it has none.

    Of a repo the file is read once and kept in the runs folder.
    """
    source = session.source
    if name not in source.files:
        return b""
    if source.path:
        path = Path(source.path) / name
        return path.read_bytes() if path.is_file() else b""

    def make(folder: Path) -> None:
        hub = session.endpoint.hub_for(source.repo or "")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(hub.read(source.repo or "", source.commit or "", name))

    return (session.store.derived("sources", f"{source.digest}-{name}", make) / name).read_bytes()


def _mapping(raw: bytes) -> dict[str, Any]:
    """Return a JSON object; empty where it is none, since the source is not ours to mend."""
    try:
        found = msgspec.json.decode(raw) if raw else {}
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def render(session: Session, stage: Stage, view: View, work: Path) -> Collected:
    """Render a variant's card, or the family report when the stage names no variant.

    The result's facts say which footnotes stand for missing numbers, and which of the card's
    snippets fail. What is infeasible is not missing: no run on this machine could give it.
    """
    family, templates = family_of(session, view), session.options.template_folders
    failing: tuple[Failing, ...] = ()
    if stage.variant:
        files = render_card(family, stage.variant, templates)
        failing = _failing(family, stage.variant, files[CARD_FILE].decode())
    else:
        files = render_report(family, templates)
    for name, content in files.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_bytes(content)
    gaps = {
        need.stage: view.gaps[need.stage].reason
        for need in stage.needs
        if need.stage in view.gaps
        and view.gaps[need.stage].state is not CellState.INFEASIBLE
        and not need.stage.startswith(f"card/{stage.variant}/{SNIPPETS}")
    }
    return Collected(
        facts={"gaps": gaps, "failing_snippets": msgspec.to_builtins(failing)},
    )


def _failing(family: Family, variant: str, text: str) -> tuple[Failing, ...]:
    """Return the snippets of a card that failed, or that should have been run and were not."""
    stages = {engine: snippet_stage(variant, engine) for engine in ENGINES}
    never = {
        engine: family.gaps[stage].reason
        for engine, stage in stages.items()
        if stage in family.gaps
    }
    engines = family.loaded.recipe.engines
    return failing_of(text, outcomes_of(family, variant), never, engines)


def snippet_job(session: Session, stage: Stage, view: View) -> dict[str, Any]:
    """Return what the worker that runs a card's snippets finds in job.json.

    Raises:
        BadInput: no card can be made for the variant, or a template is wrong.
    """
    engine = next((engine for engine in ENGINES if engine == stage.backend), None)
    if engine is None:
        raise BadInput(f"{stage.id}: no snippets are run with {stage.backend}")
    family, templates = _family(session, view), session.options.template_folders
    text = snippets.draft(family, stage.variant, templates)
    facts = {name: result.facts for name, result in view.results.items()}
    checkpoint = view.folders[f"quantize/{stage.variant}"] / CHECKPOINT
    return snippets.job(
        snippets.scripts_for(text, engine, session.loaded.recipe.engines),
        {stage.settings["repo"]: checkpoint},
        timeout_s=stage.settings["timeout_s"],
        why_not=snippets.unable(stage, facts, view.gaps),
    )

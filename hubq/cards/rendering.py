"""Rendering: facts and templates turned into the files of a card or of the family report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from hubq.cards.charts.collection import draw
from hubq.cards.digest import templates_digest
from hubq.cards.facts import CardFacts
from hubq.cards.family import Family
from hubq.cards.gathering import card_facts, report_facts
from hubq.cards.ledger import COMPARISON_FILE
from hubq.cards.metadata import front_matter
from hubq.cards.places import places_of
from hubq.cards.text import filled, page_of
from hubq.markdown.blocks import block_hashes, seal
from hubq.model.card import CARD_FILE, EVIDENCE_FILE, Evidence
from hubq.model.codec import pretty
from hubq.model.marks import plain
from hubq.model.recipe import BASELINE
from hubq.model.stage import Kind
from hubq.model.workload import SITTING
from hubq.recipes import published

__all__ = [
    "marked_card",
    "marked_text",
    "render_card",
    "render_report",
    "templates_digest",
]

REPORT_FILES = ("report.md", "report.html")
_BENEATH = (Kind.RESOLVE, Kind.QUANTIZE, Kind.CERTIFY, Kind.GENERATE, Kind.SCORE, Kind.BENCH)
"""The kinds of stage that a card rests on; whether others have run yet must not show on it."""


def marked_card(family: Family, variant: str, templates: tuple[Path, ...]) -> str:
    """Return the README of a variant's card with a mark around each claim (`hubq.model.marks`).

    Raises:
        BadInput: no card can be made for the variant, or a template is wrong.
    """
    facts = card_facts(family, variant)
    return _render(facts, templates, family.loaded.recipe.card.template)


def marked_text(facts: CardFacts, templates: tuple[Path, ...], template: str) -> str:
    """Return what a template makes of facts, with a mark around each claim (`hubq.model.marks`).

    Raises:
        BadInput: the template is wrong.
    """
    return _render(facts, templates, template)


def render_card(
    family: Family, variant: str, templates: tuple[Path, ...], *, charts: bool = True
) -> dict[str, bytes]:
    """Return the files of a variant's card: `README.md`, `hubq.json`, `comparison.json`, pictures.

    The same family and templates give the same bytes.

    Args:
        family: what the card speaks of.
        variant: a published variant that was quantized.
        templates: folders of templates; a user's own goes before the bundled one.
        charts: draw the pictures; the card refers to them either way.

    Raises:
        BadInput: no card can be made for the variant, or a template is wrong.
    """
    facts = card_facts(family, variant)
    marked = _render(facts, templates, family.loaded.recipe.card.template)
    return {
        CARD_FILE: seal(plain(marked)).encode(),
        **_evidence_files(family, facts, (BASELINE, *family.published), templates, marked),
        **(draw(facts.charts) if charts else {}),
    }


def render_report(
    family: Family, templates: tuple[Path, ...], *, charts: bool = True
) -> dict[str, bytes]:
    """Return the family report: `report.md`, `report.html`, evidence files and pictures.

    Args:
        family: what the report speaks of; its controls are in it too.
        templates: folders of templates; a user's own goes before the bundled one.
        charts: draw the pictures; the report refers to them either way.

    Raises:
        BadInput: a template is wrong.
    """
    facts = report_facts(family)
    marked = _render(facts, templates, "report.md.j2")
    text = plain(marked)
    pictures = draw(facts.charts) if charts else {}
    names = (BASELINE, *family.published, *family.controls)
    markdown_file, html_file = REPORT_FILES
    return {
        markdown_file: text.encode(),
        html_file: page_of(templates, facts.title, text, pictures),
        **_evidence_files(family, facts, names, templates, marked),
        **pictures,
    }


def _render(facts: CardFacts, templates: tuple[Path, ...], name: str) -> str:
    values = msgspec.structs.asdict(facts) | {"front_matter": front_matter(facts.metadata)}
    return filled(templates, name, values)


def _evidence_files(
    family: Family,
    facts: CardFacts,
    names: tuple[str, ...],
    templates: tuple[Path, ...],
    marked: str,
) -> dict[str, bytes]:
    evidence = Evidence(
        hubq=facts.version,
        repo=facts.repo,
        variant=facts.variant,
        source={
            "name": family.source.name,
            "repo": family.source.repo,
            "commit": family.source.commit,
            "digest": family.source.digest,
            "files": family.source.files,
        },
        recipe={"digest": facts.recipe_digest, **published(family.loaded)},
        claims=facts.claims,
        results=_results(family, names, facts.variant),
        footnotes=facts.footnotes,
        environments=_environments(family, (facts.variant,) if facts.variant else names),
        certificates=_certificates(family, facts.variant),
        templates=templates_digest(templates),
        blocks=block_hashes(plain(marked)),
        metadata=facts.metadata,
        charts=tuple(chart.evidence() for chart in facts.charts),
        snippets=tuple(msgspec.to_builtins(outcome) for outcome in facts.snippets.values()),
        places=places_of(seal(marked) if facts.variant else marked, facts.charts),
        family=family.repos,
        gaps=_gaps(family, names, facts.variant),
        overlaps={name: found for name, found in family.overlaps.items() if name in names},
        command=family.command,
        site=family.site,
    )
    return {EVIDENCE_FILE: pretty(evidence).encode(), COMPARISON_FILE: facts.comparison}


def _results(family: Family, names: tuple[str, ...], variant: str) -> dict[str, Any]:
    """Return what a card rests on, by key: measurements, and the run of its own snippets."""
    found = {}
    for stage_id in sorted(family.results):
        result = family.results[stage_id]
        if _is_beneath(stage_id, names, variant):
            found[result.key] = {
                "stage": stage_id,
                "kind": result.stage.kind.value,
                "backend": result.stage.backend,
                "settings": result.stage.settings,
                "environment": result.stage.environment,
                "program": result.stage.program,
                "inputs": result.inputs,
                "files": msgspec.to_builtins(result.files),
            }
    return found


def _gaps(family: Family, names: tuple[str, ...], variant: str) -> dict[str, dict[str, str]]:
    """Return why what a card would rest on has no result, by stage."""
    return {
        stage_id: {"state": gap.state.value, "reason": gap.reason, "because": gap.because}
        for stage_id, gap in sorted(family.gaps.items())
        if _is_beneath(stage_id, names, variant)
    }


def _is_beneath(stage_id: str, names: tuple[str, ...], variant: str) -> bool:
    """Say whether a card rests on a stage: a measurement, or the run of its own snippets."""
    kind, _, rest = stage_id.partition("/")
    about = rest.partition("/")[0]
    about = "" if kind == Kind.BENCH.value and about == SITTING else about
    own = bool(variant) and stage_id.startswith(f"{Kind.CARD.value}/{variant}/")
    return own or (kind in _BENEATH and (not about or about in names))


def _environments(family: Family, names: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for stage_id in sorted(family.environments):
        kind, _, rest = stage_id.partition("/")
        variant, _, engine = rest.partition("/")
        if variant in names and kind in {k.value for k in _BENEATH}:
            by_engine = kind in (Kind.CERTIFY.value, Kind.BENCH.value)
            place = f"{kind}/{engine}" if by_engine and engine else kind
            found.setdefault(place, family.environments[stage_id])
    return found


def _certificates(family: Family, variant: str) -> dict[str, Any]:
    """Return engine -> what its certificate of a variant says; nothing on the family report."""
    found = {}
    for stage_id in sorted(family.results):
        result = family.results[stage_id]
        if result.stage.kind is Kind.CERTIFY and result.stage.variant == variant:
            engine = stage_id.removeprefix(f"certify/{variant}").lstrip("/") or "transformers"
            found[engine] = {"key": result.key, **result.facts}
    return found

"""Rendering: a report on published tables as Markdown, as a page, and as evidence."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import msgspec

from hubq.cards.charts.collection import draw
from hubq.cards.digest import templates_digest
from hubq.cards.ledger import COMPARISON_FILE
from hubq.cards.published.facts import PublishedFacts
from hubq.cards.published.gathering import published_facts
from hubq.cards.published.sheets import Source
from hubq.cards.rendering import REPORT_FILES
from hubq.cards.text import filled, page_of
from hubq.model.card import EVIDENCE_FILE, Evidence
from hubq.model.codec import pretty
from hubq.model.marks import plain

TEMPLATE = "published.md.j2"


def marked_published(
    name: str, sources: tuple[Source, ...], templates: tuple[Path, ...], version: str
) -> str:
    """Return the text of a report with a mark around each claim (`hubq.model.marks`).

    Raises:
        BadInput: a template is wrong.
    """
    return _text(published_facts(name, sources, version), templates)


def render_published(
    name: str,
    sources: tuple[Source, ...],
    templates: tuple[Path, ...],
    version: str,
    *,
    charts: bool = True,
) -> dict[str, bytes]:
    """Return the files of a report on published tables; the same tables give the same bytes.

    Args:
        name: of the import.
        sources: its tables.
        templates: folders of templates; a user's own goes before the bundled one.
        version: hubq's.
        charts: draw the pictures; the report refers to them either way.

    Raises:
        BadInput: a template is wrong.
    """
    facts = published_facts(name, sources, version)
    text = plain(_text(facts, templates))
    pictures = draw(facts.charts) if charts else {}
    title = f"{name}: published numbers"
    markdown_file, html_file = REPORT_FILES
    return {
        markdown_file: text.encode(),
        html_file: page_of(templates, title, text, pictures),
        EVIDENCE_FILE: pretty(_evidence(name, facts, sources, templates)).encode(),
        COMPARISON_FILE: facts.comparison,
        **pictures,
    }


def _text(facts: PublishedFacts, templates: tuple[Path, ...]) -> str:
    return filled(templates, TEMPLATE, msgspec.structs.asdict(facts))


def _evidence(
    name: str, facts: PublishedFacts, sources: tuple[Source, ...], templates: tuple[Path, ...]
) -> Evidence:
    return Evidence(
        hubq=facts.version,
        repo="",
        variant="",
        source={"name": name, "published": [_given(source) for source in sources]},
        recipe={},
        claims=facts.claims,
        results={
            source.key: {
                "stage": "import",
                "kind": "published",
                "given": _given(source),
                "imported": source.imported,
                "files": {source.file: source.sha256, "page": source.page},
            }
            for source in sources
        },
        footnotes=facts.footnotes,
        templates=templates_digest(templates),
        charts=tuple(chart.evidence() for chart in facts.charts),
    )


def _given(source: Source) -> str:
    """Return where a table was published; of a file on this machine its name alone."""
    return source.given if "://" in source.given else PurePosixPath(source.given).name

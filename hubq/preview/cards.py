"""The cards of a release as they would be published now, kept until something they rest on changes.

Everything is worked out when it is asked for: opening the release, the family's facts, the text.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from hubq.cards.charts.collection import draw
from hubq.cards.facts import CardFacts
from hubq.cards.gathering import card_facts, report_facts
from hubq.cards.rendering import (
    marked_text,
    render_card,
    render_report,
)
from hubq.cards.snippets import ENGINES, Failing, failing_of, snippet_stage
from hubq.markdown.blocks import seal
from hubq.model.card import Claim
from hubq.model.marks import plain
from hubq.preview.faults import TEMPLATE_ERRORS, TemplateFault, template_fault
from hubq.preview.opening import Opened, open_release
from hubq.preview.watching import files_state, release_state

_REPORT = "report.md.j2"
T = TypeVar("T")


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A card, or the family report.

    Attributes:
        variant: its variant; empty for the report.
        repo: where it is published; empty for the report.
        marked: the README with a mark around each claim.
        text: the README as it would be published.
        claims: every number on it, by id, in the order in which they were entered.
        footnotes: the machine-readable twins of its footnotes.
        comparison: its file of derived numbers.
        failing: its snippets that failed, or were not run and should have been.
    """

    variant: str
    repo: str
    marked: str
    text: str
    claims: dict[str, Claim]
    footnotes: tuple[dict[str, Any], ...]
    comparison: bytes
    failing: tuple[Failing, ...] = ()


class FaultyTemplate(Exception):  # noqa: N818 - reads as a sentence where it is raised
    """A card cannot be rendered, since a template is wrong."""

    def __init__(self, fault: TemplateFault) -> None:
        super().__init__(fault.message)
        self.fault = fault


class Cards:
    """The cards of one release.

    Args:
        runs_dir: the runs folder.
        name: of the release.
        templates: folders of card templates, the user's own first.
        folder: the source, where it is a folder.
    """

    def __init__(
        self, runs_dir: Path, name: str, templates: tuple[Path, ...], folder: Path | None = None
    ) -> None:
        self.runs_dir, self.name, self.templates = runs_dir, name, templates
        self._folder = folder
        self._lock, self._drawing = threading.RLock(), threading.Lock()
        self._opened: Opened = open_release(runs_dir, name, folder)
        self._state = self._release_state()
        self._rendered: dict[str, tuple[str, Card]] = {}
        self._gathered: dict[str, tuple[str, CardFacts]] = {}
        self._drawn: dict[str, tuple[str, dict[str, bytes]]] = {}

    @property
    def state(self) -> str:
        """A digest that changes when the cards may have changed."""
        return f"{self._release_state()}-{files_state(self.templates)}"

    @property
    def opened(self) -> Opened:
        """The release, opened again when its index or its results have changed."""
        with self._lock:
            now = self._release_state()
            if now != self._state:
                self._opened, self._state = (
                    open_release(self.runs_dir, self.name, self._folder),
                    now,
                )
            return self._opened

    def names(self) -> tuple[str, ...]:
        """Return the published variants, whether they have a card or not."""
        return self.opened.variants

    def has(self, variant: str) -> bool:
        """Return whether a card can be rendered: there is a checkpoint; the report always can."""
        family = self.opened.family
        known = variant in family.published and f"quantize/{variant}" in family.results
        return not variant or known

    def card(self, variant: str) -> Card:
        """Return a variant's card; the family report for the empty name.

        Raises:
            BadInput: the variant has no card.
            FaultyTemplate: a template is wrong.
        """
        with self._lock:
            return self._keep(self._rendered, variant, self.state, self._render)

    def pictures(self, variant: str) -> dict[str, bytes]:
        """Return path in the repo -> content of a card's pictures, drawn when first asked for.

        Raises:
            BadInput: the variant has no card.
        """
        with self._lock:
            now = self._release_state()
            facts = self._keep(self._gathered, variant, now, self._facts)
        with self._drawing:
            return self._keep(self._drawn, variant, now, lambda _: draw(facts.charts))

    def files(self, variant: str) -> dict[str, bytes]:
        """Return path in the repo -> content of what is published with a card, pictures left out.

        Raises:
            BadInput: the variant has no card.
            FaultyTemplate: a template is wrong.
        """
        family, templates = self.opened.family, self.templates
        with self._explained():
            if variant:
                return render_card(family, variant, templates, charts=False)
            return render_report(family, templates, charts=False)

    def _render(self, variant: str) -> Card:
        facts = self._keep(self._gathered, variant, self._release_state(), self._facts)
        template = self.opened.family.loaded.recipe.card.template if variant else _REPORT
        with self._explained():
            marked = marked_text(facts, self.templates, template)
            text = seal(plain(marked)) if variant else plain(marked)
        return Card(
            variant=variant,
            repo=facts.repo,
            marked=marked,
            text=text,
            claims={claim.id: claim for claim in facts.claims},
            footnotes=facts.footnotes,
            comparison=facts.comparison,
            failing=self._failing(variant, text, facts) if variant else (),
        )

    def _failing(self, variant: str, text: str, facts: CardFacts) -> tuple[Failing, ...]:
        gaps = self.opened.family.gaps
        stages = {engine: snippet_stage(variant, engine) for engine in ENGINES}
        never = {engine: gaps[stage].reason for engine, stage in stages.items() if stage in gaps}
        return failing_of(text, facts.snippets, never)

    def _facts(self, variant: str) -> CardFacts:
        family = self.opened.family
        return card_facts(family, variant) if variant else report_facts(family)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what a wrong template raises into its fault; anything else goes on up."""
        try:
            yield
        except TEMPLATE_ERRORS as error:
            fault = template_fault(error, self.templates)
            if fault is None:
                raise
            raise FaultyTemplate(fault) from error

    def _keep(
        self, kept: dict[str, tuple[str, T]], variant: str, now: str, make: Callable[[str], T]
    ) -> T:
        """Return what was made before, or make it when something it rests on has changed."""
        state, found = kept.get(variant, ("", None))
        if found is None or state != now:
            found = make(variant)
            kept[variant] = (now, found)
        return found

    def _release_state(self) -> str:
        return release_state(self.runs_dir, self._opened.release)

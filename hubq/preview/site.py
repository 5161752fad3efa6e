"""What the preview of a release knows: its cards, what is published, and where its pages are."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from urllib.parse import quote

import msgspec

from hubq.cards.show import Trace
from hubq.errors import BadInput, UserError
from hubq.markdown import markup
from hubq.markdown.blocks import find_blocks, text_hash
from hubq.markdown.lint import lint
from hubq.model.finding import Finding
from hubq.model.marks import plain
from hubq.preview import evidence
from hubq.preview.cards import Card, Cards
from hubq.preview.differences import Comparison, compare
from hubq.preview.links import linked
from hubq.preview.published import Publications, Published, Standing
from hubq.release.endpoint import LOCAL
from hubq.release.readmes import Readme, merge_readme

Remark = tuple[str, str]
"""How bad it is (`bad` or `note`), and a sentence."""


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """What publishing a card would do to its README.

    Attributes:
        standing: of the card.
        published: what is there now.
        text: what would be there.
        comparison: of both; none where nothing is published.
        remarks: what is to be known of it, one for each block and key.
        summary: the same in a few words.
    """

    standing: Standing
    published: Published
    text: str
    comparison: Comparison | None
    remarks: tuple[Remark, ...] = ()
    summary: tuple[Remark, ...] = ()


class CardPlace(markup.Place, frozen=True, kw_only=True):
    """Where a card stands; links to its siblings lead to their previews.

    Attributes:
        local: whether the release publishes to the embedded Hub, whose links begin at the root.
    """

    local: bool = False

    def link(self, address: str) -> str:
        """Return where a link of the card goes, empty when it goes nowhere in the preview."""
        if self.local and address.startswith("/") and not address.startswith("//"):
            return self._own(address) or self.page_of(address.strip("/"))
        return self._own(address) or super().link(address)

    def _own(self, address: str) -> str:
        """Return where a file of the card's own repo is in the preview, by its full address."""
        full = address.startswith(("http://", "https://", "/"))
        place = self.image(address) if full else ""
        return place.replace("/resolve/", "/blob/", 1)


class Site:
    """One release, as the pages of the preview need it.

    Args:
        runs_dir: the runs folder.
        name: of the release.
        templates: folders of card templates, the user's own first.
        folder: the source, where it is a folder.
        offline: ask no Hub over the network.
    """

    def __init__(
        self,
        runs_dir: Path,
        name: str,
        templates: tuple[Path, ...],
        *,
        folder: Path | None = None,
        offline: bool = False,
    ) -> None:
        self.cards = Cards(runs_dir, name, templates, folder)
        self.name = name
        self.publications = Publications(
            self.cards.opened.endpoint, runs_dir, offline=offline, changed=self._answered
        )
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._lock = threading.Lock()
        self._answers = 0
        self._wrong: dict[str, tuple[Card, dict[str, Trace]]] = {}

    def close(self) -> None:
        """Remove what was written aside."""
        with self._lock:
            if self._scratch is not None:
                self._scratch.cleanup()
            self._scratch = None

    @property
    def state(self) -> str:
        """A digest that changes when a page would look different."""
        return f"{self.cards.state}-{self._answers}"

    @property
    def scratch(self) -> Path:
        """The folder for files that are in no result, made when first asked for."""
        with self._lock:
            if self._scratch is None:
                self._scratch = tempfile.TemporaryDirectory(prefix="hubq-preview-")
            return Path(self._scratch.name)

    def place(self, card: Card) -> CardPlace:
        """Return where a card stands."""
        return CardPlace(
            repo_path=f"/{card.repo}" if card.repo else "/report",
            revision="main",
            page_of=self.page_of,
            local=self.publications.endpoint == LOCAL,
        )

    def page_of(self, repo: str) -> str:
        """Return the path of the page of a repo of this family; empty for any other."""
        repos = self.cards.opened.family.repos
        return next((card_path(name) for name in repos if repos[name] == repo), "")

    def variant_of(self, repo: str) -> str:
        """Return the variant that is published as a repo; empty for the report.

        Raises:
            BadInput: it is no repo of this family.
        """
        repos = self.cards.opened.family.repos
        found = next((name for name in self.cards.names() if repos.get(name) == repo), None)
        if found is None:
            raise BadInput(f"{repo} is not of this family")
        return found

    def html(self, card: Card, push: Push | None = None) -> str:
        """Return a card's body, every number a link to its claim.

        Args:
            card: the card, or the report.
            push: what publishing it would do; with it, people's own text is shown too.
        """
        base, place = card_path(card.variant), self.place(card)
        marked = card.marked
        if push is not None and push.text != card.text:
            marked = marked_again(shown_text(push.text), card.marked)
        return linked(marked, place, lambda claim: f"{base}/claims/{quote(claim, safe='')}")

    def push(self, card: Card) -> Push:
        """Return what publishing a card would do."""
        published = self.publications.get(card.repo)
        if published.asking:
            return _push(Standing.ASKING, published, card.text)
        if published.problem:
            return _push(Standing.UNKNOWN, published, card.text, ("note", published.problem))
        if published.text is None:
            return _push(Standing.NEW, published, card.text)
        try:
            merged = merge_readme(_bytes(published.text), card.text.encode(), published.evidence)
        except UserError as error:
            said = f"the published README cannot be edited safely: {error.message}"
            return self._compared(published, card.text, (("bad", said),), [said])
        text = merged.content.decode("utf-8", errors="surrogateescape")
        return self._compared(published, text, _summary(merged), merged.remarks())

    @staticmethod
    def _compared(
        published: Published, text: str, summary: tuple[Remark, ...], remarks: list[str]
    ) -> Push:
        """Return what publishing a text would do to the README that is there."""
        comparison = compare(shown_text(published.text or ""), shown_text(text))
        same = Standing.UNCHANGED if comparison.same else Standing.CHANGED
        return Push(
            standing=Standing.EDITED if summary else same,
            published=published,
            text=text,
            comparison=comparison,
            remarks=tuple((summary[0][0], said) for said in remarks if summary),
            summary=summary,
        )

    def traces(self, card: Card) -> dict[str, Trace]:
        """Return claim id -> what was found when it was read again, for every claim of a card."""
        return evidence.retrace_all(card, self.cards.opened, self.scratch)

    def trace(self, card: Card, claim_id: str) -> Trace:
        """Read one claim again.

        Raises:
            BadInput: the card has no such claim.
        """
        return evidence.retrace(card, claim_id, self.cards.opened, self.scratch)

    def findings(self, card: Card) -> tuple[Finding, ...]:
        """Return what is wrong with a card's front matter and Markdown; the report has none."""
        return lint(card.text) if card.variant else ()

    def remarks(self, card: Card) -> tuple[Remark, ...]:
        """Return what is wrong with a card or missing on it, at a glance."""
        levels = {"error": "bad", "warning": "note"}
        wrong = sum(not found.agrees for found in self._traced(card).values())
        states: dict[str, int] = {}
        for note in card.footnotes:
            states[note["state"]] = states.get(note["state"], 0) + len(note["cells"])
        found: list[Remark] = [("bad", f"{wrong} numbers do not agree")] if wrong else []
        found += [
            (levels[one.severity], f"line {one.line}: {one.found}")
            for one in self.findings(card)
            if one.severity in levels
        ]
        found += [
            ("bad", f"line {one.line}: a snippet fails: {one.said}")
            for one in card.failing
            if one.state == "failed"
        ]
        never = sum(one.state != "failed" for one in card.failing)
        found += [("note", f"{never} snippets have not been run")] if never else []
        return (*found, *(("note", _cells(state, count)) for state, count in states.items()))

    def _traced(self, card: Card) -> dict[str, Trace]:
        """Return a card's traces as they were when it was rendered; reading takes a while."""
        with self._lock:
            known, found = self._wrong.get(card.variant, (None, {}))
        if known is not card:
            found = self.traces(card)
            with self._lock:
                self._wrong[card.variant] = (card, found)
        return found

    def _answered(self) -> None:
        with self._lock:
            self._answers += 1


def card_path(variant: str) -> str:
    """Return the path of a card's page; the report's for the empty name."""
    return f"/cards/{quote(variant, safe='')}" if variant else "/report"


def _push(standing: Standing, published: Published, text: str, *remarks: Remark) -> Push:
    return Push(standing=standing, published=published, text=text, comparison=None, remarks=remarks)


def _cells(state: str, count: int) -> str:
    """Return how many cells are in a state: `1 cell: pending`."""
    return f"{count} {'cell' if count == 1 else 'cells'}: {state.replace('-', ' ')}"


def marked_again(text: str, marked: str) -> str:
    """Return a README with the marks of a rendered card in the blocks that are the card's own.

    Args:
        text: the README; blocks edited by hand stay without marks.
        marked: the card with a mark around each claim.
    """
    own = {block.name: block.text for block in find_blocks(marked)}
    parts, last = [], 0
    for block in find_blocks(text):
        if block.name in own and text_hash(plain(own[block.name])) == block.hash:
            parts += [text[last : block.text_start], own[block.name]]
            last = block.text_end
    return "".join([*parts, text[last:]])


def _summary(merged: Readme) -> tuple[Remark, ...]:
    """Return what people did to a published README, in a few words."""
    edited = [one.block for one in merged.conflicts]
    removed = list(merged.merged.removed) if merged.merged else []
    kept = [one.key for one in merged.kept]
    parts = [("left as edited", edited), ("stay removed", removed), ("keys left", kept)]
    return tuple(("note", f"{what}: {', '.join(names)}") for what, names in parts if names)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", errors="surrogateescape")


def shown_text(text: str) -> str:
    """Return a text with bytes that are no UTF-8 as the sign for that."""
    return _bytes(text).decode("utf-8", errors="replace")

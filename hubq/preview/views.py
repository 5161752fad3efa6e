"""The pages of a release's preview."""

from __future__ import annotations

import mimetypes
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hubq.cards.ledger import SELF
from hubq.cards.show import Trace
from hubq.markdown.frontmatter import parse
from hubq.model.recipe import VariantSpec
from hubq.preview import evidence
from hubq.preview.cards import Card, FaultyTemplate
from hubq.preview.heading import heading
from hubq.preview.page import FILE_HEADERS, ShowError, page, theme_of
from hubq.preview.published import Standing
from hubq.preview.site import Push, Site, card_path, shown_text
from hubq.release.endpoint import LOCAL

_PICTURES = frozenset({".png", ".svg", ".jpg", ".jpeg", ".webp", ".gif"})


class Views:
    """Makes the pages of one site.

    Args:
        site: the release.
    """

    def __init__(self, site: Site) -> None:
        self.site = site

    def frame(self, request: Request, place: str) -> dict[str, Any]:
        """Return what every page needs."""
        return {
            "name": self.site.name,
            "family": True,
            "place": place,
            "theme": theme_of(request),
            "state": request.state.known,
        }

    def index(self, request: Request) -> Response:
        """Show the family: each card, how it stands, what is missing."""
        site, opened = self.site, self.site.cards.opened
        family, rows, fault = opened.family, [], None
        for variant in site.cards.names():
            try:
                rows.append(self._row(variant))
            except FaultyTemplate as error:
                fault = fault or error.fault
                rows.append(_bare_row(family.spec(variant), family.repos[variant], "no card now"))
        try:
            report = self._report_row()
        except FaultyTemplate as error:
            fault, report = fault or error.fault, {"claims": 0, "remarks": [("bad", "no page now")]}
        values = {
            "source": family.source.label,
            "recipe": family.loaded.recipe.name,
            "done": opened.done,
            "stages": len(opened.release.plan.stages),
            "hub": site.publications.name,
            "rows": rows,
            "report": report,
            "fault": fault,
            "all_beside": _beside(site.cards.names()),
            "gaps": [(name, gap.state.value, gap.reason) for name, gap in family.gaps.items()],
        }
        return page("index.html.j2", self.frame(request, "family") | values)

    def card(self, request: Request) -> Response:
        """Show a card as the Hub would, every number a link."""
        card = self._card(request)
        push = self.site.push(card) if card.variant else None
        html = self.site.html(card, push)
        names = self.site.cards.names()
        values = {
            "html": html,
            "summary": push.summary if push else (),
            "findings": self.site.findings(card),
            "linked": html.count('<a class="claim" '),
            "claims": len(card.claims),
            "footnotes": len(card.footnotes),
            "siblings": [(name, card_path(name)) for name in names],
        }
        return page("card.html.j2", self._card_frame(request, card, "card", push) | values)

    def claims(self, request: Request) -> Response:
        """List every claim of a card, each read again."""
        card = self._card(request)
        base, traces = card_path(card.variant), self.site.traces(card)
        rows = [
            {"claim": claim, "found": traces[claim.id], "link": _claim_path(base, claim.id)}
            for claim in card.claims.values()
        ]
        wrong = sum(not found.agrees for found in traces.values())
        values = {"rows": rows, "wrong": wrong}
        return page("claims.html.j2", self._card_frame(request, card, "claims") | values)

    def claim(self, request: Request) -> Response:
        """Show one claim: a page, or the part of it that goes into the panel."""
        card = self._card(request)
        claim_id = request.path_params["claim"]
        if claim_id not in card.claims:
            raise ShowError(f"There is no claim {claim_id} on this card.")
        values = _claim_values(card, self.site.trace(card, claim_id))
        if "part" in request.query_params:
            return page("claim-facts.html.j2", values)
        return page("claim.html.j2", self._card_frame(request, card, "claims") | values)

    def file(self, request: Request) -> Response:
        """Show the file that a claim rests on, around the number."""
        card, asked = self._card(request), request.query_params
        key, file = request.path_params["key"], request.path_params["file"]
        opened, pointer = self.site.cards.opened, asked.get("at", "")
        where = evidence.place_of(card, key, file, opened, self.site.scratch)
        if where is None:
            raise ShowError("No number of this card rests on that file.")
        document = evidence.read_place(where)
        values = {
            "where": where,
            "pointer": pointer,
            "path": f"results/{key[:2]}/{key}/{file}" if key != SELF else "",
            "rows": evidence.rows(document, pointer) if document is not None else (),
        }
        return page("file.html.j2", self._card_frame(request, card, "claims") | values)

    def markdown(self, request: Request) -> Response:
        """Show the README that would be published as text."""
        card = self._card(request)
        push = self.site.push(card) if card.variant else None
        text = shown_text(push.text) if push else card.text
        values = {"path": "README.md" if push else "report.md", "text": text}
        return page("text.html.j2", self._card_frame(request, card, "markdown", push) | values)

    def diff(self, request: Request) -> Response:
        """Show what publishing a card would change."""
        card = self._card(request)
        push = self.site.push(card)
        asked = request.query_params.get("view", "")
        values = {
            "view": asked if asked in ("unified", "split") else "unified",
            "comparison": push.comparison,
            "explanation": _explanation(push, self.site.publications.name),
            "remarks": push.remarks,
        }
        return page("diff.html.j2", self._card_frame(request, card, "diff", push) | values)

    def compare(self, request: Request) -> Response:
        """Show several cards side by side."""
        names = [name for name in self.site.cards.names() if self.site.cards.has(name)]
        asked = request.query_params.getlist("card")
        chosen = [name for name in names if name in asked] or names[:2]
        items, fault = [], None
        for name in chosen:
            try:
                card = self.site.cards.card(name)
            except FaultyTemplate as error:
                fault = error.fault
                continue
            push = self.site.push(card)
            items.append(
                {
                    "variant": name,
                    "html": _without_ids(self.site.html(card, push)),
                    "standing": push.standing.value,
                    "link": card_path(name),
                }
            )
        values = {
            "choices": [(name, name in chosen) for name in names],
            "items": items,
            "fault": fault,
        }
        return page("compare.html.j2", self.frame(request, "compare") | values)

    def repo(self, request: Request) -> Response:
        """Lead an address of the Hub to the page of that card."""
        variant = self.site.variant_of(_repo(request))
        return RedirectResponse(card_path(variant), headers=FILE_HEADERS)

    def blob(self, request: Request) -> Response:
        """Show a file that is published with a card as text."""
        variant, path = self._published(request), request.path_params["path"]
        card, files = self.site.cards.card(variant), self.site.cards.files(variant)
        if path not in files:
            return self.picture(request)
        values = {"path": path, "text": files[path].decode("utf-8", "replace")}
        return page("text.html.j2", self._card_frame(request, card, "markdown") | values)

    def picture(self, request: Request) -> Response:
        """Return a picture of a card."""
        variant, path = self._published(request), request.path_params["path"]
        kind = mimetypes.guess_type(path)[0] or ""
        suffix = f".{path.rpartition('.')[2].lower()}"
        pictures = self.site.cards.pictures(variant) if suffix in _PICTURES else {}
        if path not in pictures:
            raise ShowError(f"{path} is not made with this card.")
        return Response(pictures[path], media_type=kind, headers=FILE_HEADERS)

    def _published(self, request: Request) -> str:
        """Return the variant whose repo is in a path; empty for the report's files."""
        repo = _repo(request)
        return self.site.variant_of(repo) if repo else ""

    def _card(self, request: Request) -> Card:
        variant = request.path_params.get("variant", "")
        if variant and variant not in self.site.cards.names():
            raise ShowError(f"There is no card {variant} in this family.")
        return self.site.cards.card(variant)

    def _card_frame(
        self, request: Request, card: Card, tab: str, push: Push | None = None
    ) -> dict[str, Any]:
        """Return what the head of every page of a card needs."""
        base, title = card_path(card.variant), card.repo.rpartition("/")[2] or "Family report"
        tabs = [("card", "Model card" if card.variant else "Report", base)]
        if card.variant:
            push = push or self.site.push(card)
            tabs.append(("diff", "Difference", f"{base}/diff"))
        tabs += [
            ("markdown", "Markdown", f"{base}/markdown"),
            ("claims", f"Claims {len(card.claims)}", f"{base}/claims"),
        ]
        local = self.site.publications.endpoint == LOCAL
        site = "https://huggingface.co" if local else self.site.publications.endpoint
        return self.frame(request, "family" if card.variant else "report") | {
            "base": base,
            "tab": tab,
            "tabs": tabs,
            "repo": card.repo,
            "variant": card.variant,
            "card_title": title,
            "standing_now": push.standing.value if push else "",
            "front": heading(parse(push.text if push else card.text), site),
        }

    def _row(self, variant: str) -> dict[str, Any]:
        """Return a card's line on the index."""
        family = self.site.cards.opened.family
        spec, repo = family.spec(variant), family.repos[variant]
        if not self.site.cards.has(variant):
            return _bare_row(spec, repo, family.gap(f"quantize/{variant}").reason)
        card = self.site.cards.card(variant)
        push = self.site.push(card)
        counts = (push.comparison.added, push.comparison.removed) if push.comparison else (0, 0)
        different = push.standing in (Standing.CHANGED, Standing.EDITED)
        return _bare_row(spec, repo, "") | {
            "link": card_path(variant),
            "standing": push.standing.value,
            "diff": f"{card_path(variant)}/diff" if different else "",
            "added": counts[0],
            "removed": counts[1],
            "claims": len(card.claims),
            "remarks": (*self.site.remarks(card), *push.summary),
        }

    def _report_row(self) -> dict[str, Any]:
        card = self.site.cards.card("")
        return {"claims": len(card.claims), "remarks": self.site.remarks(card)}


def _bare_row(spec: VariantSpec, repo: str, problem: str) -> dict[str, Any]:
    """Return the line of a variant that has no card."""
    how = f"{spec.method.upper()}, {spec.bits}-bit"
    return {
        "variant": spec.name,
        "repo": repo,
        "how": how,
        "link": "",
        "standing": "",
        "diff": "",
        "claims": 0,
        "remarks": [("bad", problem)] if problem else [],
    }


def _claim_values(card: Card, found: Trace) -> dict[str, Any]:
    claim, base = found.claim, card_path(card.variant)
    file = f"{base}/files/{quote(claim.key)}/{quote(claim.file)}"
    return {
        "claim": claim,
        "found": found,
        "value": repr(claim.value),
        "found_value": repr(found.found),
        "scale": f"{claim.scale:g}",
        "path": evidence.claim_path(claim),
        "file_link": f"{file}?at={quote(claim.pointer, safe='')}#here",
        "page_link": _claim_path(base, claim.id),
    }


def _claim_path(base: str, claim: str) -> str:
    return f"{base}/claims/{quote(claim, safe='')}"


def _repo(request: Request) -> str:
    """Return the repo in a path; empty for the report's own."""
    ns = request.path_params.get("ns", "")
    return f"{ns}/{request.path_params['name']}" if ns else ""


def _beside(names: tuple[str, ...]) -> str:
    return "/compare?" + "&".join(f"card={quote(name, safe='')}" for name in names)


def _without_ids(html: str) -> str:
    """Return a card without anchors: two cards on one page would have each one twice."""
    return html.replace(' id="', ' data-id="')


def _explanation(push: Push, hub: str) -> str:
    """Return in one sentence how a card stands to what is published."""
    at = f" at {push.published.commit[:7]}" if push.published.commit else ""
    match push.standing:
        case Standing.ASKING:
            return f"{hub} has not answered yet; this page changes when it does."
        case Standing.UNKNOWN:
            return f"What is published on {hub} is not known, so there is nothing to compare with."
        case Standing.NEW:
            return f"Nothing is published on {hub} yet: the whole card would be new."
        case Standing.UNCHANGED:
            return f"The card on {hub}{at} is the same, byte for byte."
    return f"Old: the card on {hub}{at}. New: what would be published now."

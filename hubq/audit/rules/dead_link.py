"""Links that lead nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from urllib.parse import urlsplit

from hubq.audit.links import (
    Target,
    anchors,
    is_host,
    lacks_scheme,
    read_target,
    slug,
    web_address,
)
from hubq.audit.parts import Link, Spot
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import CARD, Subject
from hubq.hub.web import NO_HOST
from hubq.model.finding import Finding, Severity

_MOST = 20
"""Dead links of one card that are reported."""
_GONE = frozenset({404, 410})
_DEEPEST = 20
"""Folders within folders that are known."""


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for every address that leads nowhere, once."""
    places = _Places(subject)
    seen: set[str] = set()
    for link, at in _links(subject):
        if link.target in seen:
            continue
        why, severity = places.why(link)
        if not why:
            continue
        seen.add(link.target)
        yield finding(
            subject,
            RULE.id,
            why,
            severity=severity,
            at=at,
            said=link.target or link.text,
            remedy=_remedy(link),
            sources=RULE.sources,
            part=link.target or link.text,
        )
        if len(seen) == _MOST:
            return


def _links(subject: Subject) -> Iterator[tuple[Link, Spot]]:
    """Yield the card's links, that of its license first, each with where it stands."""
    document = subject.document
    license_ = document.front.text("license_link").strip()
    if license_:
        at = document.key_spot("license_link")
        yield Link(target=license_, text="license_link", line=at.line, column=at.column), at
    for link in document.links:
        yield link, Spot(link.line, link.column)


class _Places:
    """Where the links of one card can lead, read once."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject

    @cached_property
    def files(self) -> dict[str, frozenset[str]]:
        """The files and folders of every repo where they are known, by id; its own under ''."""
        subject = self.subject
        kin = (subject, *((subject.base,) if subject.base is not None else ()), *subject.siblings)
        found = {one.repo: _paths(one) for one in kin if one.has_files and one.repo}
        return found | ({"": _paths(subject)} if subject.has_files else {})

    @cached_property
    def slugs(self) -> frozenset[str]:
        """What `#` addresses can name."""
        return frozenset(map(slug, anchors(self.subject.document)))

    def why(self, link: Link) -> tuple[str, Severity]:
        """Return why a link leads nowhere, and how certain that is; empty if it may not."""
        target = read_target(link.target)
        if target.kind == "empty":
            return ("the link has no address", "warning") if link.text else ("", "info")
        if target.kind == "anchor":
            absent = target.fragment and slug(target.fragment) not in self.slugs
            return ("no heading of the card is called so", "info") if absent else ("", "info")
        if target.kind == "file":
            return self._file(link, target)
        if target.repo in self.subject.gathered.gone:
            return f"there is no repo {target.repo}", "error"
        known = self.files.get(target.repo) if target.inside else None
        if known is not None and target.inside.rstrip("/") not in known:
            where = "this repo" if target.repo == self.subject.repo else target.repo
            return f"{where} has no file {target.inside}", "error"
        return self._web(link), "warning"

    def _web(self, link: Link) -> str:
        """Return why an address of the web leads nowhere, as far as it was asked for."""
        if not self.subject.gathered.web:
            return ""
        address = web_address(link.target)
        status = self.subject.gathered.web.get(address)
        host = urlsplit(address).netloc
        if status == NO_HOST:
            return f"there is no host {host}"
        return f"{host} answers {status}: the page is not there" if status in _GONE else ""

    def _file(self, link: Link, target: Target) -> tuple[str, Severity]:
        if lacks_scheme(link.target):
            text = "without https:// the address is one within the repo, where nothing is called so"
            return text, "warning"
        if "" in self.files:
            absent = target.path.rstrip("/") not in self.files[""]
            return (f"the repo has no file {target.path}", "error") if absent else ("", "info")
        if is_host(link.text) and "/" not in target.path and "." not in target.path:
            text = f"the link shows a site, and its address is {target.path!r} within the repo"
            return text, "warning"
        return "", "info"


def _paths(subject: Subject) -> frozenset[str]:
    """Return a repo's files, and the folders that they lie in."""
    found = {CARD, *subject.files}
    for path in subject.files:
        parts = path.split("/")[:-1]
        found.update("/".join(parts[:end]) for end in range(1, min(len(parts), _DEEPEST) + 1))
    return frozenset(found)


def _remedy(link: Link) -> str:
    if not link.target:
        return "Write the address, or take the link away."
    if lacks_scheme(link.target):
        return f"Write https://{link.target}."
    if is_host(link.text):
        return f"Write https://{link.text}, if that is meant."
    return "Mend the address, or add the file."


RULE = Rule(
    id="dead-link",
    group="metadata",
    title="A link leads nowhere",
    severity="error",
    why="A link within a repo is one to a file of it. Cards that were copied from another site, or "
    "made from a template with a mistake in it, send their readers to an error page, often where "
    "the license or the tutorial should be.",
    example="`[gpus.example.org](example)`, or `[LICENSE](LICENSE)` in a repo without that file.",
    fix="Write the whole address with `https://`, or add the file. A link to a file is reported "
    "only where the repo's files are known, one to another repo only where that was looked up. "
    "Other sites are asked only with `--web`, and reported only where they answer 404 or 410, or "
    "where their host does not exist and those of most other links do; refusals, errors and "
    "silence say nothing.",
    check=check,
    sources=("https://huggingface.co/docs/hub/model-cards",),
)

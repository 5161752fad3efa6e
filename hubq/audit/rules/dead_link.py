"""Links that lead nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hubq.audit.links import (
    Target,
    anchors,
    is_host,
    lacks_scheme,
    read_target,
    slug,
)
from hubq.audit.parts import Link, Spot
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import CARD, Subject
from hubq.model.finding import Finding, Severity

_MOST = 20
"""Dead links of one card that are reported."""


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for every address that leads nowhere, once."""
    known = _files_of(subject)
    seen: set[str] = set()
    for link, at in _links(subject):
        if link.target in seen:
            continue
        why, severity = _why(subject, link, known)
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


def _files_of(subject: Subject) -> Mapping[str, frozenset[str]]:
    """Return the files of every repo whose files are known, by its id; of this one under ''."""
    found = {}
    base = (subject.base,) if subject.base is not None else ()
    for one in (subject, *base, *subject.siblings):
        if one.has_files and one.repo:
            found[one.repo] = frozenset(one.files)
    if subject.has_files:
        found[""] = frozenset(subject.files) | {CARD}
    return found


def _why(subject: Subject, link: Link, known: Mapping[str, frozenset[str]]) -> tuple[str, Severity]:
    """Return why a link leads nowhere, and how certain that is; empty if it may lead somewhere."""
    target = read_target(link.target)
    if target.kind == "empty":
        return ("the link has no address", "warning") if link.text else ("", "info")
    if target.kind == "anchor":
        absent = target.fragment and slug(target.fragment) not in _slugs(subject)
        return ("no heading of the card is called so", "info") if absent else ("", "info")
    if target.kind == "file":
        return _file(link, target, known)
    if target.repo in subject.gathered.gone:
        return f"there is no repo {target.repo}", "error"
    if target.inside and target.repo in known and not _is_there(target.inside, known[target.repo]):
        where = "this repo" if target.repo == subject.repo else target.repo
        return f"{where} has no file {target.inside}", "error"
    return "", "info"


def _file(link: Link, target: Target, known: Mapping[str, frozenset[str]]) -> tuple[str, Severity]:
    if lacks_scheme(link.target):
        text = "without https:// the address is one within the repo, where nothing is called so"
        return text, "warning"
    if "" in known:
        absent = not _is_there(target.path, known[""])
        return (f"the repo has no file {target.path}", "error") if absent else ("", "info")
    if is_host(link.text) and "/" not in target.path and "." not in target.path:
        text = f"the link shows a site, and its address is {target.path!r} within the repo"
        return text, "warning"
    return "", "info"


def _is_there(path: str, files: frozenset[str]) -> bool:
    path = path.rstrip("/")
    return path in files or any(name.startswith(f"{path}/") for name in files)


def _slugs(subject: Subject) -> frozenset[str]:
    return frozenset(map(slug, anchors(subject.document)))


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
    "only where the repo's files are known, one to another repo only where that was looked up; the "
    "rest of the web is never asked.",
    check=check,
    sources=("https://huggingface.co/docs/hub/model-cards",),
)

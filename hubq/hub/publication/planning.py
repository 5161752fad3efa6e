"""Planning: what a publication will do to each repo of a family, worked out from look-ups alone."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from hubq.errors import BadInput
from hubq.hub.hashes import fingerprint
from hubq.hub.manifest import MANIFEST
from hubq.hub.port import Content, Hub
from hubq.hub.publication.contents import Setting
from hubq.hub.publication.links import refuse_dead_links
from hubq.hub.publication.plan import PREFIX, FamilyPlan, Merge, RepoPlan, Wanted
from hubq.hub.publication.receipt import Receipt
from hubq.hub.publication.repo_planning import RepoPlanner
from hubq.hub.publication.shelf import Shelf, plan_shelf
from hubq.hub.scanning import refuse_secrets
from hubq.model.card import CARD_FILE
from hubq.model.codec import digest
from hubq.model.publication import Terms

_NAME = re.compile(r"[^\s~^:?*\[\\\x00-\x1f\x7f-][^\s~^:?*\[\\\x00-\x1f\x7f]*")
_MADE_HERE = frozenset({CARD_FILE, MANIFEST})


def plan_family(
    hub: Hub,
    wanted: Sequence[Wanted],
    *,
    release: str,
    source: str,
    terms: Terms,
    merge: Merge,
    receipt: Receipt | None = None,
) -> FamilyPlan:
    """Return what has to be done so that a hub holds a family; nothing is changed there.

    The list of files (`SHA256SUMS`) is added to every repo here. Only look-ups are sent: for an
    unchanged family with its receipt one a repo, and two for the family.

    Args:
        hub: where to.
        wanted: what each repo is to hold; at least one.
        release: its name.
        source: what the family was made from, as people name it.
        terms: how the repos are to stand there.
        merge: puts a card into the README that is there.
        receipt: what the last publication left there.

    Raises:
        BadInput: no token, no permission, a path that a repo cannot hold, or terms that do not fit
            what is there.
        Refused: a file that would be sent holds a secret, a README there cannot be edited safely,
            or a card links to a sibling that is not there.
        RemoteMoved: another publication is under way in one of the repos.
    """
    check_wanted(wanted)
    check_terms(terms)
    setting = Setting(hub=hub, me=hub.whoami(), terms=terms, merge=merge)
    repos = []
    for one in sorted(wanted, key=lambda one: one.repo):
        last = receipt.repos.get(one.repo) if receipt else None
        repos.append(RepoPlanner(setting, one, last).plan())
    _refuse_secrets(repos)
    _refuse_dead_links(hub, wanted, repos, source)
    shelf = plan_shelf(hub, setting.me, repos, source, receipt) if terms.collection else Shelf()
    return FamilyPlan(
        id=_id(hub.endpoint, release, terms, repos),
        release=release,
        source=source,
        endpoint=hub.endpoint,
        terms=terms,
        repos=tuple(_remarked(one, shelf.left.get(one.repo)) for one in repos),
        collection=shelf.title,
        slug=shelf.slug,
        notes=shelf.notes,
        show_collection=shelf.show,
    )


def same_wish(pending: FamilyPlan, wanted: Sequence[Wanted], terms: Terms) -> bool:
    """Return whether a publication that was broken off wants what is wanted now.

    READMEs are compared as rendered, since what they are merged with is the publication's business;
    all else by content.

    Args:
        pending: the plan of the one that was broken off.
        wanted: what each repo is to hold.
        terms: as asked now.
    """
    plans = {one.repo: one for one in pending.repos}
    if pending.terms != terms or plans.keys() != {one.repo for one in wanted}:
        return False
    return all(_same(plans[one.repo], one) for one in wanted)


def check_wanted(wanted: Sequence[Wanted]) -> None:
    """Make sure that every repo is named once, every path can stand in it and every file is there.

    Raises:
        BadInput: names the first that is not so, or there is nothing at all.
    """
    if not wanted:
        raise BadInput("there is no variant to publish")
    seen: set[str] = set()
    for one in wanted:
        if one.repo.count("/") != 1 or not all(one.repo.split("/")):
            raise BadInput(f"{one.repo!r} is not a repo id", remedy="Write it as namespace/name.")
        if one.repo in seen:
            raise BadInput(
                f"{one.repo}: two variants would go there",
                remedy="Give them different names in the recipe.",
            )
        seen.add(one.repo)
        _check_paths(one.repo, one.files)


def check_terms(terms: Terms) -> None:
    """Make sure that a release may go to that branch and carry that tag, as far as names tell.

    Raises:
        BadInput: it is a branch of hubq's own or of a pull request, or git allows no such name.
    """
    if not _is_name(terms.revision) or terms.revision.startswith(PREFIX):
        raise BadInput(
            f"--revision {terms.revision!r}: a release does not go there",
            remedy=f"Name a branch that starts neither with {PREFIX} nor with refs/.",
        )
    if terms.tag and not _is_name(terms.tag):
        raise BadInput(f"--tag {terms.tag!r}: git allows no such name", remedy="Try v1.0.")


def _is_name(text: str) -> bool:
    """Return whether git allows a branch or tag of this name, and it is not a whole ref."""
    parts = text.split("/")
    return (
        _NAME.fullmatch(text) is not None
        and ".." not in text
        and "@{" not in text
        and parts[0] != "refs"
        and not any(not one or one.startswith(".") or one.endswith((".", ".lock")) for one in parts)
    )


def _check_paths(repo: str, files: Mapping[str, Content]) -> None:
    for path, content in files.items():
        parts = path.split("/")
        if not all(parts) or "\\" in path or "\n" in path or {".", "..", ".git"} & set(parts):
            raise BadInput(f"{path!r} cannot be a file's path in a repo")
        if path == MANIFEST:
            raise BadInput(f"{MANIFEST} is written by the publication itself")
        if isinstance(content, Path) and not content.is_file():
            raise BadInput(f"{content}: no such file, and {repo} is to hold it as {path}")


def _refuse_secrets(repos: Sequence[RepoPlan]) -> None:
    """Make sure that nothing to be sent holds a secret; what several repos share is read once."""
    found: dict[str, tuple[str, Content]] = {}
    for one in repos:
        for path, file in one.sent.items():
            found.setdefault(file.mark.sha256, (f"{one.repo}/{path}", file.content))
    refuse_secrets(dict(found.values()))


def _refuse_dead_links(
    hub: Hub, wanted: Sequence[Wanted], repos: Sequence[RepoPlan], source: str
) -> None:
    """Make sure that the cards to be sent link to no sibling that is not there."""
    cards = {one.repo: one.files[CARD_FILE] for one in wanted if CARD_FILE in one.files}
    sent = {one.repo for one in repos if CARD_FILE in one.sent}
    texts = {
        repo: (card if isinstance(card, bytes) else card.read_bytes()).decode("utf-8", "replace")
        for repo, card in cards.items()
        if repo in sent
    }
    refuse_dead_links(hub, texts, {*(one.repo for one in repos), source.partition("@")[0]})


def _same(plan: RepoPlan, wanted: Wanted) -> bool:
    if (plan.title, plan.note) != (wanted.title, wanted.note):
        return False
    if plan.files.keys() - _MADE_HERE != wanted.files.keys() - _MADE_HERE:
        return False
    card = wanted.files.get(CARD_FILE)
    if plan.rendered != (fingerprint(card).sha256 if card is not None else ""):
        return False
    return all(
        plan.files[path].mark == fingerprint(content, wanted.known.get(path, ""))
        for path, content in wanted.files.items()
        if path not in _MADE_HERE
    )


def _id(endpoint: str, release: str, terms: Terms, repos: Sequence[RepoPlan]) -> str:
    """Return a publication's id: 8 digits of what it is, and 6 that no other has."""
    wish = [
        [one.repo, one.parent, one.pull_head, {p: f.mark for p, f in one.files.items()}]
        for one in repos
    ]
    return f"{digest([endpoint, release, terms, wish])[:8]}-{secrets.token_hex(3)}"


def _remarked(plan: RepoPlan, remark: str | None) -> RepoPlan:
    if not remark:
        return plan
    return msgspec.structs.replace(plan, remarks=(*plan.remarks, remark))

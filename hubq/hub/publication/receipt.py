"""Receipts: what the last publication of a release left on a hub, kept beside its results.

A receipt saves look-ups and says what people changed since. Nothing rests on it alone: whatever it
says of a repo is used only where the repo still shows it, so a receipt that is lost, damaged or of
another hub costs some requests and no more.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from hubq.hub.hashes import Fingerprint
from hubq.hub.publication import files
from hubq.hub.publication.plan import FamilyPlan, Published, PublishedRepo, RepoPlan, Route
from hubq.model.card import CARD_FILE

SCHEMA = 1

_FILE = "receipt.json"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class ReceiptRepo(msgspec.Struct, frozen=True, kw_only=True):
    """What was left in one repo.

    Attributes:
        commit: that holds the release: of the target branch, or of the pull request.
        base: the commit of the target branch that was planned from; empty where the repo was new.
        route: how it got there; why: as planned.
        ours: whether the repo was found to be hubq's alone then.
        rendered: the SHA-256 of the card as rendered, before it was merged.
        readme: the README that was published; facts: what became of it.
        files: path in the repo -> size and SHA-256, of every file of the release.
        private: whether only members saw it.
    """

    commit: str
    base: str = ""
    route: Route = "direct"
    why: str = ""
    ours: bool = False
    rendered: str = ""
    readme: bytes = b""
    facts: dict[str, Any] = {}
    files: dict[str, Fingerprint]
    private: bool = False

    @property
    def is_sound(self) -> bool:
        """Whether its README is the one that it lists."""
        mark = self.files.get(CARD_FILE)
        return mark is None or mark.sha256 == hashlib.sha256(self.readme).hexdigest()


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What the last publication of a release left.

    Attributes:
        id: of that publication.
        endpoint: of the hub.
        repos: by id; those of earlier publications of the release are among them.
        slug: of the family's collection; empty for none.
        notes: repo -> what hubq wrote beside it in the collection.
    """

    id: str
    endpoint: str
    repos: dict[str, ReceiptRepo]
    slug: str = ""
    notes: dict[str, str] = {}
    schema: int = SCHEMA


def read(folder: Path, endpoint: str) -> Receipt | None:
    """Return the receipt in a folder; none where there is none, or a damaged or foreign one.

    Args:
        folder: of the release's publications.
        endpoint: of the hub that is asked now. An embedded Hub has another port at every start, so
            any two addresses of this machine count as one.
    """
    try:
        found = msgspec.json.decode((folder / _FILE).read_bytes(), type=Receipt)
    except (OSError, msgspec.DecodeError):
        return None
    sound = found.schema == SCHEMA and all(one.is_sound for one in found.repos.values())
    return found if sound and _place(found.endpoint) == _place(endpoint) else None


def write(folder: Path, receipt: Receipt) -> None:
    """Put a receipt into a folder by one rename."""
    files.replace(folder / _FILE, msgspec.json.encode(receipt, order="sorted"))


def of(
    plan: FamilyPlan, published: Published, slug: str, earlier: Receipt | None = None
) -> Receipt:
    """Return the receipt of a publication that is finished.

    Args:
        plan: what was to be done.
        published: what was done.
        slug: of the collection; empty for none.
        earlier: the receipt before, whose other repos are kept.
    """
    before = earlier.repos if earlier else {}
    done = {one.repo: one for one in published.repos}
    repos = {
        one.repo: _left(one, done[one.repo], before.get(one.repo))
        for one in plan.repos
        if one.repo in done
    }
    return Receipt(
        id=plan.id,
        endpoint=plan.endpoint,
        repos={**before, **repos},
        slug=slug,
        notes={**(earlier.notes if earlier else {}), **plan.notes},
    )


def _left(plan: RepoPlan, done: PublishedRepo, before: ReceiptRepo | None) -> ReceiptRepo:
    readme = plan.files.get(CARD_FILE)
    return ReceiptRepo(
        commit=done.commit,
        base=plan.parent or "",
        route=plan.route,
        why=plan.why,
        ours=_is_ours(plan, before),
        rendered=plan.rendered,
        readme=_bytes(readme.content) if readme else b"",
        facts=plan.readme,
        files={path: file.mark for path, file in plan.files.items()},
        private=done.private,
    )


def _is_ours(plan: RepoPlan, before: ReceiptRepo | None) -> bool:
    """Return whether the plan found the repo to be ours; a plan that sends nothing did not look."""
    if plan.empty:
        return before is not None and before.ours and before.commit == plan.parent
    return plan.route == "direct" and not plan.why


def _bytes(content: Path | bytes) -> bytes:
    return content if isinstance(content, bytes) else content.read_bytes()


def _place(endpoint: str) -> str:
    host = urlsplit(endpoint).hostname or ""
    return "localhost" if host in _LOOPBACK else endpoint.rstrip("/")

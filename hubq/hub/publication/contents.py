"""Contents: what a repo is to hold, against what it holds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from hubq.hub.hashes import LocalFile, local_files
from hubq.hub.manifest import MANIFEST, listed, manifest
from hubq.hub.port import Account, Content, Hub, RemoteFile, RepoInfo
from hubq.hub.publication.comparing import HUB_MADE
from hubq.hub.publication.plan import Change, Merge, Merged, PlannedFile, Wanted
from hubq.hub.publication.receipt import ReceiptRepo
from hubq.model.card import CARD_FILE, EVIDENCE_FILE
from hubq.model.publication import Terms


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """What the planning of every repo of a family shares.

    Attributes:
        hub: where.
        me: whose token it is.
        terms: how the repos are to stand.
        merge: puts a card into the README that is there.
    """

    hub: Hub
    me: Account
    terms: Terms
    merge: Merge


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """What sending a release does to a repo's files.

    Attributes:
        files: every file of the release, by path in the repo.
        removed: files of an earlier release that this one lacks and nobody edited.
        kept: files that hubq did not put there.
        readme: the README, and what became of it; none where the release has no README.
    """

    files: dict[str, PlannedFile]
    removed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    readme: Merged | None = None

    @property
    def changed(self) -> bool:
        """Whether anything has to be sent or removed."""
        return bool(self.removed) or any(f.change != "unchanged" for f in self.files.values())


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """What one repo is to hold, hashed once.

    Attributes:
        repo: its id.
        files: every file but the README and the list of files.
        card: the card as rendered; none where there is no card.
        rendered: its SHA-256; empty where there is no card.
    """

    repo: str
    files: dict[str, LocalFile]
    card: bytes | None
    rendered: str = ""


def release_of(wanted: Wanted) -> Release:
    """Return a wish with its files hashed, where their hashes are not known."""
    card = wanted.files.get(CARD_FILE)
    content = _bytes(card) if card is not None else None
    others = {path: file for path, file in wanted.files.items() if path != CARD_FILE}
    return Release(
        repo=wanted.repo,
        files=local_files(others, wanted.known),
        card=content,
        rendered=hashlib.sha256(content).hexdigest() if content is not None else "",
    )


def contents_of(
    setting: Setting, release: Release, look: RepoInfo | None, last: ReceiptRepo | None
) -> Contents:
    """Return what a release does to a repo as it stands.

    Args:
        setting: what the family shares.
        release: what the repo is to hold.
        look: the repo as it stands; none where it does not exist.
        last: what the last publication left there.

    Raises:
        Refused: the README there cannot be edited safely.
    """
    files, readme = dict(release.files), None
    if release.card is not None:
        readme = _readme(setting, release.card, look, last)
        files |= local_files({CARD_FILE: readme.content})
    sums = manifest({path: file.mark.sha256 for path, file in files.items()})
    files |= local_files({MANIFEST: sums})
    there = look.files if look else {}
    planned = {path: _planned(files[path], there.get(path)) for path in sorted(files)}
    removed = _removable(setting.hub, look, planned) if look else ()
    kept = tuple(sorted(there.keys() - planned.keys() - set(removed) - HUB_MADE))
    return Contents(files=planned, removed=removed, kept=kept, readme=readme)


def _readme(
    setting: Setting, card: bytes, look: RepoInfo | None, last: ReceiptRepo | None
) -> Merged:
    """Return the README to be published; nothing is read where the receipt says what it will be."""
    there = look.files.get(CARD_FILE) if look else None
    if look is None or there is None:
        return Merged(content=card, facts={"merged": False})
    if last is not None and last.rendered == hashlib.sha256(card).hexdigest():
        proposed = last.route == "pull-request" and last.base == look.commit
        if proposed or _is(last.readme, there):
            return Merged(content=last.readme, facts=last.facts)
    if _is(card, there):
        return Merged(content=card, facts={"merged": False})
    hub, evidence = setting.hub, b"{}"
    if EVIDENCE_FILE in look.files:
        evidence = hub.read(look.repo, look.commit, EVIDENCE_FILE)
    return setting.merge(look.repo, hub.read(look.repo, look.commit, CARD_FILE), evidence, card)


def _planned(file: LocalFile, remote: RemoteFile | None) -> PlannedFile:
    change: Change = "added"
    if remote is not None:
        change = "unchanged" if file.matches(remote) else "changed"
    return PlannedFile(content=file.content, mark=file.mark, change=change)


def _removable(hub: Hub, look: RepoInfo, planned: Mapping[str, PlannedFile]) -> tuple[str, ...]:
    """Return the files that an earlier release put there, this one lacks, and nobody edited."""
    left_over = look.files.keys() - planned.keys() - HUB_MADE
    if not left_over or MANIFEST not in look.files or planned[MANIFEST].change == "unchanged":
        return ()
    before = listed(hub.read(look.repo, look.commit, MANIFEST))
    return tuple(
        path
        for path in sorted(left_over & before.keys())
        if _remote_sha256(hub, look, path) == before[path]
    )


def _remote_sha256(hub: Hub, look: RepoInfo, path: str) -> str:
    file = look.files[path]
    if file.lfs:
        return file.oid
    return hashlib.sha256(hub.read(look.repo, look.commit, path)).hexdigest()


def _is(content: bytes, remote: RemoteFile) -> bool:
    return next(iter(local_files({CARD_FILE: content}).values())).matches(remote)


def _bytes(content: Content) -> bytes:
    return content.read_bytes() if isinstance(content, Path) else content

"""Shelves: the collection that keeps a family together on a hub, and what changes in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from hubq.hub.port import Account, Hub
from hubq.hub.publication.plan import RepoPlan
from hubq.hub.publication.receipt import Receipt
from hubq.hub.remote import Collection

_TITLE = 60
_NOTE = 500


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """What a publication will do to the family's collection.

    Attributes:
        title: of the collection; empty for none.
        slug: where it is known to exist.
        notes: repo -> what will be written beside it; only those that change.
        show: whether it is hidden and will be made visible, since repos of the family are.
        left: repo -> a remark on a note there that is left, since hubq did not write it.
    """

    title: str = ""
    slug: str = ""
    notes: dict[str, str] = {}
    show: bool = False
    left: dict[str, str] = {}


def shelf_title(source: str) -> str:
    """Return the title of the collection of what was made from a source.

    Args:
        source: as people name it: `org/name@1a2b3c4`, or a folder's name.
    """
    name = source.rpartition("/")[2].partition("@")[0]
    tail = " quantized with hubq"
    room = _TITLE - len(tail)
    return (name if len(name) <= room else f"{name[: room - 1]}…") + tail


def plan_shelf(
    hub: Hub, me: Account, repos: Sequence[RepoPlan], source: str, receipt: Receipt | None
) -> Shelf:
    """Return what has to be done to a family's collection; it is in the first repo's namespace.

    Repos that get a pull request are left out: they do not hold the release yet. A token that may
    not write to the namespace makes no collection there.
    """
    owner = repos[0].repo.partition("/")[0]
    ours = [one for one in repos if one.route == "direct"]
    if not ours or not me.can_write(owner):
        return Shelf()
    title = shelf_title(source)
    found = _found(hub, owner, title, ours, receipt)
    there = {item.repo: item.note for item in found.items} if found else {}
    notes, left = _notes(ours, there, receipt.notes if receipt else {})
    if found is None:
        return Shelf(title=title, notes=notes)
    show = found.private and any(one.reveal for one in ours)
    return Shelf(title=found.title, slug=found.slug, notes=notes, show=show, left=left)


def _notes(
    repos: Sequence[RepoPlan], there: Mapping[str, str], wrote: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return what is to be written beside each repo, and what is to be said of notes left alone.

    A note is changed only where it is what hubq wrote.
    """
    notes: dict[str, str] = {}
    left: dict[str, str] = {}
    for one in repos:
        note, shown = one.note[:_NOTE], there.get(one.repo)
        if shown is None or (note and note != shown and shown in {"", wrote.get(one.repo)}):
            notes[one.repo] = note
        elif note and note != shown:
            left[one.repo] = "its note in the collection is left: somebody else may have written it"
    return notes, left


def _found(
    hub: Hub, owner: str, title: str, repos: Sequence[RepoPlan], receipt: Receipt | None
) -> Collection | None:
    """Return the family's collection with its items; none when there is none yet."""
    if receipt is not None and receipt.slug.startswith(f"{owner}/"):
        found = hub.collection(receipt.slug)
        if found is not None:
            return found
    old = next((one.repo for one in repos if not one.new), "")
    listed = [one for one in hub.collections(owner, old) if one.title == title]
    return hub.collection(listed[0].slug) if listed else None

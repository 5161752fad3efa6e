"""Expanding: owners, collections and searches become the repos that they stand for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hubq.audit.library import Library
from hubq.audit.sweep import Item
from hubq.audit.targets import Target
from hubq.errors import BadInput


def items_of(
    targets: Sequence[Target], library: Library, *, search: str = "", limit: int = 0
) -> tuple[Item, ...]:
    """Return what is to be audited, in order and once.

    Args:
        targets: that were named.
        library: that is asked.
        search: words that the ids of owners' repos must hold; of all repos where none is named.
        limit: how many repos an owner or a search stands for at most; 0 for all.

    Raises:
        BadInput: a collection is gone, nothing is found, or a hub has to be asked and must not be.
        HubProblem: the hub does not answer.
    """
    found: dict[Target, Item] = {}
    named = list(targets) or [Target(kind="owner", name="")]
    for target in named:
        for item in _of(target, library, search, limit):
            found.setdefault(item.target, item)
    return tuple(found.values())


def _of(target: Target, library: Library, search: str, limit: int) -> Iterator[Item]:
    if target.kind in ("repo", "folder", "readme"):
        yield Item(target=target)
        return
    if target.kind == "collection":
        yield from _collected(target, library)
        return
    entries = library.models(target.name, search, limit)
    if not entries:
        about = " ".join(part for part in (target.name, search) if part)
        raise BadInput(f"{about}: the Hub has no such model", remedy="Check the spelling.")
    for entry in entries:
        yield Item(target=Target(kind="repo", name=entry.repo), commit=entry.commit)


def _collected(target: Target, library: Library) -> Iterator[Item]:
    hub = library.hub
    if hub is None:
        raise BadInput(f"{target.name}: only the Hub knows what is in it")
    collection = hub.collection(target.name)
    if collection is None:
        raise BadInput(f"{target.name}: no such collection on {hub.endpoint}, or no access to it")
    for one in collection.items:
        yield Item(target=Target(kind="repo", name=one.repo))

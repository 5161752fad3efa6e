"""Expanding: owners, collections and searches become the repos that they stand for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hubq.audit.sweep import Item
from hubq.audit.targets import Target
from hubq.errors import BadInput
from hubq.hub.port import Hub


def items_of(
    targets: Sequence[Target], hub: Hub | None, *, search: str = "", limit: int = 0
) -> tuple[Item, ...]:
    """Return what is to be audited, in order and once.

    Args:
        targets: that were named.
        hub: that is asked; none to ask nobody.
        search: words that the ids of owners' repos must hold; of all repos where none is named.
        limit: how many repos an owner or a search stands for at most; 0 for all.

    Raises:
        BadInput: a collection is gone, nothing is found, or a hub has to be asked and must not be.
        HubProblem: the hub does not answer.
    """
    found: dict[Target, Item] = {}
    named = list(targets) or [Target(kind="owner", name="")]
    for target in named:
        for item in _of(target, hub, search, limit):
            found.setdefault(item.target, item)
    return tuple(found.values())


def _of(target: Target, hub: Hub | None, search: str, limit: int) -> Iterator[Item]:
    if target.kind in ("repo", "folder", "readme"):
        yield Item(target=target)
        return
    if hub is None:
        raise BadInput(
            f"{target.name or search}: only the Hub knows what that stands for",
            remedy="Leave --offline out, or name repos.",
        )
    if target.kind == "collection":
        yield from _collected(target, hub)
        return
    entries = hub.models(author=target.name, search=search, limit=limit)
    if not entries:
        about = " ".join(part for part in (target.name, search) if part)
        raise BadInput(f"{about}: no model on {hub.endpoint}", remedy="Check the spelling.")
    for entry in entries:
        yield Item(target=Target(kind="repo", name=entry.repo), commit=entry.commit)


def _collected(target: Target, hub: Hub) -> Iterator[Item]:
    collection = hub.collection(target.name)
    if collection is None:
        raise BadInput(f"{target.name}: no such collection on {hub.endpoint}, or no access to it")
    for one in collection.items:
        yield Item(target=Target(kind="repo", name=one.repo))

"""Pairs: variants of the same bits, item against item, and what the items cannot tell apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from hubq.cards.ledger import COUNT, Ledger, escape_pointer
from hubq.cards.prose.wording import grouped, listed


class PairLead(msgspec.Struct, frozen=True, kw_only=True):
    """A task on which one of two variants of the same bits is better beyond chance."""

    task: str
    better: str
    worse: str


class _Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A pair on a task, as `comparison.json` has it, and where there."""

    first: str
    second: str
    task: str
    found: dict[str, Any]
    place: str


def leads_of(
    ledger: Ledger, names: tuple[str, ...], tasks: tuple[str, ...]
) -> tuple[PairLead, ...]:
    """Return where one of two named variants of the same bits is shown to be better."""
    leads = []
    for entry in _entries(ledger, names, tasks):
        leader = entry.found.get("leader")
        if leader in ("first", "second"):
            better, worse = entry.first, entry.second
            if leader == "second":
                better, worse = worse, better
            leads.append(PairLead(task=entry.task, better=better, worse=worse))
    return tuple(leads)


def undecided_pairs(
    ledger: Ledger, names: tuple[str, ...], tasks: tuple[str, ...]
) -> tuple[str, ...]:
    """Return sentences on pairs of the same bits that tasks cannot tell apart."""
    pairs: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for entry in _entries(ledger, names, tasks):
        if entry.found.get("leader") == "open":
            claim_id = f"margin_pairs.{entry.first}.{entry.second}.{entry.task}"
            items = ledger.own(claim_id, f"{entry.place}/n", COUNT)
            pairs.setdefault((entry.first, entry.second), []).append((str(items), entry.task))
    return tuple(
        _said(items, named, first, second)
        for (first, second), found in pairs.items()
        for items, named in grouped(found).items()
    )


def _said(items: str, tasks: list[str], first: str, second: str) -> str:
    if len(tasks) == 1:
        return f"These {items} items cannot separate {first} from {second} on {tasks[0]}."
    return f"On {listed(tasks)}, {items} items each cannot separate {first} from {second}."


def _entries(ledger: Ledger, names: tuple[str, ...], tasks: tuple[str, ...]) -> Iterator[_Entry]:
    """Yield every comparable pair of named variants on a task that is not at the floor."""
    for number, pair in enumerate(ledger.document.get("margins", ())):
        if not {pair["first"], pair["second"]} <= set(names):
            continue
        for task in tasks:
            found = pair["tasks"].get(task, {})
            if found.get("comparable") and not ledger.document["scores"][task]["floor"]:
                yield _Entry(
                    first=pair["first"],
                    second=pair["second"],
                    task=task,
                    found=found,
                    place=f"/margins/{number}/tasks/{escape_pointer(task)}",
                )

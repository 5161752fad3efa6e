"""Margins: which of two variants of the same bits leads on each task, and by how much."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from hubq.cards.family import Family
from hubq.cards.footnotes import Footnote, Footnotes
from hubq.cards.ledger import COUNT, DELTA, Ledger, escape_pointer
from hubq.cards.tables.scores import plain_score
from hubq.model.card import Cell, Claim

Leader = Literal["first", "second", "open"]


class MarginRow(msgspec.Struct, frozen=True, kw_only=True):
    """One task.

    Attributes:
        task: its name.
        first, second: the two scores; a state where one is missing.
        margin: first - second in points; none where one is missing.
        low, high: the interval of the one ahead minus the other; none for published numbers, which
            have no items.
        leader: which is better beyond chance, by the statistics; `open` where they do not decide.
        ahead: the variant with the higher printed score, whatever chance says; empty for none.
        note: what the numbers can tell, in words; a marked sentence, or empty.
    """

    task: str
    first: Cell
    second: Cell
    margin: Claim | None
    low: Claim | None
    high: Claim | None
    leader: Leader
    ahead: str = ""
    note: str = ""


class MarginTable(msgspec.Struct, frozen=True, kw_only=True):
    """Two variants of the same bits side by side.

    Attributes:
        first, second: their names.
        bits: of both; none where unknown.
        rows: one for each task.
        notes: the footnotes first referred to here.
    """

    first: str
    second: str
    rows: tuple[MarginRow, ...]
    bits: Claim | None = None
    notes: tuple[Footnote, ...] = ()


def margin_tables(
    family: Family, ledger: Ledger, notes: Footnotes, names: tuple[str, ...]
) -> tuple[MarginTable, ...]:
    """Return a table for each pair of the named variants that have the same, fewest bits."""
    return tuple(
        _table(family, ledger, notes, number, pair)
        for number, pair in enumerate(ledger.document["margins"])
        if pair["first"] in names and pair["second"] in names
    )


def _table(
    family: Family, ledger: Ledger, notes: Footnotes, number: int, pair: dict[str, Any]
) -> MarginTable:
    before, first, second = len(notes), pair["first"], pair["second"]
    rows = []
    for task in family.tasks:
        entry = pair["tasks"].get(task.name, {})
        margin = low = high = None
        if entry.get("comparable"):
            place = f"/margins/{number}/tasks/{escape_pointer(task.name)}"
            tail = f"{first}.{second}.{task.name}"
            margin = ledger.own(f"lead.{tail}", f"{place}/delta", DELTA)
            low = ledger.own(f"lead_low.{tail}", f"{place}/ahead_low", DELTA)
            high = ledger.own(f"lead_high.{tail}", f"{place}/ahead_high", DELTA)
        rows.append(
            MarginRow(
                task=task.name,
                first=plain_score(family, ledger, notes, first, task.name),
                second=plain_score(family, ledger, notes, second, task.name),
                margin=margin,
                low=low,
                high=high,
                leader=entry.get("leader", "open"),
                ahead=_ahead(entry, first, second),
            )
        )
    return MarginTable(
        first=first,
        second=second,
        rows=tuple(rows),
        bits=ledger.own(f"lead_bits.{first}.{second}", f"/margins/{number}/bits", COUNT),
        notes=notes.since(before),
    )


def _ahead(entry: dict[str, Any], first: str, second: str) -> str:
    """Return which of two has the higher score as it is printed; empty for equal ones."""
    if not entry.get("comparable") or not DELTA.show(entry["delta"] * DELTA.scale).strip("0."):
        return ""
    return first if entry["delta"] > 0 else second

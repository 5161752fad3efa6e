"""Grids: speed-ups over the baseline by workload, hardware and regime (latency, throughput)."""

from __future__ import annotations

from typing import Any

import msgspec

from hubq.cards.family import Family
from hubq.cards.footnotes import Footnote, Footnotes, measured
from hubq.cards.ledger import COUNT, Ledger, escape_pointer
from hubq.cards.speeds import BATCHED, VLLM, bench_gap
from hubq.cards.stacks import ENGINES
from hubq.cards.tables.speed import RATIO
from hubq.model.card import Cell, Claim


class GridRow(msgspec.Struct, frozen=True, kw_only=True):
    """One workload on one kind of hardware in one regime.

    Attributes:
        workload, hardware: their names.
        regime: how requests came, in words.
        cells: each variant's speed-up.
        engine: what they came to; empty for plain generation.
        count: how many at a time, before `regime`; none where the words say it.
    """

    workload: str
    hardware: str
    regime: str
    cells: tuple[Cell, ...]
    engine: str = ""
    count: Claim | None = None


class GridTable(msgspec.Struct, frozen=True, kw_only=True):
    """Speed-ups: `variants` are the columns."""

    variants: tuple[str, ...]
    rows: tuple[GridRow, ...]
    notes: tuple[Footnote, ...] = ()


def grid_table(
    family: Family, ledger: Ledger, notes: Footnotes, names: tuple[str, ...]
) -> GridTable | None:
    """Return speed-ups of the named variants; none when no speed was compared."""
    before, entries = len(notes), ledger.document["grid"]
    rows = tuple(
        GridRow(
            workload=entry["workload"],
            hardware=entry["hardware"],
            regime="at a time" if _count(entry) else entry["regime"],
            engine=ENGINES[VLLM] if entry["step"] else "",
            count=ledger.own(f"grid_load.{number}", f"/grid/{number}/concurrency", COUNT)
            if _count(entry)
            else None,
            cells=tuple(_cell(family, ledger, notes, number, name) for name in names),
        )
        for number, entry in enumerate(entries)
    )
    return GridTable(variants=names, rows=rows, notes=notes.since(before)) if rows else None


def _cell(family: Family, ledger: Ledger, notes: Footnotes, number: int, name: str) -> Cell:
    entry = ledger.document["grid"][number]
    claim_id = f"grid.{number}.{name}"
    if name in entry["ratios"]:
        place = f"/grid/{number}/ratios/{escape_pointer(name)}/ratio"
        return measured(ledger.own(claim_id, place, RATIO))
    place = "/".join(filter(None, (entry["workload"], entry["step"])))
    return notes.gap(bench_gap(family, name, place, VLLM if entry["step"] else ""), claim_id)


def _count(entry: dict[str, Any]) -> bool:
    """Say whether requests came so many at a time to a server."""
    return bool(entry["step"]) and entry["regime"] == BATCHED

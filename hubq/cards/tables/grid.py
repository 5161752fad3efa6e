"""Grids: speed-ups over the baseline by workload, hardware and regime (latency, throughput)."""

from __future__ import annotations

import msgspec

from hubq.cards.family import Family
from hubq.cards.footnotes import Footnote, Footnotes, measured
from hubq.cards.ledger import Ledger, escape_pointer
from hubq.cards.speeds import bench_gap, bench_measures
from hubq.cards.tables.speed import RATIO
from hubq.model.card import Cell, CellState
from hubq.model.recipe import BASELINE


class GridRow(msgspec.Struct, frozen=True, kw_only=True):
    """One workload on one kind of hardware in one regime; `cells` holds each variant's speed-up."""

    workload: str
    hardware: str
    regime: str
    cells: tuple[Cell, ...]


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
            regime=entry["regime"],
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
    measures = bench_measures(family, name)
    if any(measure.endswith(f"/{entry['workload']}") for measure in measures):
        text = f"Timed on other hardware than {BASELINE}."
        note = notes.add(CellState.NOT_COMPARABLE, text, claim_id)
        return Cell(state=CellState.NOT_COMPARABLE, note=note)
    return notes.gap(bench_gap(family, name, entry["workload"]), claim_id)

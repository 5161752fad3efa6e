"""The size table: the weights of a family on disk."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from hubq.cards.family import Family
from hubq.cards.footnotes import Footnote, Footnotes, measured
from hubq.cards.ledger import RATE, Ledger, Shape, escape_pointer
from hubq.cards.speeds import bench_measures, bench_stage
from hubq.model.card import Cell, Claim
from hubq.model.recipe import BASELINE

_GIGABYTE = 1e9


class SizeRow(msgspec.Struct, frozen=True, kw_only=True):
    """The weights of one variant.

    Attributes:
        variant: its name.
        this: whether the card is this variant's.
        size: of its safetensors files; none when the source's files are not known.
        share: of the baseline's, in percent.
        memory: what they take in memory once loaded; none where nothing was timed.
    """

    variant: str
    this: bool
    size: Cell | None
    share: Cell | None
    memory: Claim | None = None


class SizeTable(msgspec.Struct, frozen=True, kw_only=True):
    """The size of the family's weights; `unit` is `MB` or `GB` (powers of ten)."""

    rows: tuple[SizeRow, ...]
    unit: str
    notes: tuple[Footnote, ...]


def size_table(
    family: Family, ledger: Ledger, notes: Footnotes, names: tuple[str, ...], this: str
) -> SizeTable:
    """Return the size table of the named variants, the baseline first."""
    before, sizes = len(notes), ledger.document["sizes"]
    unit = unit_of(entry["bytes"] for entry in sizes.values())
    rows = []
    for name in (BASELINE, *names):
        claim_id, place = f"size.{name}", f"/sizes/{escape_pointer(name)}"
        if name not in sizes and name == BASELINE:
            rows.append(SizeRow(variant=name, this=False, size=None, share=None))
            continue
        if name not in sizes:
            cell = notes.gap(family.gap(f"quantize/{name}"), claim_id)
            rows.append(SizeRow(variant=name, this=name == this, size=cell, share=None))
            continue
        if name == BASELINE:
            size = ledger.own(claim_id, f"{place}/bytes", bytes_in(unit))
        else:
            size = ledger.measure(claim_id, f"quantize/{name}", "size_bytes", bytes_in(unit))
        share = None
        if name != BASELINE and sizes[name]["share"] is not None:
            share = measured(ledger.own(f"share.{name}", f"{place}/share", RATE))
        memory = None
        if "weights_bytes" in bench_measures(family, name):
            claim_id, stage = f"loaded.{name}", bench_stage(name)
            memory = ledger.measure(claim_id, stage, "weights_bytes", bytes_in(unit))
        rows.append(
            SizeRow(
                variant=name, this=name == this, size=measured(size), share=share, memory=memory
            )
        )
    return SizeTable(rows=tuple(rows), unit=unit, notes=notes.since(before))


def unit_of(sizes: Iterable[float]) -> str:
    """Return the unit that sizes in bytes are shown in: `MB` or `GB` (powers of ten)."""
    return "GB" if max(sizes, default=0) >= _GIGABYTE else "MB"


def bytes_in(unit: str) -> Shape:
    """Return how bytes are printed in a unit."""
    return Shape(digits=2, scale=1e-9 if unit == "GB" else 1e-6, unit=unit)

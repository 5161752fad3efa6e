"""The speed table, in the form of the cards that Qwen publishes."""

from __future__ import annotations

from typing import Any

import msgspec

from hubq.cards.family import Family
from hubq.cards.footnotes import Footnote, Footnotes, measured
from hubq.cards.ledger import COUNT, Ledger, Shape, escape_pointer
from hubq.cards.speeds import bench_gap, bench_measures
from hubq.cards.tables.sizes import bytes_in, unit_of
from hubq.model.card import Cell, Claim
from hubq.model.recipe import BASELINE

SPEED = Shape(digits=2, unit="tokens/s")
RATIO = Shape(digits=2, unit="ratio")


class SpeedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One variant under one workload.

    Attributes:
        workload: its name.
        first: whether it is the first row of its workload.
        variant: its name.
        this: whether the card is this variant's.
        gpus: how many GPUs it ran on, 0 on a CPU; none where it was not measured.
        speed: tokens/s.
        relative: speed as a multiple of the baseline's; none for the baseline.
        memory: peak memory in the table's unit.
    """

    workload: str
    first: bool
    variant: str
    this: bool
    speed: Cell
    relative: Cell | None
    memory: Cell
    gpus: Claim | None = None


class WorkloadFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a workload asks for; `width` and `height` in pixels, none without images."""

    name: str
    input_tokens: Claim
    output_tokens: Claim
    batch_size: Claim
    images: Claim | None = None
    width: Claim | None = None
    height: Claim | None = None


class SpeedTable(msgspec.Struct, frozen=True, kw_only=True):
    """Speed and peak memory of the family.

    Attributes:
        model: what was timed.
        rows: by workload, then by variant.
        unit: of memory, `MB` or `GB` (powers of ten).
        workloads: what each asks for; empty when nothing was measured.
        warmup, repeats: runs not counted and runs counted; none when nothing was measured.
        device: `cpu` or `cuda`; empty when nothing was measured.
        attention, dtype: of the generation; empty when unknown.
        threads: of PyTorch; none when unknown.
        notes: the footnotes first referred to here.
    """

    model: str
    rows: tuple[SpeedRow, ...]
    unit: str
    workloads: tuple[WorkloadFacts, ...]
    warmup: Claim | None
    repeats: Claim | None
    device: str
    attention: str
    dtype: str
    threads: Claim | None
    notes: tuple[Footnote, ...]


def speed_table(
    family: Family, ledger: Ledger, notes: Footnotes, names: tuple[str, ...], this: str
) -> SpeedTable:
    """Return the speed table of the named variants, the baseline first in each workload."""
    before, all_names = len(notes), (BASELINE, *names)
    unit = unit_of(
        measure.value
        for name in all_names
        for measure in bench_measures(family, name).values()
        if measure.name.startswith("peak_memory_bytes/")
    )
    rows = tuple(
        _speed_row(family, ledger, notes, workload.name, name, this=this, unit=unit)
        for workload in family.loaded.workloads.workloads
        for name in all_names
    )
    known = next((f"bench/{n}" for n in all_names if f"bench/{n}" in family.results), "")
    settings = family.results[known].stage.settings if known else {}
    facts = family.results[known].facts if known else {}
    return SpeedTable(
        model=family.source.name,
        rows=rows,
        unit=unit,
        workloads=_workloads(ledger, known, settings),
        warmup=ledger.record("warmup", known, "/stage/settings/warmup", COUNT) if known else None,
        repeats=ledger.record("repeats", known, "/stage/settings/repeats", COUNT)
        if known
        else None,
        device=str(settings.get("device", "")),
        attention=_attention(facts.get("attention", "")),
        dtype=str(facts.get("dtype", "")),
        threads=ledger.record("threads", known, "/facts/threads", COUNT)
        if facts.get("threads")
        else None,
        notes=notes.since(before),
    )


def _speed_row(
    family: Family,
    ledger: Ledger,
    notes: Footnotes,
    workload: str,
    name: str,
    *,
    this: str,
    unit: str,
) -> SpeedRow:
    stage, tail = f"bench/{name}", f"{name}.{workload}"
    relative = None
    if f"tokens_per_second/{workload}" in bench_measures(family, name):
        speed = measured(
            ledger.measure(f"speed.{tail}", stage, f"tokens_per_second/{workload}", SPEED)
        )
        memory = measured(
            ledger.measure(f"memory.{tail}", stage, f"peak_memory_bytes/{workload}", bytes_in(unit))
        )
        if name in ledger.document["speed"].get(workload, {}):
            place = f"/speed/{escape_pointer(workload)}/{escape_pointer(name)}/ratio"
            relative = measured(ledger.own(f"speedup.{tail}", place, RATIO))
    else:
        gap = bench_gap(family, name, workload)
        speed, memory = notes.gap(gap, f"speed.{tail}"), notes.gap(gap, f"memory.{tail}")
    return SpeedRow(
        workload=workload,
        first=name == BASELINE,
        variant=name,
        this=name == this,
        speed=speed,
        relative=relative,
        memory=memory,
        gpus=ledger.maybe(f"gpus.{name}", f"/gpus/{escape_pointer(name)}", COUNT),
    )


def _workloads(ledger: Ledger, stage: str, settings: dict[str, Any]) -> tuple[WorkloadFacts, ...]:
    found = []
    for index, workload in enumerate(settings.get("workloads", ())):
        place, tail = f"/stage/settings/workloads/{index}", workload["name"]
        images: dict[str, Claim] = {}
        if workload.get("images"):
            images = {
                field: ledger.record(f"{field}.{tail}", stage, f"{place}/{pointer}", COUNT)
                for field, pointer in (
                    ("images", "images"),
                    ("width", "image_size/0"),
                    ("height", "image_size/1"),
                )
            }
        counts = {
            field: ledger.record(f"{field}.{tail}", stage, f"{place}/{field}", COUNT)
            for field in ("input_tokens", "output_tokens", "batch_size")
        }
        found.append(WorkloadFacts(name=workload["name"], **counts, **images))
    return tuple(found)


def _attention(found: Any) -> str:
    """Return the attention of a run in words; parts of a model may have different ones."""
    if not isinstance(found, dict):
        return str(found)
    kinds = list(dict.fromkeys(str(kind) for kind in found.values()))
    if len(kinds) == 1:
        return kinds[0]
    return ", ".join(f"{kind} ({part})" for part, kind in sorted(found.items()))

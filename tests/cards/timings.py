"""Timings changed: families whose ratios and facts of speed are given by a test."""

from __future__ import annotations

from typing import Any

import msgspec

from hubq.cards.family import Family
from hubq.cards.speeds import bench_stage
from hubq.model.workload import Price


def told(family: Family, name: str, engine: str = "", **facts: Any) -> Family:
    """Return a family in which the facts of a variant's timing are other ones."""
    stage = bench_stage(name, engine)
    result = family.results[stage]
    changed = msgspec.structs.replace(result, facts={**result.facts, **facts})
    return msgspec.structs.replace(family, results={**family.results, stage: changed})


def paced(
    family: Family, name: str, ratio: float, p: float | None, *, engine: str = "", place: str = ""
) -> Family:
    """Return a family in which a variant has a ratio and a p in the quantities of its speed.

    Args:
        family: to change.
        name: the variant.
        ratio: of rates; latencies have its inverse.
        p: of the ratio; none of a single round.
        engine: of the timing.
        place: the workload, or `WORKLOAD/STEP`; empty for all.
    """
    known = family.results[bench_stage(name, engine)].facts["relative"]
    changed = {}
    for kind, found in known.items():
        if kind.endswith(place):
            value = 1 / ratio if kind.partition("/")[0].endswith("seconds") else ratio
            low, high = (None, None) if p is None else (value * 0.99, value * 1.01)
            changed[kind] = {**found, "ratio": value, "low": low, "high": high, "p": p}
    return told(family, name, engine, relative={**known, **changed})


def measured_as(family: Family, name: str, prefix: str, value: float) -> Family:
    """Return a family in which the measures of a variant that begin like this have a value."""
    stage = bench_stage(name)
    result = family.results[stage]
    measures = tuple(
        msgspec.structs.replace(one, value=value) if one.name.startswith(prefix) else one
        for one in result.measures
    )
    changed = msgspec.structs.replace(result, measures=measures)
    return msgspec.structs.replace(family, results={**family.results, stage: changed})


def priced(family: Family, per_hour: float = 1.25) -> Family:
    """Return a family whose recipe has a price per hour, in EUR."""
    price = Price(per_hour=per_hour, currency="EUR")
    workloads = msgspec.structs.replace(family.loaded.workloads, price=price)
    loaded = msgspec.structs.replace(family.loaded, workloads=workloads)
    return msgspec.structs.replace(family, loaded=loaded)

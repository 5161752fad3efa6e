"""Ratios: how fast each variant is beside the baseline, round by round, and what may be said of it.

A sitting measures the baseline and every variant in turns, and its results hold the ratio of each
quantity with interval and p (`hubq.stats.rounds`). Here one of them is chosen for each cell, the
one that its speed is judged by, and p is corrected over all cells (Holm). Where rounds ended at
their cap it takes a smaller p to say anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from hubq import stats
from hubq.bench.sitting import CAPPED
from hubq.cards.family import Family
from hubq.cards.speeds import VLLM, bench_facts, bench_measures
from hubq.model.recipe import BASELINE
from hubq.model.workload import Load

Pace = Literal["faster", "slower", "open"]

SPEED = "tokens_per_second"
RATE, LATENCY = "request_rate", "e2e_seconds"
MEMORY = "peak_memory_bytes"


def speed_of(family: Family, names: tuple[str, ...]) -> dict[str, Any]:
    """Return workload -> variant -> its speed relative to the baseline's, and its memory.

    `memory` is the share of the baseline's peak; none where one of the two is not known.
    """
    found: dict[str, Any] = {}
    for workload in family.loaded.workloads.workloads:
        found[workload.name] = {}
        for name in names:
            cell = _cell(bench_facts(family, name), SPEED, workload.name)
            if cell is None:
                continue
            memory = _memory(family, name, workload.name)
            found[workload.name][name] = cell | {"memory": memory}
    return found


def serving_of(family: Family, names: tuple[str, ...]) -> dict[str, Any]:
    """Return workload -> step of its load -> variant -> its speed relative to the baseline's.

    At a rate of requests the speed is the latency, elsewhere the rate at which they are answered.
    """
    return {
        served.name: {
            load.step: {
                name: cell
                for name in names
                if (cell := _served(family, name, served.name, load)) is not None
            }
            for load in served.loads
        }
        for served in family.loaded.serving
    }


def primary(load: Load) -> str:
    """Return the quantity that the speed under a load is judged by."""
    return RATE if load.rate is None else LATENCY


def judge(
    speed: dict[str, Any], serving: dict[str, Any], groups: tuple[tuple[str, ...], ...]
) -> None:
    """Add p after Holm's correction and a verdict to each cell.

    Args:
        speed: as `speed_of` returns it.
        serving: as `serving_of` returns it.
        groups: the variants over whose cells a correction runs, each group by itself.
    """
    for names in groups:
        cells = [cell for cell in _cells(speed, serving, names) if cell["p"] is not None]
        for cell, p in zip(cells, stats.holm([cell["p"] for cell in cells]), strict=True):
            cell["holm"] = p
    for cell in _cells(speed, serving, tuple(name for names in groups for name in names)):
        cell.setdefault("holm", None)
        cell["verdict"] = _verdict(cell)


def compared(speed: dict[str, Any], serving: dict[str, Any], names: tuple[str, ...]) -> int:
    """Return how many comparisons the correction over some variants runs over."""
    return sum(cell["p"] is not None for cell in _cells(speed, serving, names))


def _cells(
    speed: dict[str, Any], serving: dict[str, Any], names: tuple[str, ...]
) -> Iterator[dict[str, Any]]:
    rows = [*speed.values(), *(row for steps in serving.values() for row in steps.values())]
    for row in rows:
        yield from (row[name] for name in names if name in row)


def _verdict(cell: dict[str, Any]) -> Pace:
    level = stats.CAPPED_ALPHA if cell["capped"] else stats.ALPHA
    if cell["holm"] is None or cell["holm"] > level or cell["ratio"] == 1:
        return "open"
    quicker = (cell["ratio"] > 1) != (cell["quantity"] == LATENCY)
    return "faster" if quicker else "slower"


def _cell(facts: dict[str, Any], quantity: str, place: str) -> dict[str, Any] | None:
    found = facts.get("relative", {}).get(f"{quantity}/{place}")
    if found is None:
        return None
    capped = facts.get("stopped", {}).get(place) == CAPPED
    return {"quantity": quantity, "capped": capped, **found}


def _served(family: Family, name: str, workload: str, load: Load) -> dict[str, Any] | None:
    facts = bench_facts(family, name, VLLM)
    return _cell(facts, primary(load), f"{workload}/{load.step}")


def _memory(family: Family, name: str, workload: str) -> float | None:
    """Return a variant's peak memory as a share of the baseline's."""
    kind = f"{MEMORY}/{workload}"
    own, base = bench_measures(family, name).get(kind), bench_measures(family, BASELINE).get(kind)
    return own.value / base.value if own and base and base.value else None

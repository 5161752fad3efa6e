"""Speeds and sizes: what variants cost beside the baseline, as `comparison.json` has it."""

from __future__ import annotations

from typing import Any

from hubq.cards.family import Family
from hubq.cards.stacks import hardware_of
from hubq.model.card import CellState
from hubq.model.gap import Gap
from hubq.model.recipe import BASELINE
from hubq.model.result import Measure
from hubq.model.workload import Workload

_SAFETENSORS = ".safetensors"
_SPEED, _MEMORY = "tokens_per_second", "peak_memory_bytes"
SINGLE, BATCHED = "single stream", "batched"


def sizes_of(family: Family, names: tuple[str, ...]) -> dict[str, Any]:
    """Return variant -> the bytes of its weights and their share of the baseline's."""
    source = sum(n for path, n in family.source.files.items() if path.endswith(_SAFETENSORS))
    sizes: dict[str, Any] = {BASELINE: {"bytes": source}} if source else {}
    for name in names:
        result = family.results.get(f"quantize/{name}")
        if result is not None:
            size = result.measure("size_bytes").value
            sizes[name] = {"bytes": size, "share": size / source if source else None}
    return sizes


def speed_of(family: Family, names: tuple[str, ...]) -> dict[str, Any]:
    """Return workload -> variant -> how its speed and memory relate to the baseline's.

    `low` and `high` hold every ratio of a repeat of the one to a repeat of the other.
    """
    return {
        workload.name: {
            name: ratio
            for name in names
            if (ratio := _ratio(family, name, workload.name)) is not None
        }
        for workload in family.loaded.workloads.workloads
    }


def grid_of(family: Family, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return speed-ups by workload, hardware and regime: a row for each that was measured.

    A variant that was timed on other hardware than the baseline is not held against it.
    """
    rows = []
    hardware = hardware_of(family, "bench", BASELINE)
    alike = [name for name in names if hardware_of(family, "bench", name) == hardware]
    for workload in family.loaded.workloads.workloads:
        ratios = {
            name: ratio
            for name in alike
            if (ratio := _ratio(family, name, workload.name)) is not None
        }
        if ratios:
            rows.append(
                {
                    "workload": workload.name,
                    "hardware": hardware,
                    "regime": regime_of(workload),
                    "ratios": ratios,
                }
            )
    return rows


def regime_of(workload: Workload) -> str:
    """Return how requests come: one after another, or side by side."""
    return SINGLE if workload.batch_size == 1 else BATCHED


def gpus_of(family: Family, names: tuple[str, ...]) -> dict[str, int]:
    """Return variant -> how many GPUs it was timed on; 0 on a CPU.

    The worker that times puts a model on one device, whatever else the machine has.
    """
    found = {}
    for name in (BASELINE, *names):
        result = family.results.get(f"bench/{name}")
        if result is not None:
            device = str(result.stage.settings.get("device", ""))
            found[name] = int(device.startswith("cuda"))
    return found


def bench_measures(family: Family, name: str) -> dict[str, Measure]:
    """Return the measures of a variant's timing by name; none where it was not timed."""
    result = family.results.get(f"bench/{name}")
    return {measure.name: measure for measure in result.measures} if result else {}


def bench_gap(family: Family, name: str, workload: str) -> Gap:
    """Say why a workload was not measured, whether or not its stage has a result."""
    stage = f"bench/{name}"
    if stage not in family.results:
        return family.gap(stage)
    facts = family.results[stage].facts
    state = CellState(facts.get("states", {}).get(workload, CellState.FAILED.value))
    return Gap(state=state, reason=facts.get("why", {}).get(workload, ""))


def vision_shares(family: Family, names: tuple[str, ...]) -> dict[str, Any]:
    """Return variant -> the share of vision tokens among those the quantizer saw."""
    shares = {}
    for name in names:
        result = family.results.get(f"quantize/{name}")
        values = {measure.name: measure.value for measure in result.measures} if result else {}
        text = values.get("calibration_text_tokens", 0.0)
        vision = values.get("calibration_vision_tokens", 0.0)
        if text + vision > 0:
            shares[name] = {"vision_share": vision / (text + vision)}
    return shares


def _ratio(family: Family, name: str, workload: str) -> dict[str, Any] | None:
    base, own = bench_measures(family, BASELINE), bench_measures(family, name)
    kinds = (f"{_SPEED}/{workload}", f"{_MEMORY}/{workload}")
    if not all(measures.get(kind) for measures in (base, own) for kind in kinds):
        return None
    speed, before = own[kinds[0]], base[kinds[0]]
    if not (before.value and base[kinds[1]].value):
        return None
    return {
        "ratio": speed.value / before.value,
        "low": (speed.low or speed.value) / (before.high or before.value),
        "high": (speed.high or speed.value) / (before.low or before.value),
        "memory": own[kinds[1]].value / base[kinds[1]].value,
    }

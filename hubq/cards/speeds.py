"""Speeds and sizes: what variants cost beside the baseline, as `comparison.json` has it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hubq.cards.family import Family
from hubq.cards.stacks import hardware_of
from hubq.model.card import CellState
from hubq.model.gap import Gap
from hubq.model.recipe import BASELINE
from hubq.model.result import Measure
from hubq.model.workload import Load, Workload

_SAFETENSORS = ".safetensors"
SINGLE, BATCHED, SATURATED = "single stream", "batched", "saturation"
VLLM = "vllm"
"""The engine of the other bench stages, at the end of their ids."""


def bench_stage(name: str, engine: str = "") -> str:
    """Return the id of the stage that has a variant's speed: plain generation's, or an engine's."""
    return "/".join(part for part in ("bench", name, engine) if part)


def bench_measures(family: Family, name: str, engine: str = "") -> dict[str, Measure]:
    """Return the measures of a variant's timing by name; none where it was not timed."""
    result = family.results.get(bench_stage(name, engine))
    return {measure.name: measure for measure in result.measures} if result else {}


def bench_facts(family: Family, name: str, engine: str = "") -> dict[str, Any]:
    """Return the facts of a variant's timing; nothing where it was not timed."""
    result = family.results.get(bench_stage(name, engine))
    return dict(result.facts) if result else {}


def bench_gap(family: Family, name: str, workload: str, engine: str = "") -> Gap:
    """Say why a workload was not measured, whether or not its stage has a result."""
    if bench_stage(name, engine) not in family.results:
        return family.gap(bench_stage(name, engine))
    facts = bench_facts(family, name, engine)
    state = CellState(facts.get("states", {}).get(workload, CellState.FAILED.value))
    if state is CellState.MEASURED:
        return Gap(state=CellState.NOT_RUN, reason="It could not be read there.")
    return Gap(state=state, reason=facts.get("why", {}).get(workload, ""))


def engines_of(family: Family) -> tuple[str, ...]:
    """Return in which engines a family was to be timed; empty text is plain generation."""
    return ("", VLLM) if family.loaded.serving else ("",)


def missing_cells(family: Family, name: str, engine: str) -> dict[str, Gap]:
    """Return workload (or `WORKLOAD/STEP`) -> why a timing that has a result lacks it."""
    facts = bench_facts(family, name, engine)
    states = {
        place: state
        for place, state in facts.get("states", {}).items()
        if state != CellState.MEASURED.value
    }
    # A workload of which no step was measured is named once, without its steps.
    whole = {place for place in states if "/" not in place}
    return {
        place: bench_gap(family, name, place, engine)
        for place in states
        if place in whole or place.partition("/")[0] not in whole
    }


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


def grid_of(family: Family, speed: dict[str, Any], serving: dict[str, Any]) -> list[dict[str, Any]]:
    """Return speed-ups by workload, hardware and regime: a row for each that was measured.

    Latencies at a rate of requests are no speed-ups and are left out.

    Args:
        family: whose workloads they are.
        speed: of plain generation, as `comparison.json` has it.
        serving: of a server, likewise.
    """
    workloads = family.loaded.workloads
    rows: list[dict[str, Any]] = [
        {
            "workload": workload.name,
            "step": "",
            "regime": regime_of(workload),
            "ratios": _ratios(speed.get(workload.name, {})),
            "hardware": hardware_of(family, "bench", BASELINE),
        }
        for workload in workloads.workloads
    ]
    rows += [
        {
            "workload": served.name,
            "step": load.step,
            "regime": load_of(load),
            "concurrency": load.concurrency,
            "ratios": _ratios(serving.get(served.name, {}).get(load.step, {})),
            "hardware": hardware_of(family, "bench", BASELINE, VLLM),
        }
        for served in family.loaded.serving
        for load in served.loads
        if load.rate is None
    ]
    return [row for row in rows if row["ratios"]]


def _ratios(found: dict[str, Any]) -> dict[str, Any]:
    return {name: {"ratio": one["ratio"]} for name, one in found.items()}


def regime_of(workload: Workload) -> str:
    """Return how requests come: one after another, or side by side."""
    return SINGLE if workload.batch_size == 1 else BATCHED


def load_of(load: Load) -> str:
    """Return how requests come to a server that is not given them at a rate."""
    if load.concurrency is None:
        return SATURATED
    return SINGLE if load.concurrency == 1 else BATCHED


def gpus_of(family: Family, names: tuple[str, ...]) -> dict[str, int]:
    """Return variant -> how many GPUs it was timed on; 0 on a CPU.

    The worker that times puts a model on one device, whatever else the machine has.
    """
    found = {}
    for name in (BASELINE, *names):
        facts = bench_facts(family, name)
        if "measured" in facts.get("states", {}).values():
            found[name] = int(str(facts.get("device", "")).startswith("cuda"))
    return found


def benched(family: Family) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield engine and facts of each timing in which something was measured."""
    for name in (BASELINE, *family.published, *family.controls):
        for engine in engines_of(family):
            facts = bench_facts(family, name, engine)
            if "measured" in facts.get("states", {}).values():
                yield engine, facts


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

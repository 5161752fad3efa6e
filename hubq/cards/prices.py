"""Prices: what a million generated tokens cost on a machine with a price per hour."""

from __future__ import annotations

from typing import Any

from hubq.bench.pricing import cost_of
from hubq.cards.family import Family
from hubq.cards.ratios import SPEED
from hubq.cards.speeds import VLLM, bench_measures
from hubq.model.recipe import BASELINE
from hubq.model.workload import Price

_SERVED = "output_tokens_per_second"


def costs_of(family: Family, names: tuple[str, ...]) -> dict[str, Any]:
    """Return what a million generated tokens cost, by workload (or `WORKLOAD/STEP`) and variant.

    The whole time counts, reading of prompts included (`hubq.bench.pricing`).

    Returns:
        Nothing where the recipe has no price.
    """
    price = family.loaded.workloads.price
    if price is None:
        return {}
    plain = [one.name for one in family.loaded.workloads.workloads]
    served = [f"{one.name}/{load.step}" for one in family.loaded.serving for load in one.loads]
    return {
        "per_hour": price.per_hour,
        "currency": price.currency,
        "plain": {one: _costs(family, names, price, ("", f"{SPEED}/{one}")) for one in plain},
        "served": {one: _costs(family, names, price, (VLLM, f"{_SERVED}/{one}")) for one in served},
    }


def _costs(
    family: Family, names: tuple[str, ...], price: Price, timed: tuple[str, str]
) -> dict[str, dict[str, float | None]]:
    """Return variant -> what it costs; `timed` is the engine and the name of the measure."""
    engine, kind = timed
    found = {}
    for name in (BASELINE, *names):
        measure = bench_measures(family, name, engine).get(kind)
        cost = cost_of(price, measure) if measure is not None else None
        if cost is not None:
            found[name] = {"value": cost.value, "low": cost.low, "high": cost.high}
    return found

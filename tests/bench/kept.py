"""Runs of a benchmark made up: numbers in, what a runs folder or a kept file would say out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from hubq.bench.measures import summary
from hubq.bench.paired import Round
from hubq.bench.runs import Bench, Document, Run
from hubq.model.environment import Hardware
from hubq.model.recipe import BASELINE

MACHINE = Hardware(
    os="Debian", kernel="Linux 6.1", machine="x86_64", cpu="A CPU", cores=4, threads=8,
    memory_bytes=8 << 30,
)  # fmt: skip
ASKED = {"input_tokens": 1, "output_tokens": 8, "batch_size": 1}


def entry(
    own: Sequence[float],
    baseline: Sequence[float] = (),
    *,
    quantity: str = "tokens_per_second",
    name: str = "short",
    load_spread: float = 0.0,
    **changes: Any,
) -> dict[str, Any]:
    """Return an entry of a `bench.json` with these rounds of one quantity, all of one load."""
    told = [{quantity: value} for value in baseline]
    others: Sequence[dict[str, float] | None] = told or [None] * len(own)
    rounds = [
        Round(round=at, process=0, own={quantity: value}, baseline=other)
        for at, (value, other) in enumerate(zip(own, others, strict=True))
    ]
    memory = {"kind": "resident", "peak_bytes": 1000, "weights_bytes": 600, "before_bytes": 700}
    return {
        "name": name,
        "step": "",
        "state": "measured",
        "why": "",
        "asked": ASKED,
        "memory": memory,
        "stopped": "narrow",
        "rounds": msgspec.to_builtins(rounds),
        "load_spread": load_spread,
        **summary(rounds, load_spread),
        **changes,
    }


def lost(state: str, why: str, name: str = "short", step: str = "") -> dict[str, Any]:
    """Return an entry of a `bench.json` that could not be measured."""
    return {"name": name, "step": step, "state": state, "why": why, "asked": ASKED}


def bench(
    variant: str,
    *entries: dict[str, Any],
    engine: str = "transformers",
    busy: Sequence[str] = (),
    machine: Hardware | None = MACHINE,
    packages: Mapping[str, str] | None = None,
    **subject: Any,
) -> Bench:
    """Return a variant's bench."""
    position = int(variant != BASELINE)
    told = {"position": position, "state": "measured", "weights_bytes": 600, "dtype": "bfloat16"}
    found = {
        "schema": 2,
        "engine": engine,
        "definition": "tokens over seconds",
        "position": position,
        "subject": told | subject,
        "conditions": {"busy": list(busy), "facts": {}},
        "residency": "together",
        "processes": 1,
        "workloads": list(entries),
    }
    return Bench(
        variant=variant,
        document=msgspec.convert(found, Document),
        machine=machine,
        packages=dict(packages or {"torch": "2.13.0"}),
    )


def run(*benches: Bench, name: str = "old") -> Run:
    """Return a run."""
    return Run(name=name, benches=benches)

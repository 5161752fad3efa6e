"""Speed: what the bench stage's worker is given, and the measures read from what it leaves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from hubq.model.result import Collected, Measure

FACTS = "bench.json"

_SETTINGS = ("workloads", "warmup", "repeats", "dtype", "device")


def job(settings: Mapping[str, Any], paths: Mapping[str, Path]) -> dict[str, Any]:
    """Return the content of the worker's job.json.

    Args:
        settings: `workloads`, `warmup`, `repeats`, `dtype`, `device` (and `round`, which only
            tells results apart).
        paths: `checkpoint`, a model folder.
    """
    return {
        "checkpoint": str(paths["checkpoint"]),
        **{name: settings[name] for name in _SETTINGS},
    }


def collect(work: Path, out: Mapping[str, Any]) -> Collected:  # noqa: ARG001 - one signature
    """Read the measures of every workload that could be run.

    `tokens_per_second/<workload>` is Qwen's definition, tokens generated over the seconds of the
    whole call; it is the median of the repeats, and its `low` and `high` are the slowest and the
    fastest repeat, not an interval of confidence. `decode_tokens_per_second/<workload>` leaves the
    prompt and the first token out. Peak memory holds the weights.
    """
    bench = msgspec.json.decode((work / FACTS).read_bytes(), type=dict[str, Any])
    measures = [
        Measure(
            name="weights_bytes",
            value=float(bench["weights_bytes"]),
            unit="bytes",
            n=1,
            file=FACTS,
            pointer="/weights_bytes",
        )
    ]
    states: dict[str, str] = {}
    for position, workload in enumerate(bench["workloads"]):
        states[workload["name"]] = workload["state"]
        if workload["state"] == "measured":
            measures.extend(_measures(workload, f"/workloads/{position}"))
    return Collected(
        measures=tuple(measures),
        facts={
            "spread": "slowest and fastest of the repeats",
            "definition": bench["definition"],
            "states": states,
            "why": {w["name"]: w["why"] for w in bench["workloads"] if "why" in w},
            **{name: bench[name] for name in _FACTS},
        },
    )


_FACTS = ("kernels", "attention", "dtype", "device", "threads", "warmup", "repeats")


#: What a workload's entry in bench.json may hold, and the measure it becomes.
_RATES = {
    "tokens_per_second": ("tokens_per_second", "tokens/s"),
    "decode_tokens_per_second": ("decode_tokens_per_second", "tokens/s"),
    "first_token": ("first_token_seconds", "s"),
}


def _measures(workload: Mapping[str, Any], place: str) -> Iterator[Measure]:
    for entry, (name, unit) in _RATES.items():
        if entry in workload:
            yield Measure(
                name=f"{name}/{workload['name']}",
                value=workload[entry]["median"],
                unit=unit,
                n=len(workload["seconds"]),
                low=workload[entry]["low"],
                high=workload[entry]["high"],
                file=FACTS,
                pointer=f"{place}/{entry}/median",
            )
    yield Measure(
        name=f"peak_memory_bytes/{workload['name']}",
        value=float(workload["memory"]["peak_bytes"]),
        unit="bytes",
        n=1,
        file=FACTS,
        pointer=f"{place}/memory/peak_bytes",
    )

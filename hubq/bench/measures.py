"""Measures of speed and memory: what a sitting's runs say of one subject, as `bench.json` has it.

`bench.json` is a pure function of the sitting's two files, of what was asked, and of the subject's
position; `quantities` and `relative` in it are pure functions of its `rounds` and `load_spread`. So
better arithmetic times nothing again, and whoever has the file can work its numbers out again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from hubq.bench.asked import Asked
from hubq.bench.paired import Round, relative_of, rounds_of, typical_of
from hubq.bench.quantities import UNITS
from hubq.bench.sitting import Cell, Memory, Sample, Sitting, Subject, read_samples, read_sitting
from hubq.errors import BadInput
from hubq.model.codec import pretty
from hubq.model.result import Collected, Measure
from hubq.stats import errors, quantiles
from hubq.stats import rounds as round_statistics

FACTS = "bench.json"
SCHEMA = 2
RATIO = "ratio"
"""What a measure relative to the baseline's begins with: `ratio/MEASURE`."""

NO_ROUND = "no round was finished"
_PROGRAM = ("asked.py", "measures.py", "paired.py", "quantities.py", "sitting.py")
_MEMORY = {
    "peak_bytes": "peak_memory_bytes",
    "above_weights_bytes": "memory_above_weights_bytes",
}
_SUBJECT = {
    "weights_bytes": ("weights_bytes", "bytes"),
    "disk_bytes": ("disk_bytes", "bytes"),
    "load_seconds": ("load_seconds", "s"),
    "cache_tokens": ("kv_cache_tokens", "count"),
}
_FACTS = ("definition", "engine", "residency", "processes")
_SUBJECT_FACTS = ("kernels", "attention", "dtype", "device", "threads")


def program_digest() -> str:
    """Return the SHA-256 of the code that turns a sitting into measures."""
    folder = Path(__file__).parent
    statistics = [Path(module.__file__ or "") for module in (errors, quantiles, round_statistics)]
    total = hashlib.sha256()
    for path in (*(folder / name for name in _PROGRAM), *statistics):
        total.update(path.read_bytes())
    return total.hexdigest()


def measure(sitting: Path, asked: Sequence[Asked], position: int, work: Path) -> Collected:
    """Write a subject's `bench.json` and return its measures.

    Args:
        sitting: the folder with the sitting's files.
        asked: what the sitting was asked to measure.
        position: the subject's.
        work: where the file goes.

    Raises:
        BadInput: the sitting has no such subject, or two runs of it in one round.
    """
    found = document(read_sitting(sitting), read_samples(sitting), asked, position)
    (work / FACTS).write_text(pretty(found), encoding="utf-8")
    return collect(work, {})


def document(
    sitting: Sitting, samples: Iterable[Sample], asked: Sequence[Asked], position: int
) -> dict[str, Any]:
    """Return the content of a subject's `bench.json`.

    Raises:
        BadInput: the sitting has no such subject, or two runs of it in one round.
    """
    subject = next((one for one in sitting.subjects if one.position == position), None)
    if subject is None:
        raise BadInput(f"the sitting has no subject at position {position}")
    kept = [sample for sample in samples if sample.position in (position, 0)]
    told: dict[str, Any] = msgspec.to_builtins(subject)
    del told["cells"]
    return {
        "schema": SCHEMA,
        "engine": sitting.engine,
        "definition": sitting.definition,
        "position": position,
        "subject": told,
        "conditions": {
            "busy": list(sitting.conditions.busy),
            "facts": sitting.conditions.facts,
        },
        "residency": sitting.residency,
        "processes": sitting.processes,
        "versions": sitting.versions,
        "workloads": [_entry(sitting, subject, kept, one) for one in asked],
    }


def collect(work: Path, out: Mapping[str, Any]) -> Collected:  # noqa: ARG001 - one signature
    """Read the measures of a `bench.json`.

    `tokens_per_second/WORKLOAD` and the other quantities (`hubq.bench.quantities`) are means over
    rounds, with the 95 % interval; `ratio/tokens_per_second/WORKLOAD` is relative to the baseline's
    in the same rounds. A server's have the step of its load at the end. Peak memory holds the
    weights.
    """
    bench = msgspec.json.decode((work / FACTS).read_bytes(), type=dict[str, Any])
    return Collected(measures=tuple(_measures(bench)), facts=_facts(bench))


def _entry(
    sitting: Sitting, subject: Subject, samples: Sequence[Sample], asked: Asked
) -> dict[str, Any]:
    """Return what `bench.json` says of a workload, or of one step of its load."""
    name, counted = asked.workload.name, sitting.rounds.get(asked.place)
    cell = subject.cells.get(name, Cell(state="failed", why=NO_ROUND))
    if subject.state != "measured":
        cell = Cell(state=subject.state, why=subject.why)
    tokens = {one.position: _prompt_tokens(one, name) for one in sitting.subjects}
    rounds = rounds_of(asked, samples, subject.position, tokens)
    # A server that broke down under one load was measured under those that it got through.
    whole = cell.state == "measured" or (counted is not None and len(rounds) == counted.rounds)
    entry: dict[str, Any] = {"name": name, "step": asked.step, "asked": asked.document()}
    if not whole or not any(one.own for one in rounds):
        failed = cell.state == "measured"
        state, why = ("failed", NO_ROUND) if failed else (cell.state, cell.why)
        return {**entry, "state": state, "why": why}
    return {
        **entry,
        "state": "measured",
        "why": "",
        "prompt_tokens": cell.prompt_tokens,
        "memory": _memory(cell.memory),
        "warm": msgspec.to_builtins(cell.warm),
        "stopped": counted.stopped if counted else "",
        "load_spread": asked.load_spread,
        **_failures(samples, subject, asked),
        "rounds": msgspec.to_builtins(rounds),
        **summary(rounds, asked.load_spread),
    }


def summary(rounds: Sequence[Round], load_spread: float) -> dict[str, Any]:
    """Return `quantities` and `relative` of an entry of `bench.json`, from what else it has."""
    return {
        "quantities": msgspec.to_builtins(typical_of(rounds, load_spread)),
        "relative": msgspec.to_builtins(relative_of(rounds, load_spread)),
    }


def _prompt_tokens(subject: Subject, workload: str) -> int | None:
    cell = subject.cells.get(workload)
    return cell.prompt_tokens if cell else None


def _memory(memory: Memory | None) -> dict[str, Any] | None:
    """Return the memory of a cell, with what was in use at most beside the weights.

    What a process holds on a CPU has its program in it, so that is held against what it was before
    the first run.
    """
    if memory is None:
        return None
    told: dict[str, Any] = msgspec.to_builtins(memory)
    resident = memory.kind.startswith("resident")
    above = memory.peak_bytes - (memory.before_bytes if resident else memory.weights_bytes)
    return told | ({"above_weights_bytes": above} if above >= 0 else {})


def _failures(samples: Sequence[Sample], subject: Subject, asked: Asked) -> dict[str, Any]:
    """Return how many requests were sent and how many failed; nothing of plain generation."""
    if asked.load is None:
        return {}
    sent = [
        request
        for sample in samples
        if (sample.workload, sample.step) == (asked.workload.name, asked.step)
        if sample.position == subject.position
        for request in sample.requests
    ]
    errors = [request.error for request in sent if request.error]
    return {
        "requests": len(sent),
        "requests_failed": len(errors),
        "errors": sorted(set(errors))[:5],
    }


def _measures(bench: Mapping[str, Any]) -> Iterator[Measure]:
    for entry, (name, unit) in _SUBJECT.items():
        if bench["subject"].get(entry) is not None:
            yield _single(name, bench["subject"][entry], unit, f"/subject/{entry}")
    seen = set()
    for number, workload in enumerate(bench["workloads"]):
        if workload["state"] != "measured":
            continue
        place = f"/workloads/{number}"
        yield from _rates(workload, place)
        memory = workload["memory"] or {}
        for entry, name in _MEMORY.items() if workload["name"] not in seen else ():
            if memory.get(entry) is not None:
                told = f"{name}/{workload['name']}"
                yield _single(told, memory[entry], "bytes", f"{place}/memory/{entry}")
        seen.add(workload["name"])


def _rates(workload: Mapping[str, Any], place: str) -> Iterator[Measure]:
    end = place_of(workload)
    for name, unit in UNITS.items():
        for section, value, told, of in (
            ("quantities", "value", f"{name}/{end}", unit),
            ("relative", "ratio", f"{RATIO}/{name}/{end}", "ratio"),
        ):
            found = workload[section].get(name)
            if found is not None:
                yield Measure(
                    name=told,
                    value=found[value],
                    unit=of,
                    n=found["n"],
                    low=found["low"],
                    high=found["high"],
                    file=FACTS,
                    pointer=f"{place}/{section}/{name}/{value}",
                )


def _single(name: str, value: float, unit: str, pointer: str) -> Measure:
    return Measure(name=name, value=float(value), unit=unit, n=1, file=FACTS, pointer=pointer)


def place_of(workload: Mapping[str, Any]) -> str:
    """Return what comes after a measure's name, of an entry of `bench.json`."""
    return f"{workload['name']}/{workload['step']}" if workload["step"] else str(workload["name"])


def _facts(bench: Mapping[str, Any]) -> dict[str, Any]:
    """Return what later stages know of a subject without opening its file."""
    states: dict[str, str] = {}
    why: dict[str, str] = {}
    for workload in bench["workloads"]:
        # A workload of which one step could be measured was measured.
        for name in (workload["name"], place_of(workload)):
            if states.get(name) != "measured":
                states[name], why[name] = workload["state"], workload["why"]
    measured = [one for one in bench["workloads"] if one["state"] == "measured"]
    return {
        "states": states,
        "why": {name: said for name, said in why.items() if states[name] != "measured"},
        **{name: bench[name] for name in _FACTS},
        **{name: bench["subject"][name] for name in _SUBJECT_FACTS},
        "busy": bench["conditions"]["busy"],
        "settled": {one["name"]: all(w["settled"] for w in one["warm"]) for one in measured},
        "stopped": {place_of(one): one["stopped"] for one in measured},
        "rounds": {place_of(one): len(one["rounds"]) for one in measured},
        "relative": {
            f"{name}/{place_of(one)}": found
            for one in measured
            for name, found in one["relative"].items()
        },
    }

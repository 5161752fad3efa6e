"""The ledger of a sitting: what its journal's entries add up to, and the files made from it.

An entry is a small JSON object with `what`: `subject` (facts of a model that was loaded), `cell`
(of a subject under a workload), `warm`, `memory`, `sample`, `lost`, `round` (a step has one more)
and `busy`. The shapes of the files are those of hubq/bench/sitting.py.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench_turns import Step

SCHEMA = 1
#: The most that was seen counts; the rest of a `Memory` is that of the first reading.
PEAKS = ("peak_bytes", "reserved_bytes", "device_bytes")

Entry = Mapping[str, Any]


class Ledger:
    """What is known of a sitting.

    Args:
        together: whether all models are loaded side by side.

    Attributes:
        samples: every run, in order.
        stopped: key of a step -> why it got no more rounds.
        run: which run of the job this is, from 0; there are several where one was killed.
    """

    def __init__(self, *, together: bool) -> None:
        self.samples: list[dict[str, Any]] = []
        self.stopped: dict[str, str] = {}
        self.run = 0
        self._together = together
        self._rounds: Counter[str] = Counter()
        self._subjects: dict[int, dict[str, Any]] = {}
        self._cells: dict[tuple[int, str], dict[str, Any]] = {}
        self._lost: dict[tuple[int, str | None], dict[str, str]] = {}
        self._busy: dict[int, list[str]] = {}

    def add(self, entry: Entry) -> None:
        """Take in an entry."""
        getattr(self, f"_add_{entry['what']}")(entry)

    def begin_run(self) -> None:
        """Say that all entries of earlier runs are in."""
        self.run = 1 + max(self._busy, default=-1)

    @property
    def seconds(self) -> float:
        """When the last run ended, since the sitting began."""
        last = self.samples[-1] if self.samples else {"at": 0.0, "seconds": 0.0}
        return float(last["at"] + last["seconds"])

    @property
    def versions(self) -> dict[str, str]:
        """Package -> version, as a model that was loaded said with its facts."""
        said = (facts.get("versions", {}) for facts in self._subjects.values())
        return dict(next(said, {}))

    @property
    def processes(self) -> int:
        """How often models were loaded for runs that count."""
        return 1 + max((sample["process"] for sample in self.samples), default=-1)

    def count(self, step: Step) -> int:
        """Return how many rounds a step has."""
        return self._rounds[step.key]

    def lost(self, position: int, workload: str) -> bool:
        """Return whether a subject is no longer measured under a workload."""
        return (position, None) in self._lost or (position, workload) in self._lost

    def speeds(
        self,
        step: Step,
        positions: Sequence[int],
        speed: Callable[[Step, Mapping[str, Any]], float],
    ) -> dict[int, list[float]]:
        """Return the speeds of each of these subjects in the rounds that all of them have."""
        found: dict[int, dict[int, float]] = {position: {} for position in positions}
        for sample in self.samples:
            mine = (sample["workload"], sample["step"]) == step and sample["position"] in found
            if mine and sample["round"] < self.count(step):
                found[sample["position"]][sample["round"]] = speed(step, sample)
        common = sorted(set.intersection(*(set(rounds) for rounds in found.values())))
        return {position: [rounds[at] for at in common] for position, rounds in found.items()}

    def forget_unfinished(self) -> None:
        """Drop the runs of rounds that have not ended."""
        self.samples = [
            sample
            for sample in self.samples
            if sample["round"] < self.count(Step(sample["workload"], sample["step"]))
        ]

    def write(
        self, work: Path, subjects: int, steps: Sequence[Step], facts: Mapping[str, Any]
    ) -> list[str]:
        """Write sitting.json and samples.jsonl.

        Args:
            work: where to.
            subjects: how many positions there are.
            steps: that were measured.
            facts: `engine`, `definition`, `conditions`, `versions`.

        Returns:
            The state of each subject.
        """
        conditions = dict(facts["conditions"])
        earlier = [why for run, said in self._busy.items() if run != self.run for why in said]
        conditions["busy"] = list(dict.fromkeys([*earlier, *conditions["busy"]]))
        workloads = list(dict.fromkeys(step.workload for step in steps))
        counted = {
            step.key: {"rounds": self.count(step), "stopped": self.stopped.get(step.key, "most")}
            for step in steps
            if self.count(step)
        }
        sitting = {
            "schema": SCHEMA,
            **facts,
            "conditions": conditions,
            "residency": "together" if self._together else "in-turn",
            "processes": self.processes,
            "subjects": [self._subject(at, workloads) for at in range(subjects)],
            "rounds": counted,
        }
        text = json.dumps(sitting, indent=2, sort_keys=True, allow_nan=False)
        (work / "sitting.json").write_text(text + "\n", encoding="utf-8")
        with (work / "samples.jsonl").open("w", encoding="utf-8") as file:
            for sample in self.samples:
                file.write(json.dumps(sample, sort_keys=True, allow_nan=False) + "\n")
        return [subject["state"] for subject in sitting["subjects"]]

    def _subject(self, position: int, workloads: Sequence[str]) -> dict[str, Any]:
        lost = self._lost.get((position, None), {"state": "measured"})
        facts = {**self._subjects.get(position, {})}
        facts.pop("versions", None)
        cells = {name: self._cell(position, name) for name in workloads}
        return {"position": position, **facts, **lost, "cells": cells}

    def _cell(self, position: int, workload: str) -> dict[str, Any]:
        lost = self._lost.get((position, workload), self._lost.get((position, None)))
        found = self._cells.get((position, workload), {})
        return {**found, **(lost or {"state": "measured"})}

    def _add_subject(self, entry: Entry) -> None:
        self._subjects.setdefault(entry["position"], dict(entry["facts"]))

    def _add_cell(self, entry: Entry) -> None:
        self._cell_of(entry).update(entry["facts"])

    def _add_warm(self, entry: Entry) -> None:
        self._cell_of(entry).setdefault("warm", []).append(entry["warm"])

    def _add_memory(self, entry: Entry) -> None:
        cell, new = self._cell_of(entry), dict(entry["memory"])
        old = cell.setdefault("memory", new)
        for name in PEAKS:
            seen = [value for value in (old.get(name), new.get(name)) if value is not None]
            old[name] = max(seen, default=None)

    def _add_sample(self, entry: Entry) -> None:
        self.samples.append(dict(entry["sample"]))

    def _add_lost(self, entry: Entry) -> None:
        said = {"state": entry["state"], "why": entry["why"]}
        self._lost.setdefault((entry["position"], entry["workload"]), said)

    def _add_round(self, entry: Entry) -> None:
        self._rounds[entry["key"]] += 1

    def _add_busy(self, entry: Entry) -> None:
        # Its numbers move: what was said last in a run is about all of it.
        self._busy[entry["run"]] = entry["busy"]

    def _cell_of(self, entry: Entry) -> dict[str, Any]:
        return self._cells.setdefault((entry["position"], entry["workload"]), {})

"""Answering: what each variant took to answer the evaluation's items, beside the baseline.

The seconds are those from prompts to answers, loading left out, as the worker wrote them down. Two
runs are only held against each other where they did the same work: on the same device and engine,
in the same batches, in one go, and both or neither with inputs that an earlier run had prepared.
"""

from __future__ import annotations

from typing import Any

import msgspec

from hubq.cards.family import Family
from hubq.evaluate.generation import FACTS
from hubq.model.recipe import BASELINE

PARITY = 1.05
"""Smaller ratios of times say nothing: two runs of one program differ by as much."""

ONE_TASK = 1.25
"""What the ratio on a single task must reach: nothing else there tells how times vary."""

_ITSELF: dict[str, Any] = {"compared_on": [], "why": {}, "ratio": 1.0, "relation": ""}


class _Run(msgspec.Struct, frozen=True, kw_only=True):
    """One variant on one task.

    Attributes:
        items: answered, in this run and before.
        fresh: answered in this run; seconds: that those took.
        place: engine, device and threads; batches: how items were put together.
        reused: whether the inputs were prepared by an earlier run; none where nothing is kept.
    """

    items: int
    fresh: int
    seconds: float
    place: tuple[Any, ...]
    batches: tuple[Any, ...]
    reused: bool | None

    @property
    def rate(self) -> float:
        """Seconds an item."""
        return self.seconds / self.fresh


def answering_of(family: Family, names: tuple[str, ...]) -> dict[str, Any]:
    """Return what answering took: the tasks, and for each variant its seconds and its ratio.

    `seconds` is none where part of the answers came from an interrupted run, `ratio` where nothing
    can be held against the baseline; `why` says on which tasks not, and why.

    Returns:
        Nothing when the baseline's times are not known.
    """
    harness = family.harnesses[:1]
    found = {
        task.name: run
        for task in family.tasks
        if task.harness in harness and (run := _run(family, BASELINE, task.name)) is not None
    }
    if not found:
        return {}
    rows = {}
    for name in (BASELINE, *names):
        runs = {task: _run(family, name, task) for task in found}
        known = {task: run for task, run in runs.items() if run is not None}
        if len(known) == len(found):
            rows[name] = _row(known) | (_ITSELF if name == BASELINE else _beside(found, known))
    return {"tasks": list(found), "rows": rows}


def _run(family: Family, name: str, task: str) -> _Run | None:
    """Return how a variant answered a task; none where that is not known."""
    stage = f"generate/{name}/{task}"
    path = family.folders[stage] / FACTS if stage in family.results else None
    if path is None or not path.is_file():
        return None
    facts = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    seconds = facts.get("seconds", {})
    took = sum(seconds.get(part, 0.0) for part in ("prepare", "generate"))
    items = facts.get("items", 0)
    fresh = items - facts.get("committed_before", {}).get("items", 0)
    if took <= 0 or fresh <= 0:
        return None
    settings = family.results[stage].stage.settings
    return _Run(
        items=items,
        fresh=fresh,
        seconds=took,
        place=(facts.get("engine"), settings.get("device"), facts.get("threads")),
        batches=(facts.get("batch_size"), facts.get("largest_batch"), facts.get("batches_halved")),
        reused=facts.get("inputs_reused"),
    )


def _row(runs: dict[str, _Run]) -> dict[str, Any]:
    fresh = sum(run.fresh for run in runs.values())
    took = sum(run.seconds for run in runs.values())
    resumed = [task for task, run in runs.items() if run.fresh < run.items]
    return {
        "seconds": None if resumed else took,
        "items": sum(run.items for run in runs.values()),
        "per_item": took / fresh,
        "resumed": resumed,
    }


def _beside(base: dict[str, _Run], runs: dict[str, _Run]) -> dict[str, Any]:
    """Return how many times slower or faster a variant is, on the tasks where that can be told."""
    why = {task: _why_not(base[task], runs[task]) for task in base}
    same = [task for task in base if not why[task]]
    reasons: dict[str, list[str]] = {}
    for task, reason in why.items():
        if reason:
            reasons.setdefault(reason, []).append(task)
    told: dict[str, Any] = {"compared_on": same, "why": reasons, "ratio": None, "relation": ""}
    if not same:
        return told
    before = sum(base[task].rate * base[task].items for task in same)
    after = sum(runs[task].rate * base[task].items for task in same)
    ratios = [runs[task].rate / base[task].rate for task in same]
    return told | {"ratio": max(after / before, before / after), "relation": _relation(ratios)}


def _relation(ratios: list[float]) -> str:
    """Return what ratios of times on several tasks say together.

    `slower` or `faster` when all tasks say the same and enough so; `parity` when none says more
    than chance makes of equal ones; `unclear` otherwise.
    """
    least = ONE_TASK if len(ratios) == 1 else PARITY
    if all(1 / PARITY < ratio < PARITY for ratio in ratios):
        return "parity"
    if all(ratio >= least for ratio in ratios):
        return "slower"
    return "faster" if all(ratio <= 1 / least for ratio in ratios) else "unclear"


def _why_not(base: _Run, run: _Run) -> str:
    """Return why two runs did not do the same work; empty if they did."""
    if base.place != run.place:
        return "they ran on different devices, engines or numbers of threads"
    if base.fresh < base.items or run.fresh < run.items:
        return "part of the answers came from a run that was interrupted"
    if base.batches != run.batches:
        return "items were answered in batches of other sizes"
    if base.reused != run.reused:
        return "one of the two was given inputs that an earlier run had prepared"
    return ""

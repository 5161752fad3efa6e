"""Score tables: the whole family on every task, and one variant against the baseline."""

from __future__ import annotations

from typing import Any

import msgspec

from hubq.cards.family import Family
from hubq.cards.footnotes import Footnote, Footnotes, measured
from hubq.cards.ledger import (
    COUNT,
    DELTA,
    PERCENT,
    POINTS,
    PROBABILITY,
    RATE,
    Ledger,
    escape_pointer,
)
from hubq.model.card import Cell, CellState, Claim
from hubq.model.recipe import BASELINE

LOSS, GAIN = "▼", "▲"
_MARKS = {"loss": LOSS, "gain": GAIN}
FLOOR_TEXT = f"{BASELINE} is no better than guessing on this task; differences say nothing."
_TROUBLES = ("unparsed", "empty", "truncated")


class ScoreRow(msgspec.Struct, frozen=True, kw_only=True):
    """One variant's scores.

    Attributes:
        variant: its name.
        link: the address of its repo; empty when it has none.
        this: whether the card is this variant's.
        control: whether it is measured and never published.
        cells: one for each task.
        average: the mean over tasks, or the state of what is missing; none where there is no mean.
        recovery: that mean relative to the baseline's, in percent.
    """

    variant: str
    link: str
    this: bool
    control: bool
    cells: tuple[Cell, ...]
    average: Cell | None
    recovery: Cell | None


class ScoreTable(msgspec.Struct, frozen=True, kw_only=True):
    """The family's scores.

    Attributes:
        tasks: the columns.
        rows: the baseline first.
        items: how many items each task has; none where the baseline was not measured.
        notes: the footnotes first referred to here.
        floors: whether a task is at the floor.
        harness: that asked and scored all of them.
    """

    harness: str
    tasks: tuple[str, ...]
    rows: tuple[ScoreRow, ...]
    items: tuple[Claim | None, ...]
    notes: tuple[Footnote, ...]
    floors: bool


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A variant against the baseline on one task, paired item by item.

    Attributes:
        task: the task.
        variant: the variant.
        items: how many pairs.
        baseline, score: the two scores in percent.
        delta, low, high: the difference in points and its interval.
        lost, gained: items on which the variant does worse, and better.
        p: after Holm's correction.
        margin: the loss in points declared to be none that matters.
        verdict: as `hubq.stats.judge` gives it.
        non_inferior: whether the interval excludes a loss as large as the margin.
        floor: whether the baseline is no better than guessing.
    """

    task: str
    variant: str
    items: Claim
    baseline: Claim
    score: Claim
    delta: Claim
    low: Claim
    high: Claim
    lost: Claim
    gained: Claim
    p: Claim
    margin: Claim
    verdict: str
    non_inferior: bool
    floor: bool


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """A share of answers that could not be scored as meant.

    Attributes:
        variant, task: where.
        kind: `unparsed`, `empty` or `truncated`.
        rate: in percent.
    """

    variant: str
    task: str
    kind: str
    rate: Claim


def score_tables(
    family: Family, ledger: Ledger, notes: Footnotes, names: tuple[str, ...], this: str
) -> tuple[ScoreTable, ...]:
    """Return a table of the named variants for each harness, the baseline first."""
    return tuple(
        _table(family, ledger, notes, harness, names, this=this) for harness in family.harnesses
    )


def _table(
    family: Family,
    ledger: Ledger,
    notes: Footnotes,
    harness: str,
    names: tuple[str, ...],
    *,
    this: str,
) -> ScoreTable:
    before = len(notes)
    tasks = tuple(task.name for task in family.tasks if task.harness == harness)
    averaged = harness == family.harnesses[0]
    rows = tuple(
        _row(family, ledger, notes, name, tasks, this=name == this, averaged=averaged)
        for name in (BASELINE, *names)
    )
    return ScoreTable(
        harness=harness,
        tasks=tasks,
        rows=rows,
        items=tuple(_items(family, ledger, task) for task in tasks),
        notes=notes.since(before),
        floors=any(ledger.document["scores"][task]["floor"] for task in tasks),
    )


def differences(family: Family, ledger: Ledger, variant: str) -> tuple[Difference, ...]:
    """Return a variant's comparable differences from the baseline, in the order of the tasks."""
    found = []
    for task in family.tasks:
        compared = _comparison(ledger, task.name, variant)
        if compared is not None and compared["comparable"]:
            found.append(_difference(ledger, task.name, variant, compared))
    return tuple(found)


def troubles(family: Family, ledger: Ledger, names: tuple[str, ...]) -> tuple[Trouble, ...]:
    """Return every rate of unparsed, empty or truncated answers that is not zero."""
    found = []
    for name in (BASELINE, *names):
        for task in family.tasks:
            stage = f"score/{name}/{task.name}"
            result = family.results.get(stage)
            rates = {m.name: m.value for m in result.measures} if result else {}
            for kind in _TROUBLES:
                if rates.get(kind, 0) > 0:
                    claim = ledger.measure(f"{kind}.{name}.{task.name}", stage, kind, RATE)
                    found.append(Trouble(variant=name, task=task.name, kind=kind, rate=claim))
    return tuple(found)


def average_cell(family: Family, ledger: Ledger, notes: Footnotes, name: str) -> Cell | None:
    """Return the mean over the tasks that are averaged, or the state of the first that is missing.

    None where the baseline has no such mean, or where nothing is missing and still nothing told.
    """
    averages = ledger.document["averages"]
    if name in averages:
        place = f"/averages/{escape_pointer(name)}/score"
        return measured(ledger.own(f"average.{name}", place, PERCENT))
    for task in family.tasks if averages else ():
        stage = f"score/{name}/{task.name}"
        if task.harness in family.harnesses[:1] and stage not in family.results:
            return notes.gap(family.gap(stage), f"average.{name}")
    return None


def _row(
    family: Family,
    ledger: Ledger,
    notes: Footnotes,
    name: str,
    tasks: tuple[str, ...],
    *,
    this: bool,
    averaged: bool,
) -> ScoreRow:
    repo = family.source.repo if name == BASELINE else None
    if family.fit(name):
        repo = family.repos.get(name)
    cells = tuple(score_cell(family, ledger, notes, name, task) for task in tasks)
    average = average_cell(family, ledger, notes, name) if averaged else None
    recovery = None
    if average is not None and average.claim is not None and name != BASELINE:
        place = f"/averages/{escape_pointer(name)}/recovery"
        known = ledger.maybe(f"recovery.{name}", place, RATE)
        recovery = measured(known) if known is not None else None
    return ScoreRow(
        variant=name,
        link=family.link(repo) if repo else "",
        this=this,
        control=name in family.controls,
        cells=cells,
        average=average,
        recovery=recovery,
    )


def plain_score(family: Family, ledger: Ledger, notes: Footnotes, name: str, task: str) -> Cell:
    """Return a score without its difference from the baseline, in the state it is in."""
    cell = score_cell(family, ledger, notes, name, task)
    return msgspec.structs.replace(cell, delta=None, mark="")


def score_cell(family: Family, ledger: Ledger, notes: Footnotes, name: str, task: str) -> Cell:
    """Return a score with its difference from the baseline, or why there is none."""
    claim_id, stage = f"score.{name}.{task}", f"score/{name}/{task}"
    if stage not in family.results:
        return notes.gap(family.gap(stage), claim_id)
    claim = ledger.measure(claim_id, stage, "score", PERCENT)
    state, note = CellState.MEASURED, 0
    if ledger.document["scores"][task]["floor"]:
        state, note = CellState.FLOOR, notes.add(CellState.FLOOR, FLOOR_TEXT, claim_id)
    compared = _comparison(ledger, task, name)
    if compared is None:
        return Cell(state=state, claim=claim, note=note)
    if not compared["comparable"]:
        note = notes.add(CellState.NOT_COMPARABLE, compared["reason"], claim_id)
        return Cell(state=CellState.NOT_COMPARABLE, claim=claim, note=note)
    verdict = compared["verdict"]
    if verdict == "gain":
        state, text = _gain(family, name, task)
        note = notes.add(state, text, claim_id)
    delta = ledger.own(f"delta.{name}.{task}", f"{_place(task, name)}/delta", DELTA)
    return Cell(state=state, claim=claim, delta=delta, note=note, mark=_MARKS.get(verdict, ""))


def _gain(family: Family, name: str, task: str) -> tuple[CellState, str]:
    """Return state and footnote of a score above the baseline's: suspect until it is explained."""
    why = family.loaded.recipe.explained.get(f"{name}/{task}")
    if why:
        return CellState.MEASURED, f"Above {BASELINE} by more than chance explains: {why}"
    return CellState.SUSPECT, (
        f"A quantized model that scores better than {BASELINE} by more than chance explains "
        "is suspect: look at the answers before believing it."
    )


def _items(family: Family, ledger: Ledger, task: str) -> Claim | None:
    stage = f"score/{BASELINE}/{task}"
    return ledger.items(f"n.{task}", stage, "score") if stage in family.results else None


def _difference(ledger: Ledger, task: str, variant: str, compared: dict[str, Any]) -> Difference:
    place, tail = _place(task, variant), f"{variant}.{task}"
    return Difference(
        task=task,
        variant=variant,
        items=ledger.own(f"pairs.{tail}", f"{place}/n", COUNT),
        baseline=ledger.measure(
            f"score.{BASELINE}.{task}", f"score/{BASELINE}/{task}", "score", PERCENT
        ),
        score=ledger.measure(f"score.{tail}", f"score/{variant}/{task}", "score", PERCENT),
        delta=ledger.own(f"delta.{tail}", f"{place}/delta", DELTA),
        low=ledger.own(f"delta_low.{tail}", f"{place}/low", DELTA),
        high=ledger.own(f"delta_high.{tail}", f"{place}/high", DELTA),
        lost=ledger.own(f"lost.{tail}", f"{place}/lost", COUNT),
        gained=ledger.own(f"gained.{tail}", f"{place}/gained", COUNT),
        p=ledger.own(f"p.{tail}", f"{place}/holm", PROBABILITY),
        margin=ledger.own(f"margin.{task}", f"/scores/{escape_pointer(task)}/margin", POINTS),
        verdict=compared["verdict"],
        non_inferior=compared["non_inferiority"] == "non-inferior",
        floor=bool(ledger.document["scores"][task]["floor"]),
    )


def _comparison(ledger: Ledger, task: str, variant: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = ledger.document["scores"][task]["variants"].get(variant)
    return found


def _place(task: str, variant: str) -> str:
    return f"/scores/{escape_pointer(task)}/variants/{escape_pointer(variant)}"

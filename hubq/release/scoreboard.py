"""Scoreboards: what an evaluation found, for people and machines, without rendering a card."""

from __future__ import annotations

from typing import Any

import msgspec

from hubq.cards.comparison import compare
from hubq.cards.family import Family
from hubq.model.recipe import BASELINE
from hubq.release.carding import family_of
from hubq.release.run import Report
from hubq.release.session import Session
from hubq.release.views import view_of


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One variant on one task.

    Attributes:
        task, variant: what of what.
        n: how many questions.
        score, low, high: from 0 to 1, with the 95 % interval; none where there is no score.
        state: `measured`, or why there is no number.
        unparsed, empty, truncated: shares of the answers.
        floor: whether the baseline is too near guessing for a loss to show.
        compared: the paired comparison with the baseline, as `comparison.json` has it; none for
            the baseline.
    """

    task: str
    variant: str
    state: str
    n: int = 0
    score: float | None = None
    low: float | None = None
    high: float | None = None
    unparsed: float = 0.0
    empty: float = 0.0
    truncated: float = 0.0
    floor: bool = False
    compared: dict[str, Any] | None = None


class Scoreboard(msgspec.Struct, frozen=True, kw_only=True):
    """What an evaluation found.

    Attributes:
        engine, dtype: what answered, and in which arithmetic; why: that one.
        lines: each task with the baseline first.
        fidelity: variant -> measure -> value with its interval.
        noise: task -> what a second run of the baseline moved.
    """

    engine: str
    dtype: str
    why: str
    lines: tuple[Line, ...]
    fidelity: dict[str, Any]
    noise: dict[str, Any]


def scoreboard(session: Session, report: Report) -> Scoreboard:
    """Return what the evaluation of an opened and run release found."""
    family = family_of(session, view_of(session, report.gaps))
    names = (*family.published, *family.controls)
    document = compare(family, names)
    lines = tuple(
        _line(family, document, task.name, name)
        for task in family.tasks
        for name in (BASELINE, *names)
    )
    return Scoreboard(
        engine=session.choice.engine,
        dtype=session.choice.dtype,
        why=session.choice.why,
        lines=lines,
        fidelity=document["fidelity"],
        noise={
            name: entry["noise"] for name, entry in document["scores"].items() if entry["noise"]
        },
    )


def _line(family: Family, document: dict[str, Any], task: str, name: str) -> Line:
    stage = f"score/{name}/{task}"
    result = family.results.get(stage)
    if result is None:
        return Line(task=task, variant=name, state=family.gap(stage).state.value)
    measures = {measure.name: measure for measure in result.measures}
    score = measures["score"]
    rates = {kind: measures[kind].value for kind in ("unparsed", "empty", "truncated")}
    compared = document["scores"][task]["variants"].get(name)
    return Line(
        task=task,
        variant=name,
        state="measured",
        n=score.n,
        score=score.value,
        low=score.low,
        high=score.high,
        floor=document["scores"][task]["floor"],
        compared=compared,
        **rates,
    )

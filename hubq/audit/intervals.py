"""Intervals for cards that never published any: counts recovered, and what can be told by them."""

from __future__ import annotations

from functools import lru_cache

from hubq import stats
from hubq.audit.document import Document
from hubq.audit.pairing import base_of
from hubq.audit.scores import Score, scores
from hubq.cards.published import exact
from hubq.cards.published.sheets import Place
from hubq.model.audit import Recovered, Told

MOST_CHANGED = max(stats.DISCORDANCES)
"""A difference that is more than chance though so many answers changed counts as decided."""


def recovered(document: Document) -> tuple[Recovered, ...]:
    """Return what every printed score of known size still tells, in the card's order."""
    every = scores(document)
    by_cell = {id(one.place): one for one in every}
    return tuple(_recovered(one, by_cell) for one in every)


def baseline_of(one: Score, by_cell: dict[int, Score]) -> Score | None:
    """Return the baseline's score that a score is held against; none for itself or without one."""
    name = base_of(one.block, one.line.name)
    place = one.block.score(name, one.task) if name else None
    return by_cell.get(id(place)) if place is not None else None


def gap(one: Place, base: Place) -> float:
    """Return the printed difference to a baseline, as a fraction."""
    factors = [100 if place.found.scale == "percent" else 1 for place in (one, base)]
    return float(
        exact.decimal_of(one.found) / factors[0] - exact.decimal_of(base.found) / factors[1]
    )


def told(one: Score, base: Score) -> tuple[Told, float | None]:
    """Return whether a difference is more than chance, and the share of changed answers for it."""
    if one.read is None or base.read is None or one.read.n != base.read.n:
        return "unknown", None
    if not one.counted or not base.counted:
        return "unknown", None
    found = stats.tell(base.read, one.read)
    return found.told, found.discordance


@lru_cache(maxsize=512)
def _detectable(n: int) -> tuple[tuple[float, float], ...]:
    return tuple(stats.detectable_range(n))


def _recovered(one: Score, by_cell: dict[int, Score]) -> Recovered:
    base, found = baseline_of(one, by_cell), one.place.found
    verdict, limit = told(one, base) if base is not None else ("unknown", None)
    read = one.read
    counted = read is not None and one.counted
    return Recovered(
        table=found.table,
        variant=one.line.name,
        task=one.task,
        group=one.block.title,
        shown=one.shown,
        n=one.size.n,
        said=one.size.said,
        line=found.at[0],
        column=found.at[1],
        counts=read.counts if read is not None else (),
        cut=read is not None and counted and not read.rounded,
        low=read.low if read is not None else None,
        high=read.high if read is not None else None,
        detectable=_detectable(one.size.n) if one.size.what == "count" else (),
        baseline=base.line.name if base is not None else "",
        delta=gap(one.place, base.place) if base is not None else None,
        told=verdict,
        limit=limit,
    )

"""Details: further figures of a timing, in tables that are folded away on a card."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from hubq.cards.family import Family
from hubq.cards.footnotes import measured
from hubq.cards.ledger import Ledger, Shape
from hubq.cards.speeds import bench_measures, bench_stage
from hubq.model.card import Cell, Claim

SECONDS = 1_000
"""Seconds are shown in milliseconds."""


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A column of one or more quantities, shown as `a / b`.

    Attributes:
        title: its heading, with the unit.
        quantities: the beginnings of the names of measures.
        shape: how they are shown; none for seconds, whose digits go by their size.
    """

    title: str
    quantities: tuple[str, ...]
    shape: Shape | None = None


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A figure with its 95 % interval; `low` and `high` are none where there is none."""

    value: Cell
    low: Claim | None = None
    high: Claim | None = None


class DetailRow(msgspec.Struct, frozen=True, kw_only=True):
    """One variant under one workload or load.

    Attributes:
        place: the workload or load, as it is shown.
        first: whether it is the first row of its place.
        variant: its name.
        this: whether the card is this variant's.
        cells: the figures of each column; empty where there are none.
    """

    place: str
    first: bool
    variant: str
    this: bool
    cells: tuple[tuple[Figure, ...], ...]


class DetailTable(msgspec.Struct, frozen=True, kw_only=True):
    """Figures in columns.

    Attributes:
        heads: the titles of the columns that hold any.
        rows: by workload or load, then by variant.
    """

    heads: tuple[str, ...]
    rows: tuple[DetailRow, ...]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What rows of a table are of: `place` ends the names of measures, `shown` is for readers."""

    place: str
    shown: str


class Figures:
    """Enters the figures of timings into a ledger.

    Args:
        family: whose results.
        ledger: where claims are entered.
        engine: whose timings; empty for plain generation.
        prefix: of the ids of claims.
    """

    def __init__(self, family: Family, ledger: Ledger, engine: str, prefix: str) -> None:
        self.family, self.ledger, self.engine, self.prefix = family, ledger, engine, prefix

    def known(self, name: str, measure: str) -> bool:
        """Say whether a variant has a measure."""
        return measure in bench_measures(self.family, name, self.engine)

    def figure(self, name: str, measure: str, shape: Shape) -> Figure:
        """Enter a measure of a variant and its interval.

        Raises:
            KeyError: it has no such measure.
        """
        stage = bench_stage(name, self.engine)
        claim_id = f"{self.prefix}.{measure}.{name}"
        value = self.ledger.measure(claim_id, stage, measure, shape)
        low, high = (self._bound(claim_id, stage, measure, end, shape) for end in ("low", "high"))
        return Figure(value=measured(value), low=low, high=high)

    def cell(self, name: str, column: Column, place: str, shape: Shape) -> tuple[Figure, ...]:
        """Enter the figures of a column that a variant has."""
        kinds = [f"{quantity}/{place}" for quantity in column.quantities]
        return tuple(self.figure(name, kind, shape) for kind in kinds if self.known(name, kind))

    def shape(self, column: Column, names: Iterable[str], places: Sequence[str]) -> Shape:
        """Return how a column's figures are shown: seconds in milliseconds, by the largest."""
        if column.shape is not None:
            return column.shape
        values = [
            measure.value
            for name in names
            for kind, measure in bench_measures(self.family, name, self.engine).items()
            if kind.partition("/")[0] in column.quantities and kind.partition("/")[2] in places
        ]
        largest = max(values, default=0.0) * SECONDS
        digits = 0 if largest >= 1_000 else 1 if largest >= 10 else 2
        return Shape(digits=digits, scale=SECONDS, unit="ms")

    def _bound(
        self, claim_id: str, stage: str, measure: str, end: str, shape: Shape
    ) -> Claim | None:
        names = [one.name for one in self.family.results[stage].measures]
        place = f"/measures/{names.index(measure)}/{end}"
        try:
            return self.ledger.record(f"{claim_id}.{end}", stage, place, shape)
        except KeyError:
            return None


def detail_table(
    figures: Figures,
    columns: Sequence[Column],
    asked: Sequence[Asked],
    names: tuple[str, ...],
    this: str,
) -> DetailTable | None:
    """Return a table of the columns that hold anything; none where none does.

    Args:
        figures: of the timings.
        columns: that may be shown.
        asked: workloads or loads, in order.
        names: the variants, the baseline first.
        this: whose card it is.
    """
    places = tuple(one.place for one in asked)
    held = [
        column
        for column in columns
        if any(
            figures.known(name, f"{quantity}/{place}")
            for quantity in column.quantities
            for place in places
            for name in names
        )
    ]
    shaped = [(column, figures.shape(column, names, places)) for column in held]
    rows = tuple(
        _row(figures, shaped, one, name, first=number == 0, this=name == this)
        for one in asked
        for number, name in enumerate(n for n in names if _has(figures, held, one.place, n))
    )
    if not rows:
        return None
    return DetailTable(heads=tuple(column.title for column in held), rows=rows)


def _row(
    figures: Figures,
    columns: Sequence[tuple[Column, Shape]],
    asked: Asked,
    name: str,
    *,
    first: bool,
    this: bool,
) -> DetailRow:
    return DetailRow(
        place=asked.shown,
        first=first,
        variant=name,
        this=this,
        cells=tuple(figures.cell(name, column, asked.place, shape) for column, shape in columns),
    )


def _has(figures: Figures, columns: Sequence[Column], place: str, name: str) -> bool:
    return any(
        figures.known(name, f"{quantity}/{place}")
        for column in columns
        for quantity in column.quantities
    )

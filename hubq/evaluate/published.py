"""Published tables: numbers that somebody else printed, taken over as they stand, without items.

What can be said of such a number is said: where it is, on which scale, and, where it is a count of
right answers over a known number of questions, its interval and the difference that a comparison
could have found. Nothing is made up for the others; they say why not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal

import msgspec

from hubq import stats
from hubq.errors import BadInput
from hubq.evaluate.formats.certainty import UNKNOWN, Certainty, certainty_of, printed
from hubq.evaluate.formats.grids import Grid, kind_of, read_grids
from hubq.evaluate.formats.known import Size, plain, size_of
from hubq.evaluate.formats.layout import Layout, Place, lay_out
from hubq.evaluate.formats.notes import has_notes, marks_of, notes_of
from hubq.evaluate.formats.printed import Number, State
from hubq.evaluate.formats.remembering import remembered
from hubq.evaluate.formats.sides import (
    Side,
    is_task,
    names_counts,
    names_no_score,
    names_no_variant,
    tasks_in,
)

Scale = Literal["fraction", "percent", "raw"]

_LAST_BRACKETS = re.compile(r"^(?P<name>.*?)\s*[(\[](?P<parts>[^()\[\]]*/[^()\[\]]*)[)\]]$")


class PublishedMeasure(msgspec.Struct, frozen=True, gc=False):
    """One number as somebody printed it.

    It is made by places, since looking up twenty keywords takes longer than all else of it.

    Attributes:
        table: its table's number in the page, from 1.
        row, column: in the table, from 0, headings included.
        variant, task, group: its names.
        shown: the cell as printed.
        state: `measured`, or why there is no number.
        labels: what the row's name is made of, one for each of the table's columns of labels.
        value: as printed, on its scale; none without.
        upper: where a printed range ends; none for a single number.
        decimals: how many are printed.
        unit: as printed.
        bound: `<`, `>` or `~` for no plain value.
        error: what is printed behind `±`.
        delta: a difference printed in brackets.
        scale: of the value: `percent` and `fraction` are scores; `raw` is anything else.
        marks: the footnotes it refers to; row_marks: those that its row's labels refer to.
        bold: whether it is printed so.
        certainty: what is known of a score; none for what is no score.
        at: line and column in the file, from 1; zeros where they are not known.
    """

    table: int
    row: int
    column: int
    variant: str
    task: str
    shown: str
    state: State
    group: str = ""
    labels: tuple[str, ...] = ()
    value: float | None = None
    upper: float | None = None
    decimals: int = 0
    unit: str = ""
    bound: str = ""
    error: float | None = None
    delta: float | None = None
    scale: Scale = "raw"
    marks: tuple[str, ...] = ()
    row_marks: tuple[str, ...] = ()
    bold: bool = False
    certainty: Certainty | None = None
    at: tuple[int, int] = (0, 0)

    @property
    def fraction(self) -> float | None:
        """The score from 0 to 1; none for what is no score."""
        if self.value is None or self.scale == "raw" or self.bound:
            return None
        if self.scale == "fraction":
            return self.value
        return round(self.value / 100, self.decimals + 2)


class PublishedTable(msgspec.Struct, frozen=True, kw_only=True):
    """One table taken over.

    Attributes:
        number: in the page, from 1.
        heading: what stands over it.
        line: where it begins in a Markdown file; none elsewhere.
        tasks_in: whether its columns or its rows are tasks.
        measures: every number and every reason for none.
        heads: the headings of its columns of labels.
        lines: the text of every cell; the first `body` of them are headings.
        notes: footnote sign -> what stands behind it under the table.
        remarks: what was put right in it.
    """

    number: int
    heading: str
    tasks_in: Side
    measures: tuple[PublishedMeasure, ...]
    line: int | None = None
    heads: tuple[str, ...] = ()
    lines: tuple[tuple[str, ...], ...] = ()
    body: int = 1
    notes: dict[str, str] = {}
    remarks: tuple[str, ...] = ()


def tables_of(
    page: str,
    name: str,
    *,
    number: int | None = None,
    columns: Mapping[str, str] | None = None,
    sizes: Mapping[str, int] | None = None,
    baseline: str = "",
) -> tuple[PublishedTable, ...]:
    """Return the tables of a page that hold numbers, with what is known of each score.

    Args:
        page: Markdown, HTML or CSV.
        name: of the file; its ending says what the page is written in.
        number: of the only table to take; all without.
        columns: the columns to take, printed name -> the name to take them under.
        sizes: printed name of a task -> how many questions it has.
        baseline: how the name of the variant that others are held against begins; empty for none.

    Raises:
        BadInput: there is no such table, or none with numbers, or a column is not there.
    """
    grids = read_grids(page, kind_of(name, page))
    if number is not None and not 1 <= number <= len(grids):
        raise BadInput(f"{name}: no table {number}; it has {len(grids)}")
    wanted = [grid for grid in grids if number in (None, grid.number)]
    tables = [read_table(grid, columns) for grid in wanted]
    found = [table for table in tables if any(m.value is not None for m in table.measures)]
    if not found:
        raise BadInput(
            f"{name}: no numbers in {len(wanted)} tables",
            remedy="Tables are read in Markdown, HTML and CSV; plain text has none.",
        )
    return tuple(certain(table, sizes or {}, baseline) for table in found)


def certain(
    table: PublishedTable, sizes: Mapping[str, int] = {}, baseline: str = ""
) -> PublishedTable:
    """Return a table with what is known of each score, and of its difference to the baseline."""
    scored = [_is_score(one) for one in table.measures]
    if not any(scored):
        return table
    tasks = {one.task for one, score in zip(table.measures, scored, strict=True) if score}
    known = {task: size_of(task, sizes) if sizes else _size(task) for task in tasks}
    found = [
        _known(one, known[one.task]) if score else None
        for one, score in zip(table.measures, scored, strict=True)
    ]
    bases = {
        (_family(one.variant), one.group, one.task): both[0]
        for one, both in (zip(table.measures, found, strict=True) if baseline else ())
        if both is not None and plain(_last(one.variant)).startswith(plain(baseline))
    }

    def certainty(one: PublishedMeasure, both: tuple[stats.Printed, Certainty] | None) -> Certainty:
        if both is None:
            return UNKNOWN
        score, said = both
        base = bases.get((_family(one.variant), one.group, one.task)) if bases else None
        if base is None or base is score:
            return said
        return msgspec.structs.replace(said, told=stats.tell(base, score).sentence)

    measures = tuple(
        msgspec.structs.replace(one, certainty=certainty(one, both)) if score else one
        for one, both, score in zip(table.measures, found, scored, strict=True)
    )
    return msgspec.structs.replace(table, measures=measures)


def _is_score(measure: PublishedMeasure) -> bool:
    return measure.scale != "raw" and measure.value is not None and not measure.bound


def _known(measure: PublishedMeasure, size: Size | None) -> tuple[stats.Printed, Certainty] | None:
    """Return a score as the statistics read it; none when it is on no scale of theirs."""
    value = measure.value
    if value is None or size is None:
        return None
    scale = 100.0 if measure.scale == "percent" else 1.0
    return _score(value, measure.decimals, scale, size) if 0 <= value <= scale else None


@lru_cache(maxsize=1 << 12)
def _score(
    value: float, decimals: int, scale: float, size: Size
) -> tuple[stats.Printed, Certainty]:
    score = printed(f"{value:.{decimals}f}", scale, size)
    return score, certainty_of(score, size)


@remembered
def _size(task: str) -> Size | None:
    return size_of(task, {})


def _last(label: str) -> str:
    return label.rpartition(" / ")[2]


def _family(label: str) -> str:
    """Return what stands before a variant's own name: the model that it is a variant of."""
    return label.rpartition(" / ")[0]


def read_table(grid: Grid, columns: Mapping[str, str] | None = None) -> PublishedTable:
    """Return a grid as measures.

    Args:
        grid: the table.
        columns: the columns to take, printed name -> the name to take them under; all without.

    Raises:
        BadInput: a column that is asked for is not there.
    """
    layout = _chosen(lay_out(grid), columns, grid.number)
    side = tasks_in(layout.rows, layout.columns)
    several = _several(layout.places, side)
    places = [part for place in layout.places for part in _parts(place, side, several)]
    scales = _scales(places)
    return PublishedTable(
        number=grid.number,
        heading=grid.heading,
        line=grid.line,
        tasks_in=side,
        measures=tuple(_measure(grid.number, part, scales) for part in places),
        heads=layout.heads,
        lines=layout.lines,
        body=layout.body,
        notes=notes_of(grid.after, marks_of(layout)) if has_notes(grid.after) else {},
        remarks=layout.remarks,
    )


def _chosen(layout: Layout, columns: Mapping[str, str] | None, number: int) -> Layout:
    if not columns:
        return layout
    wanted = {plain(name): taken for name, taken in columns.items()}
    known = {plain(name) for name in layout.columns}
    missing = [name for name in columns if plain(name) not in known]
    if missing:
        raise BadInput(
            f"table {number} has no column {', '.join(missing)}",
            remedy=f"Its columns with numbers: {', '.join(layout.columns) or 'none'}.",
        )
    places = tuple(
        msgspec.structs.replace(place, column_label=wanted[plain(place.column_label)])
        for place in layout.places
        if plain(place.column_label) in wanted
    )
    kept = tuple(wanted[plain(name)] for name in layout.columns if plain(name) in wanted)
    return msgspec.structs.replace(layout, places=places, columns=kept)


class _Part(msgspec.Struct, frozen=True, gc=False):
    """One number of a place, with its names; a cell `0.416 / 0.432` has two."""

    place: Place
    variant: str
    task: str
    number: Number | None


def _several(places: Sequence[Place], side: Side) -> dict[str, int]:
    """Return the tasks whose cells hold several numbers, and how many."""
    return {
        place.column_label if side == "columns" else place.row_label: len(place.printed.values)
        for place in places
        if len(place.printed.values) > 1
    }


def _parts(place: Place, side: Side, several: Mapping[str, int]) -> list[_Part]:
    variant, task = place.row_label, place.column_label
    if side == "rows":
        variant, task = task, variant
    numbers: Sequence[Number | None] = place.printed.values
    if not numbers and task in several:
        numbers = [None] * several[task]
    if len(numbers) < 2:
        return [_Part(place, variant, task, numbers[0] if numbers else None)]
    names = _part_names(task, len(numbers))
    return [
        _Part(place, variant, name, number) for name, number in zip(names, numbers, strict=True)
    ]


def _part_names(task: str, count: int) -> list[str]:
    """Return the names of a cell's numbers: `acc / acc_norm` in the brackets of the heading."""
    brackets = _LAST_BRACKETS.match(task)
    parts = [part.strip() for part in brackets["parts"].split("/")] if brackets else []
    if brackets and len(parts) == count:
        return [f"{brackets['name']} ({part})" for part in parts]
    return [f"{task} [{number}]" for number in range(1, count + 1)]


def _scales(parts: Sequence[_Part]) -> dict[str, Scale]:
    """Return task -> the scale of its values; differences do not decide it."""
    values: dict[str, list[Number]] = {}
    counts = {part.variant for part in parts if names_counts(part.variant)}
    for part in parts:
        number = part.number
        if number is not None and not number.signed and part.variant not in counts:
            values.setdefault(part.task, []).append(number)
    scores = any(map(is_task, values))
    return {task: _scale(task, numbers, scores=scores) for task, numbers in values.items()}


def _scale(task: str, numbers: Sequence[Number], *, scores: bool) -> Scale:
    """Return the scale of a task's values.

    Args:
        task: its printed name.
        numbers: its values.
        scores: whether its table has known benchmarks beside it.
    """
    units = {number.unit for number in numbers} - {""}
    highest = max(number.value for number in numbers)
    if units - {"%"} or (highest > 100 and not units):
        return "raw"
    if units or "%" in task:
        return "percent"
    if names_no_score(task) or not (scores or re.search(r"\bacc", task, re.IGNORECASE)):
        return "raw"
    if highest <= 1 and max(number.decimals for number in numbers) > 1:
        return "fraction"
    return "percent"


def _measure(table: int, part: _Part, scales: Mapping[str, Scale]) -> PublishedMeasure:
    place, number, variant = part.place, part.number, part.variant
    said = place.printed
    delta = said.delta.value if said.delta else None
    value = upper = error = None
    decimals, unit, bound = 0, "", ""
    scale: Scale = "raw"
    if number is not None:
        value, upper, error = number.value, number.upper, number.error
        decimals, unit, bound = number.decimals, number.unit, number.bound
        if not number.signed and not names_no_variant(variant):
            scale = scales.get(part.task, "raw")
    return PublishedMeasure(
        table,
        place.row,
        place.column,
        variant,
        part.task,
        said.shown,
        said.state,
        place.group,
        place.labels,
        value,
        upper,
        decimals,
        unit,
        bound,
        error,
        delta,
        scale,
        said.marks,
        place.row_marks,
        place.bold,
        at=place.at,
    )

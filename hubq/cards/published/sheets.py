"""Sheets: published tables understood: which cells are scores, of what, beside which baseline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

import msgspec

from hubq.cards.published import roles
from hubq.cards.published.bases import bases_of
from hubq.cards.published.rates import is_load
from hubq.cards.published.roles import LabelRole, Role
from hubq.evaluate.formats.notes import split_label, split_marks
from hubq.evaluate.formats.remembering import once
from hubq.evaluate.published import PublishedMeasure, PublishedTable

Kind = Literal["scores", "speed", "load", "deploy", "grid", "settings", "plain"]

_RATIOS = frozenset({"x", "×"})
_BYTES = frozenset({"gb", "gib", "mb", "mib"})


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One file of published tables.

    Attributes:
        given: the address that the tables were taken from, as the person said it.
        key: of the import's folder.
        file, sha256: of the tables in it.
        page: SHA-256 of the page that they were read from.
        imported: when, UTC.
        tables: what it holds.
        shown: which of them go into the report, from 0; others were imported again since.
    """

    given: str
    key: str
    file: str
    sha256: str
    page: str
    imported: str
    tables: tuple[PublishedTable, ...]
    shown: tuple[int, ...]


class Place(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where a cell's content stands: `source` and `table` and `measure` count from 0."""

    source: int
    table: int
    measure: int
    found: PublishedMeasure

    @property
    def marks(self) -> tuple[str, ...]:
        """The footnotes that the cell itself refers to."""
        return split_marks(self.found.marks)


class Line(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One thing that was measured: a variant, under one workload where there are several.

    Attributes:
        name: unique in its block, without footnote signs where it can be.
        label: the name without what made it unique.
        variant: the name without the workload.
        marks: the footnotes that its label refers to.
        workload, hardware, regime: where the table says them.
    """

    name: str
    label: str
    variant: str
    marks: tuple[str, ...] = ()
    workload: str = ""
    hardware: str = ""
    regime: str = ""


class Block(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Lines that may be held against each other: of one model, or one group of rows.

    Attributes:
        title: the model or the group; empty where the table has but one.
        path: where its derived numbers stand in `comparison.json`.
        lines: variants, in the table's order.
        tasks: the names of its numbers, in the table's order.
        roles: task -> what it is; of derived lines: variant -> what it is.
        groups: task -> the group of tasks that it stands in.
        baseline: the variant that the others are held against; empty when none can be told.
        cells: (variant, task) -> the cell.
    """

    title: str
    path: str
    lines: tuple[Line, ...]
    tasks: tuple[str, ...]
    roles: dict[str, Role]
    groups: dict[str, str]
    baseline: str
    cells: dict[tuple[str, str], Place]

    def of(self, *wanted: Role) -> tuple[str, ...]:
        """Return the tasks with one of some roles."""
        found = self._of.get(wanted)
        if found is None:
            roles_of = self.roles
            found = tuple([task for task in self.tasks if roles_of.get(task) in wanted])
            self._of[wanted] = found
        return found

    @once
    def _of(self) -> dict[tuple[Role, ...], tuple[str, ...]]:
        return {}

    @once
    def variants(self) -> tuple[Line, ...]:
        """The lines that were measured, without those that the table works out from others."""
        return tuple(line for line in self.lines if line.name not in self.roles)

    @once
    def pairs(self) -> tuple[Pair, ...]:
        """Each line with the baseline of its workload; in names of parts, precision differs."""
        bases = bases_of(self.variants)
        return tuple(
            Pair(line=line, base=base) for line, base in zip(self.variants, bases, strict=True)
        )

    @once
    def bases(self) -> dict[str, str]:
        """Line -> its baseline, as far as `hubq.audit.pairing` was asked for it."""
        return {}

    def place(self, variant: str, task: str) -> Place | None:
        """Return a cell that holds a number; none where it holds none."""
        place = self.cells.get((variant, task))
        return place if place is not None and place.found.value is not None else None

    @once
    def scores(self) -> dict[tuple[str, str], Place]:
        """(variant, task) -> the cell, of those that hold a plain score."""
        return {
            cell: place
            for cell, place in self.cells.items()
            if (found := place.found).scale != "raw" and found.value is not None and not found.bound
        }

    def score(self, variant: str, task: str) -> Place | None:
        """Return a cell that holds a plain score; none where it holds none."""
        return self.scores.get((variant, task))


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """One table understood.

    Attributes:
        table: as it was imported.
        source, index: where it is in the sources; from 0.
        number: in the report, from 1.
        kind: what it shows.
        blocks: its lines, in blocks.
    """

    table: PublishedTable
    source: int
    index: int
    number: int
    kind: Kind
    blocks: tuple[Block, ...]


def sheets_of(sources: Sequence[Source]) -> tuple[Sheet, ...]:
    """Return every table of some sources, understood."""
    found = [
        (source, index, one.tables[index])
        for source, one in enumerate(sources)
        for index in one.shown
    ]
    return tuple(
        _sheet(table, source, index, number)
        for number, (source, index, table) in enumerate(found, start=1)
    )


def _sheet(table: PublishedTable, source: int, index: int, number: int) -> Sheet:
    places = tuple(
        Place(source=source, table=index, measure=measure, found=found)
        for measure, found in enumerate(table.measures)
    )
    drafts = _by_column(table, places) if table.tasks_in == "columns" else _by_row(places)
    blocks = tuple(
        draft.block(f"tables/{number}/{position}") for position, draft in enumerate(drafts, start=1)
    )
    kind = "load" if is_load(table) else _kind(blocks, places)
    return Sheet(table=table, source=source, index=index, number=number, kind=kind, blocks=blocks)


class _Draft:
    """A block in the making."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.lines: dict[str, Line] = {}
        self.groups: dict[str, str] = {}
        self.cells: dict[tuple[str, str], Place] = {}

    def add(self, line: Line, cells: Sequence[tuple[str, Place]], group: str = "") -> None:
        name = self.lines.setdefault(line.name, line).name
        for task, place in cells:
            self.groups.setdefault(task, group)
            self.cells.setdefault((name, task), place)

    def block(self, path: str) -> Block:
        tasks = tuple(self.groups)
        found: dict[str, Role] = {}
        ratios, sized, scored = self._units()
        for name in self.lines:
            role = roles.role_of(name, score=False)
            if role in ("delta", "recovery") or (role == "relative" and name in ratios):
                found[name] = role
        for task in tasks:
            role = roles.role_of(task, score=task in scored)
            found[task] = "memory" if role == "other" and task in sized else role
        names = [name for name in self.lines if name not in found]
        # Lines of one name are told apart by hubq alone, so none of them is the others' baseline.
        labels = Counter(self.lines[name].label for name in names)
        told = [name for name in names if labels[self.lines[name].label] == 1]
        return Block(
            title=self.title,
            path=path,
            lines=tuple(self.lines.values()),
            tasks=tasks,
            roles=found,
            groups=self.groups,
            baseline=roles.baseline_of(told, self._reference(found)),
            cells=self.cells,
        )

    def _units(self) -> tuple[set[str], set[str], set[str]]:
        """Return the lines that hold ratios, the tasks that hold bytes, and those with scores."""
        ratios, sized, scored = set(), set(), set()
        for (line, task), place in self.cells.items():
            unit = place.found.unit
            if unit[:1] in _RATIOS:
                ratios.add(line)
            elif unit.lower() in _BYTES:
                sized.add(task)
            if place.found.scale != "raw" and not place.found.bound:
                scored.add(task)
        return ratios, sized, scored

    def _reference(self, found: dict[str, Role]) -> str:
        """Return the line that the table shows without a difference, or with a ratio of 1."""
        wanted = {task: role for task, role in found.items() if role in ("delta", "relative")}
        under: dict[str, dict[str, PublishedMeasure]] = {task: {} for task in wanted}
        for (name, task), place in self.cells.items() if wanted else ():
            if task in under:
                under[task][name] = place.found
        for task, role in wanted.items():
            cells = under[task]
            if role == "delta":
                empty = [name for name, one in cells.items() if one.state == "missing"]
            else:
                empty = [name for name, one in cells.items() if one.value == 1]
            if len(empty) == 1 < len(cells):
                return empty[0]
        return ""


def _by_column(table: PublishedTable, places: Sequence[Place]) -> list[_Draft]:
    """Return the blocks of a table whose columns are tasks."""
    depths = () if table.heads else (place.found.variant.count(" / ") + 1 for place in places)
    label_roles = roles.label_roles(table.heads or ("",) * max(depths, default=1))
    rows: dict[int, list[Place]] = {}
    for place in places:
        rows.setdefault(place.found.row, []).append(place)
    tasks = {task: split_label(task)[0] for task in {place.found.task for place in places}}
    named = [(cells, *_line(cells[0].found, label_roles)) for cells in rows.values()]
    often = Counter((cells[0].found.group, model, line.name) for cells, model, line in named)
    drafts: dict[tuple[str, str], _Draft] = {}
    for cells, model, plain in named:
        group = cells[0].found.group
        draft = drafts.get((group, model))
        if draft is None:
            draft = drafts[group, model] = _Draft(_title(group, model))
        line = _unique(plain, cells, draft) if often[group, model, plain.name] > 1 else plain
        draft.add(line, [(tasks[place.found.task], place) for place in cells])
    return list(drafts.values())


def _by_row(places: Sequence[Place]) -> list[_Draft]:
    """Return the one block of a table whose rows are tasks."""
    draft = _Draft("")
    names: dict[int, str] = {}
    taken: set[str] = set()
    said: dict[int, tuple[str, str]] = {}
    for place in places:
        found = place.found
        row = found.row
        task = split_label(found.task)[0]
        if row not in names:
            if task in taken:
                task = f"{task} ({found.group})" if found.group else f"{task} ({row})"
            names[row] = task
            group = " / ".join(part for part in (found.group, *found.labels[:-1]) if part)
            said[row] = _row_label(found), group
        taken.add(names[row])
        name, marks = split_label(found.variant)
        label, group = said[row]
        own = names[row] if found.task == label else task
        line = draft.lines.get(name) or Line(name=name, label=name, variant=name, marks=marks)
        draft.add(line, [(own, place)], group)
    return [draft]


def _row_label(found: PublishedMeasure) -> str:
    return " / ".join(dict.fromkeys(label for label in found.labels if label))


def _title(group: str, model: str) -> str:
    return " / ".join(dict.fromkeys(part for part in (split_label(group)[0], model) if part))


def _line(found: PublishedMeasure, label_roles: Sequence[LabelRole]) -> tuple[str, Line]:
    """Return the model and the line that a row's labels name."""
    parts: dict[LabelRole, list[str]] = {}
    marks = list(split_marks(found.row_marks)) if found.row_marks else []
    labels = found.labels or tuple(found.variant.split(" / "))
    if len(labels) == 1 and label_roles[:1] == ("variant",):
        name, signs = split_label(labels[0])
        if name:
            every = tuple(dict.fromkeys((*marks, *signs))) if marks or signs else ()
            return "", Line(name=name, label=name, variant=name, marks=every)
    for label, role in zip(labels, label_roles, strict=False):
        text, signs = split_label(label)
        parts.setdefault(role, []).append(text)
        marks += signs
    said = {role: " / ".join(dict.fromkeys(filter(None, texts))) for role, texts in parts.items()}
    where = {role: said.get(role, "") for role in ("workload", "hardware", "regime")}
    variant, model = said.get("variant", ""), said.get("model", "")
    if not variant:
        variant, model = (model, "") if model else (next(filter(None, where.values()), ""), "")
    name = " / ".join(part for part in (where["workload"], variant) if part)
    name, every = name or found.variant, tuple(dict.fromkeys(marks)) if marks else ()
    return model, Line(name=name, label=name, variant=variant, marks=every, **where)


def _unique(line: Line, cells: Sequence[Place], draft: _Draft) -> Line:
    """Return a line whose name no other line of its block has: by what else its row says."""
    beside = [
        f"{split_label(place.found.task)[0]} {place.found.shown}".strip()
        for place in cells
        if roles.role_of(place.found.task, score=False) in ("setting", "other")
        and (place.found.fraction is None or roles.role_of(place.found.task, score=True) != "score")
    ]
    names = [
        ", ".join((line.name, *beside)) if beside else line.name,
        line.name + "".join(line.marks),
        f"{line.name} (row {cells[0].found.row})",
    ]
    return msgspec.structs.replace(line, name=next(n for n in names if n not in draft.lines))


def _kind(blocks: Sequence[Block], places: Sequence[Place]) -> Kind:
    """Return what a table shows, by what its columns hold."""
    found = {role for block in blocks for role in block.roles.values()}
    ratios = sum(place.found.unit in _RATIOS for place in places)
    if ratios and ratios > sum(place.found.value is not None for place in places) / 2:
        return "grid"
    scores = bool(found & {"score", "average"})
    several = max((len(block.variants) for block in blocks), default=0) > 1
    if scores and several and found & {"per-item", "time", "relative"}:
        return "deploy"
    compared = (pair.base is not None for block in blocks for pair in block.pairs)
    if not scores and found & {"speed", "memory"} and any(compared):
        return "speed"
    if not scores or not several:
        return "plain"
    return "scores" if any(block.baseline for block in blocks) else "settings"


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """A line beside the baseline under the same workload; `base` is none for a baseline itself."""

    line: Line
    base: Line | None

"""Deploying: what answering the evaluation's items took, beside what it scored."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from hubq.cards.family import Family
from hubq.cards.footnotes import Footnote, Footnotes, measured, sign_of
from hubq.cards.ledger import DELTA, Ledger, Shape, escape_pointer
from hubq.cards.prose.wording import listed
from hubq.cards.tables.scores import average_cell
from hubq.cards.tables.speed import RATIO
from hubq.model.card import Cell, CellState, Claim
from hubq.model.recipe import BASELINE

_UNITS = (("h", 36_000.0), ("min", 600.0))
_SHORT = 0.1
"""Seconds an item under which milliseconds have a digit after the point."""
_SCALES = {"h": 1 / 3600, "min": 1 / 60, "s": 1.0}

Relation = Literal["", "slower", "parity", "faster", "unclear"]


class DeployRow(msgspec.Struct, frozen=True, kw_only=True):
    """One run.

    Attributes:
        run: the variant, or what was run.
        this: whether the card is this variant's.
        score: the mean over tasks.
        wall: the whole run's time in the table's unit; per_item: milliseconds an item.
        relative: how many times slower or faster than the first row, as `relation` says; never
            under 1, and a state where the times are not comparable.
        relation: `parity` where the times cannot be told apart; empty for the first row, and where
            nothing is known.
        delta: of the score to the first row's, in points.
    """

    run: str
    this: bool
    score: Cell | None
    wall: Cell | None
    per_item: Cell | None
    relative: Cell | None
    delta: Cell | None
    relation: Relation = ""

    @property
    def sign(self) -> str:
        """The sign of the footnote to `relative`; empty for none."""
        if self.relative is None or not self.relative.note:
            return ""
        return sign_of(self.relative.state, self.relative.note)


class DeployTable(msgspec.Struct, frozen=True, kw_only=True):
    """Runs side by side.

    Attributes:
        reference: the first run, which the others are held against.
        rows: one for each run.
        unit: of wall times: `s`, `min` or `h`.
        tasks: which tasks' items were answered; empty where unknown.
        remarks: what else is to be known of these times: marked sentences, Markdown.
        notes: the footnotes first referred to here.
    """

    reference: str
    rows: tuple[DeployRow, ...]
    unit: str = "min"
    tasks: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    notes: tuple[Footnote, ...] = ()


def deploy_table(
    family: Family, ledger: Ledger, notes: Footnotes, names: tuple[str, ...], this: str
) -> DeployTable | None:
    """Return what answering took; none unless at least two variants tell their seconds."""
    before, document = len(notes), ledger.document["answering"]
    if len(document.get("rows", {})) < 2:
        return None
    longest = max(row["seconds"] or 0.0 for row in document["rows"].values())
    unit = next((unit for unit, least in _UNITS if longest >= least), "s")
    slowest = max(row["per_item"] for row in document["rows"].values())
    enter = _Enter(family, ledger, notes, unit, digits=int(slowest < _SHORT))
    rows = tuple(enter.row(name, this=name == this) for name in (BASELINE, *names))
    return DeployTable(
        reference=BASELINE,
        rows=rows,
        unit=unit,
        tasks=tuple(document["tasks"]),
        notes=notes.since(before),
    )


class _Enter:
    """Enters the rows of one table."""

    def __init__(
        self, family: Family, ledger: Ledger, notes: Footnotes, unit: str, *, digits: int
    ) -> None:
        self.family, self.ledger, self.notes = family, ledger, notes
        self.each = Shape(digits=digits, scale=1000, unit="ms")
        self.wall = Shape(digits=1, scale=_SCALES[unit], unit=unit)

    def row(self, name: str, *, this: bool) -> DeployRow:
        """Return one row, with states where a run's times are not known."""
        entry = self.ledger.document["answering"]["rows"].get(name)
        if entry is None:
            wall, per_item, relative = self._missing(name)
        else:
            wall, per_item = self._wall(name, entry), self._per_item(name, entry)
            relative = self._relative(name, entry)
        average = f"/averages/{escape_pointer(name)}/delta"
        delta = self.ledger.maybe(f"average_delta.{name}", average, DELTA)
        return DeployRow(
            run=name,
            this=this,
            score=average_cell(self.family, self.ledger, self.notes, name),
            wall=wall,
            per_item=per_item,
            relative=relative,
            relation=entry["relation"] if entry and relative.claim else "",
            delta=measured(delta) if delta else None,
        )

    def _missing(self, name: str) -> tuple[Cell, Cell, Cell]:
        """Return the cells of a variant that did not answer all tasks, or did not say its time."""
        ids = (f"wall.{name}", f"per_item.{name}", f"slowdown.{name}")
        for task in self.ledger.document["answering"]["tasks"]:
            if not {f"generate/{name}/{task}", f"score/{name}/{task}"} & self.family.results.keys():
                gap = self.family.gap(f"score/{name}/{task}")
                wall, per_item, relative = (self.notes.gap(gap, one) for one in ids)
                return wall, per_item, relative
        wall, per_item, relative = (
            self._apart(one, f"How long {name} took was not recorded.") for one in ids
        )
        return wall, per_item, relative

    def _wall(self, name: str, entry: dict[str, Any]) -> Cell:
        if entry["seconds"] is None:
            text = f"Part of its answers on {listed(entry['resumed'])} came from a run that was "
            return self._apart(f"wall.{name}", f"{text}interrupted, whose time is not known.")
        claim_id = f"wall.{name}"
        claim = self.ledger.own(claim_id, f"{_place(name)}/seconds", self.wall)
        return self._beside(claim, entry)

    def _per_item(self, name: str, entry: dict[str, Any]) -> Cell:
        claim = self.ledger.own(f"per_item.{name}", f"{_place(name)}/per_item", self.each)
        return self._beside(claim, entry)

    def _relative(self, name: str, entry: dict[str, Any]) -> Cell:
        """Return how many times slower or faster, over the tasks where that can be told."""
        claim_id = f"slowdown.{name}"
        if entry["ratio"] is None:
            return self._apart(claim_id, _why(entry))
        claim = self.ledger.own(claim_id, f"{_place(name)}/ratio", RATIO)
        return self._beside(claim, entry)

    def _beside(self, claim: Claim, entry: dict[str, Any]) -> Cell:
        """Return a time with a footnote where it is not of the same work as the baseline's."""
        if not entry["why"]:
            return measured(claim)
        note = self.notes.add(CellState.NOT_COMPARABLE, _why(entry), claim.id)
        return Cell(state=CellState.NOT_COMPARABLE, claim=claim, note=note)

    def _apart(self, claim_id: str, text: str) -> Cell:
        note = self.notes.add(CellState.NOT_COMPARABLE, text, claim_id)
        return Cell(state=CellState.NOT_COMPARABLE, note=note)


def _why(entry: dict[str, Any]) -> str:
    """Return the sentence on the tasks on which a run did not do the baseline's work."""
    reasons = "; ".join(f"on {listed(tasks)} {reason}" for reason, tasks in entry["why"].items())
    if not entry["compared_on"]:
        return f"Not held against {BASELINE}: {reasons}."
    return f"Held against {BASELINE} on {listed(entry['compared_on'])} alone: {reasons}."


def _place(name: str) -> str:
    return f"/answering/rows/{escape_pointer(name)}"

"""Methods: methods by benchmarks with averages, in groups of the same bits (the form of papers)."""

from __future__ import annotations

from typing import Any

import msgspec

from hubq.cards.family import Family
from hubq.cards.footnotes import Footnote, Footnotes
from hubq.cards.ledger import COUNT, Ledger
from hubq.cards.making import METHODS
from hubq.cards.tables.scores import average_cell, plain_score
from hubq.model.card import Cell, Claim
from hubq.model.recipe import BASELINE, VariantSpec
from hubq.model.stage import Kind


class MethodRow(msgspec.Struct, frozen=True, kw_only=True):
    """One method.

    Attributes:
        method: as people write it, `Full precision` for the baseline.
        variant: the variant it made.
        this: whether the card is that variant's.
        cells: a score for each task.
        average: the mean over tasks; a state where one is missing.
        best: for each task, then for the average, whether it is the group's best method beyond
            chance.
    """

    method: str
    variant: str
    this: bool
    cells: tuple[Cell, ...]
    average: Cell | None
    best: tuple[bool, ...] = ()


class Scheme(msgspec.Struct, frozen=True, kw_only=True):
    """Bits and group size: `INT4 g128`.

    Attributes:
        kind: `INT` or `FP`, or all of it where there is no claim to the numbers.
        bits, group_size: of the weights; no group size where an output channel has one scale.
    """

    kind: str
    bits: Claim | None = None
    group_size: Claim | None = None

    def __str__(self) -> str:
        group = f" g{self.group_size}" if self.group_size else ""
        return f"{self.kind}{self.bits or ''}{group}"


class MethodGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Methods of the same bits and group size.

    Attributes:
        title: of the group, such as the model's name; text from outside.
        rows: the methods, full precision first where it is known.
        scheme: what stands behind the title; none where the title says it.
    """

    title: str
    rows: tuple[MethodRow, ...]
    scheme: Scheme | None = None


class MethodTable(msgspec.Struct, frozen=True, kw_only=True):
    """Methods by benchmarks."""

    tasks: tuple[str, ...]
    groups: tuple[MethodGroup, ...]
    notes: tuple[Footnote, ...] = ()


def method_table(
    family: Family, ledger: Ledger, notes: Footnotes, names: tuple[str, ...], this: str
) -> MethodTable | None:
    """Return methods by benchmarks; none unless two that were scored share bits and group size.

    The tasks are those of the first harness. A control has a row and is never the best.
    """
    before = len(notes)
    groups: dict[tuple[int, int], list[VariantSpec]] = {}
    for name in names:
        spec = family.spec(name)
        groups.setdefault((spec.bits, spec.group_size), []).append(spec)
    shared = [specs for specs in groups.values() if len(_scored(family, specs)) > 1]
    if not shared:
        return None
    tasks = tuple(t.name for t in family.tasks if t.harness in family.harnesses[:1])
    enter = _Enter(family, ledger, notes, tasks, this)
    return MethodTable(
        tasks=tasks,
        groups=tuple(enter.group(specs) for specs in shared),
        notes=notes.since(before),
    )


def _scored(family: Family, specs: list[VariantSpec]) -> set[str]:
    """Return the methods of which some variant has a score."""
    stages = (result.stage for result in family.results.values())
    names = {stage.variant for stage in stages if stage.kind is Kind.SCORE}
    return {spec.method for spec in specs if spec.name in names}


def scheme_of(ledger: Ledger, spec: VariantSpec) -> Scheme:
    """Return the bits and group size of a variant as its quantize stage has them.

    Without a result there is none to read them from, and they stand in the text.
    """
    kind, stage = "FP" if spec.method == "fp8" else "INT", f"quantize/{spec.name}"
    if stage not in ledger.family.results:
        group = f" g{spec.group_size}" if spec.group_size > 0 else ""
        return Scheme(kind=f"{kind}{spec.bits}{group}")

    def setting(name: str) -> Claim:
        return ledger.record(f"{name}.{spec.name}", stage, f"/stage/settings/{name}", COUNT)

    return Scheme(
        kind=kind,
        bits=setting("bits"),
        group_size=setting("group_size") if spec.group_size > 0 else None,
    )


class _Enter:
    """Enters the groups of one table."""

    def __init__(
        self,
        family: Family,
        ledger: Ledger,
        notes: Footnotes,
        tasks: tuple[str, ...],
        this: str,
    ) -> None:
        self.family, self.ledger, self.notes = family, ledger, notes
        self.tasks, self.this = tasks, this

    def group(self, specs: list[VariantSpec]) -> MethodGroup:
        rivals = [spec.name for spec in specs if spec.name in self.family.published]
        labels = [METHODS.get(spec.method, spec.method) for spec in specs]
        rows = [self._row("Full precision", BASELINE, [])]
        for spec, label in zip(specs, labels, strict=True):
            alone = labels.count(label) == 1
            rows.append(self._row(label if alone else f"{label} ({spec.name})", spec.name, rivals))
        return MethodGroup(
            title=self.family.source.name,
            rows=tuple(rows),
            scheme=scheme_of(self.ledger, specs[0]),
        )

    def _row(self, method: str, name: str, rivals: list[str]) -> MethodRow:
        average = average_cell(self.family, self.ledger, self.notes, name)
        others = [rival for rival in rivals if rival != name] if name in rivals else []
        pairs = self.ledger.document["pairs"]
        compared = [pairs["tasks"].get(task, {}) for task in self.tasks] + [pairs["averages"]]
        return MethodRow(
            method=method,
            variant=name,
            this=name == self.this,
            cells=tuple(
                plain_score(self.family, self.ledger, self.notes, name, task) for task in self.tasks
            ),
            average=average,
            best=tuple(
                bool(others) and all(_leads(found, name, other) for other in others)
                for found in compared
            ),
        )


def _leads(pairs: dict[str, Any], name: str, other: str) -> bool:
    """Return whether one variant is better than another beyond chance, however they are kept."""
    leader = pairs.get(name, {}).get(other, {}).get("leader")
    behind = pairs.get(other, {}).get(name, {}).get("leader")
    return bool(leader == "first" or behind == "second")

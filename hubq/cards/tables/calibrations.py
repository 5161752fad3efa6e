"""Calibrations: variants that differ in nothing but the rows the quantizer looked at."""

from __future__ import annotations

import msgspec

from hubq.cards.family import Family
from hubq.cards.footnotes import Footnote, Footnotes
from hubq.cards.ledger import COUNT, DELTA, RATE, Ledger, Shape, escape_pointer, resolve_pointer
from hubq.cards.making import METHODS
from hubq.cards.tables.fidelity import KL
from hubq.cards.tables.methods import Scheme, scheme_of
from hubq.cards.tables.scores import GAIN, LOSS, average_cell, plain_score
from hubq.model.card import Cell, Claim
from hubq.quantize.datasets import HUB
from hubq.resources import BUNDLED

_MODALITIES = {"image-text": "image and text", "text": "text only"}
_MARKS = {"first": GAIN, "second": LOSS}


class CalibrationRow(msgspec.Struct, frozen=True, kw_only=True):
    """One variant.

    Attributes:
        variant: its name; dataset, modality: what its rows were.
        rows: how many; vision_share: of vision tokens among all, in percent.
        kl: divergence from the baseline in nats per token.
        cells: a score for each task; beside it the difference from the table's first row, with ▼ or
            ▲ where it is more than chance.
        average: the mean over tasks, likewise.
        this: whether the card is this variant's.
    """

    variant: str
    dataset: str
    modality: str
    rows: Claim | None
    vision_share: Claim | None
    kl: Claim | None
    cells: tuple[Cell, ...]
    average: Cell | None
    this: bool = False


class CalibrationTable(msgspec.Struct, frozen=True, kw_only=True):
    """Variants of the same method and bits, calibrated with different rows.

    Attributes:
        tasks: the columns.
        method: as a title; text from outside.
        rows: one for each variant; the others are held against the first.
        scheme: bits and group size, behind the method; none where the title says it.
        notes: the footnotes first referred to here.
    """

    tasks: tuple[str, ...]
    method: str
    rows: tuple[CalibrationRow, ...]
    scheme: Scheme | None = None
    notes: tuple[Footnote, ...] = ()


def calibration_tables(
    family: Family, ledger: Ledger, notes: Footnotes, names: tuple[str, ...], this: str
) -> tuple[CalibrationTable, ...]:
    """Return a table for each method and bits that were calibrated in more than one way.

    Variants are held against the one that was calibrated as the recipe says for all, or against the
    first of them. The tasks are those of the first harness.
    """
    return tuple(
        _table(family, ledger, notes, number, this)
        for number, group in enumerate(ledger.document["calibrations"])
        if {group["first"], *group["others"]} <= set(names)
    )


def _table(
    family: Family, ledger: Ledger, notes: Footnotes, number: int, this: str
) -> CalibrationTable:
    before, group = len(notes), ledger.document["calibrations"][number]
    place = f"/calibrations/{number}"
    first = family.spec(group["first"])
    tasks = tuple(t.name for t in family.tasks if t.harness in family.harnesses[:1])
    order = (first.name, *(name for name in family.published if name in group["others"]))
    return CalibrationTable(
        tasks=tasks,
        method=METHODS.get(first.method, first.method),
        scheme=scheme_of(ledger, first),
        rows=tuple(
            _row(family, ledger, notes, name, tasks, place=place, this=name == this)
            for name in order
        ),
        notes=notes.since(before),
    )


def _row(
    family: Family,
    ledger: Ledger,
    notes: Footnotes,
    name: str,
    tasks: tuple[str, ...],
    *,
    place: str,
    this: bool,
) -> CalibrationRow:
    rows = family.spec(name).calibration or family.loaded.recipe.calibration
    beside = f"{place}/others/{escape_pointer(name)}"
    average = average_cell(family, ledger, notes, name)
    return CalibrationRow(
        variant=name,
        dataset=dataset_name(rows.dataset),
        modality=_MODALITIES[rows.modality],
        rows=_measure(ledger, f"quantize/{name}", "calibration_rows", COUNT),
        vision_share=ledger.maybe(
            f"vision_share.{name}", f"/calibration/{escape_pointer(name)}/vision_share", RATE
        ),
        kl=ledger.maybe(f"fidelity.kl.{name}", f"/fidelity/{escape_pointer(name)}/kl/value", KL),
        cells=tuple(
            _held_against(
                ledger,
                plain_score(family, ledger, notes, name, task),
                f"calibrated.{name}.{task}",
                f"{beside}/tasks/{escape_pointer(task)}",
            )
            for task in tasks
        ),
        average=average
        and _held_against(ledger, average, f"calibrated_average.{name}", f"{beside}/average"),
        this=this,
    )


def _held_against(ledger: Ledger, cell: Cell, claim_id: str, place: str) -> Cell:
    """Return a cell with its difference from the first row, and a mark where it is no chance."""
    delta = ledger.maybe(claim_id, f"{place}/delta", DELTA)
    if delta is None or cell.claim is None:
        return cell
    leader = resolve_pointer(ledger.document, f"{place}/leader")
    return msgspec.structs.replace(cell, delta=delta, mark=_MARKS.get(leader, ""))


def dataset_name(address: str) -> str:
    """Return what people call a calibration set: a Hub dataset's id, or the file's name."""
    if address.startswith(HUB):
        return address.removeprefix(HUB).partition("@")[0]
    path = address.removeprefix(BUNDLED).replace("\\", "/")
    return path.rstrip("/").rsplit("/", 1)[-1]


def _measure(ledger: Ledger, stage: str, name: str, shape: Shape) -> Claim | None:
    variant = stage.partition("/")[2]
    try:
        return ledger.measure(f"{name}.{variant}", stage, name, shape)
    except KeyError:
        return None

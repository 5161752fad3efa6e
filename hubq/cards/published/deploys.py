"""Deploying, as published: what runs took beside what they scored, held against the first."""

from __future__ import annotations

from hubq.cards.answering import PARITY
from hubq.cards.published import exact
from hubq.cards.published.cells import as_cell, delta_claim
from hubq.cards.published.notebook import COUNT, TIMES, Notebook, outside, step
from hubq.cards.published.roles import Role
from hubq.cards.published.sheets import Block, Line, Sheet
from hubq.cards.tables.deploy import DeployRow, DeployTable, Relation
from hubq.model.card import Cell, CellState
from hubq.model.marks import without_signs

_TO_MILLISECONDS = {"s": 1_000, "sec": 1_000, "min": 60_000, "h": 3_600_000}


def deploys(book: Notebook, sheet: Sheet) -> tuple[DeployTable, ...]:
    """Return a table for each block, its times and differences worked out again."""
    return tuple(_table(book, sheet, block) for block in sheet.blocks if block.variants)


def _table(book: Notebook, sheet: Sheet, block: Block) -> DeployTable:
    before = len(book.notes)
    reference = block.baseline or block.variants[0].name
    rows = tuple(_row(book, sheet, block, line, reference) for line in block.variants)
    units = {
        place.found.unit
        for (_, task), place in block.cells.items()
        if block.roles.get(task) == "time" and place.found.unit
    }
    return DeployTable(
        reference=without_signs(reference),
        rows=rows,
        unit=without_signs(" or ".join(sorted(units))) or "as printed",
        remarks=_remarks(book, block),
        notes=book.notes.since(before),
    )


def _row(book: Notebook, sheet: Sheet, block: Block, line: Line, reference: str) -> DeployRow:
    def cell(*wanted: Role) -> Cell | None:
        task = _first(block, *wanted)
        return as_cell(book, sheet, block.cells.get((line.name, task))) if task else None

    target = _first(block, "average") or _first(block, "score")
    delta = delta_claim(book, block, line.name, target, points=True) if target else None
    relative, relation = _relative(book, block, line.name, reference)
    return DeployRow(
        run=without_signs(line.name),
        this=False,
        score=cell("average") or cell("score"),
        wall=cell("time"),
        per_item=cell("per-item"),
        relative=relative,
        delta=None if delta is None else Cell(state=CellState.MEASURED, claim=delta),
        relation=relation,
    )


def _first(block: Block, *wanted: Role) -> str:
    return next(iter(block.of(*wanted)), "")


def _relative(
    book: Notebook, block: Block, name: str, reference: str
) -> tuple[Cell | None, Relation]:
    """Return how many times slower or faster than the reference a line is, by its own times."""
    task = _first(block, "per-item") or _first(block, "time")
    own, base = block.place(name, task), block.place(reference, task)
    if own is None or base is None:
        return None, ""
    found = exact.over(exact.span_of(own.found), exact.span_of(base.found))
    if found is None or found.value == 0:
        return None, ""
    slower = found.value >= 1
    value = found.value if slower else 1 / found.value
    claim = book.derived(f"{block.path}/times/{step(name)}", float(value), TIMES)
    cell = Cell(state=CellState.MEASURED, claim=claim)
    if name == reference:
        return cell, ""
    if value <= PARITY:
        return cell, "parity"
    return cell, "slower" if slower else "faster"


def _remarks(book: Notebook, block: Block) -> tuple[str, ...]:
    """Say over how many items the runs were, where time and time per item tell it."""
    wall, each = _first(block, "time"), _first(block, "per-item")
    counts = {}
    for line in block.variants:
        whole, item = block.place(line.name, wall), block.place(line.name, each)
        factor = _TO_MILLISECONDS.get(whole.found.unit) if whole is not None else None
        if whole is None or item is None or factor is None or "ms" not in each.lower():
            continue
        span = exact.over(
            exact.times(exact.span_of(whole.found), factor), exact.span_of(item.found)
        )
        if span is not None:
            path = f"{block.path}/items/{step(line.name)}"
            counts[line.name] = book.derived(path, round(float(span.value)), COUNT)
    if not counts:
        return ()
    if len({claim.shown for claim in counts.values()}) == 1:
        count = next(iter(counts.values()))
        return (f"Time and time per item tell that each run was over {count} items.",)
    told = ", ".join(f"{outside(name)} {claim}" for name, claim in counts.items())
    return (f"Time and time per item tell how many items the runs were over: {told}.",)

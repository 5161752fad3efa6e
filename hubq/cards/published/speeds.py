"""Speeds: published speed and memory, worked out beside the baseline's under the same workload."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import msgspec

from hubq.cards.footnotes import EMPTY
from hubq.cards.ledger import Shape
from hubq.cards.prose.wording import listed
from hubq.cards.published import exact
from hubq.cards.published.cells import PrintedRow, PrintedTable, cell_text, label_text
from hubq.cards.published.notebook import TIMES, Notebook, outside, step
from hubq.cards.published.roles import LabelRole, label_roles
from hubq.cards.published.sheets import Block, Line, Pair, Sheet
from hubq.model.card import Claim

_SAVED = Shape(digits=1, scale=100, unit="percent")


class Speeds(msgspec.Struct, frozen=True, kw_only=True):
    """A speed table with what is to be known of it.

    Attributes:
        table: as published, under the page's own headings.
        beside: each variant's speed and memory relative to the baseline's, in a column of its own.
        sentences: what stands out, marked and ready to print.
    """

    table: PrintedTable
    beside: PrintedTable
    sentences: tuple[str, ...]


def speeds(book: Notebook, sheet: Sheet) -> Speeds:
    """Return a speed table; blocks are models, lines are variants under workloads."""
    before = len(book.notes)
    tasks = tuple(dict.fromkeys(task for block in sheet.blocks for task in block.tasks))
    worked = any(line.workload for block in sheet.blocks for line in block.variants)
    model = _heading(sheet, "model")
    labels = [model] if model else []
    labels += [_heading(sheet, "workload") or "Workload"] if worked else []
    labels.append(_heading(sheet, "variant") or "Variant")
    rows: list[PrintedRow] = []
    for block in sheet.blocks:
        rows += [PrintedRow(title=outside(block.title))] if block.title and not model else []
        rows += _rows(book, sheet, block, tasks, has=(bool(model), worked))
    table = PrintedTable(
        heads=(*labels, *(outside(task) for task in tasks)),
        labels=len(labels),
        rows=tuple(rows),
        notes=book.notes.since(before),
    )
    return Speeds(
        table=table,
        beside=speeds_beside(book, sheet, worked=worked),
        sentences=tuple(text for block in sheet.blocks for text in _sentences(book, block)),
    )


def _heading(sheet: Sheet, role: LabelRole) -> str:
    """Return the page's heading of its labels of one kind; empty where it has no single one."""
    heads = sheet.table.heads
    found = [head for head, is_ in zip(heads, label_roles(heads), strict=True) if is_ == role]
    return outside(found[0]) if len(found) == 1 else ""


def _rows(
    book: Notebook, sheet: Sheet, block: Block, tasks: Sequence[str], *, has: tuple[bool, bool]
) -> Iterator[PrintedRow]:
    """Yield the rows of a model; `has` says whether model and workload have columns.

    What is the same as in the row above is left out, as Qwen's cards do.
    """
    above: tuple[str, ...] = ()
    for line in block.variants:
        own = msgspec.structs.replace(line, label=line.variant)
        known = (outside(block.title), outside(line.workload) or EMPTY)
        asked = tuple(text for text, there in zip(known, has, strict=True) if there)
        shown = ("" if asked[: n + 1] == above[: n + 1] else text for n, text in enumerate(asked))
        cells = (cell_text(book, sheet, block.cells.get((line.name, task))) for task in tasks)
        yield PrintedRow(cells=(*shown, label_text(book, sheet, block, own), *cells))
        above = asked


def speeds_beside(book: Notebook, sheet: Sheet, *, worked: bool) -> PrintedTable:
    """Return speed and memory beside the baseline's: a row a workload, a column a variant."""
    pairs = [pair for block in sheet.blocks for pair in block.pairs if pair.base is not None]
    names = tuple(dict.fromkeys(pair.line.variant for pair in pairs))
    rows: list[PrintedRow] = []
    for block in sheet.blocks:
        rows += [PrintedRow(title=outside(block.title))] if block.title else []
        for workload in dict.fromkeys(line.workload for line in block.variants):
            for task in block.of("speed", "memory"):
                cells = [_beside(book, block, (workload, name), task) for name in names]
                again = task != block.of("speed", "memory")[0]
                label = ["" if again else outside(workload) or EMPTY] if worked else []
                rows.append(PrintedRow(cells=(*label, _asked(block, task), *cells)))
    heads = [_heading(sheet, "workload") or "Workload"] if worked else []
    base = base_name(sheet.blocks)
    heads += [f"Beside {base}", *(outside(name) for name in names)]
    return PrintedTable(heads=tuple(heads), labels=1 + worked, rows=tuple(rows))


def _asked(block: Block, task: str) -> str:
    """Return what a row tells: `speed` or `memory saved`, with the column where there are more."""
    role = block.roles[task]
    word = "speed" if role == "speed" else "memory saved"
    return f"{word}, {outside(task)}" if len(block.of(role)) > 1 else word


def _beside(book: Notebook, block: Block, cell: tuple[str, str], task: str) -> str:
    """Return one variant's speed or memory under one workload, and its GPUs where they differ."""
    for pair in block.pairs:
        if (pair.line.workload, pair.line.variant) != cell or pair.base is None:
            continue
        if block.roles[task] == "memory":
            share = saved(book, block, pair, task)
            return f"{share}\N{NO-BREAK SPACE}%" if share is not None else EMPTY
        ratio = relative(book, block, pair, task)
        return f"{ratio}×{_on_others(book, block, pair)}" if ratio is not None else EMPTY
    return EMPTY


def _on_others(book: Notebook, block: Block, pair: Pair) -> str:
    """Say on how many GPUs instead of the baseline's; empty where they are as many."""
    for task in block.of("gpus"):
        own = block.place(pair.line.name, task)
        base = block.place(pair.base.name, task) if pair.base else None
        if own and base and own.found.value != base.found.value:
            return f" ({book.printed(own)} instead of {book.printed(base)} GPUs)"
    return ""


def base_name(blocks: Iterable[Block]) -> str:
    """Return what the baseline is called, ready to print, where all are called the same."""
    found = {pair.base.variant for block in blocks for pair in block.pairs if pair.base}
    return outside(found.pop()) if len(found) == 1 else "the baseline"


def relative(book: Notebook, block: Block, pair: Pair, task: str) -> Claim | None:
    """Enter a line's speed as a multiple of the baseline's."""
    share = _share(block, pair, task)
    path = f"{block.path}/relative_speed/{step(task)}/{step(pair.line.name)}"
    return None if share is None else book.derived(path, share, TIMES)


def saved(book: Notebook, block: Block, pair: Pair, task: str) -> Claim | None:
    """Enter what share of the baseline's memory a line saves."""
    share = _share(block, pair, task)
    path = f"{block.path}/saved/{step(task)}/{step(pair.line.name)}"
    return None if share is None else book.derived(path, round(1 - share, 12), _SAVED)


def _share(block: Block, pair: Pair, task: str) -> float | None:
    if pair.base is None:
        return None
    one, two = block.place(pair.line.name, task), block.place(pair.base.name, task)
    if one is None or two is None:
        return None
    found = exact.over(exact.span_of(one.found), exact.span_of(two.found))
    return None if found is None else float(found.value)


def _sentences(book: Notebook, block: Block) -> list[str]:
    before = f"{outside(block.title)}: " if block.title else ""
    found = []
    for task in block.of("speed"):
        several = f"{outside(task)}, " if len(block.of("speed")) > 1 else ""
        told = [_slower(book, block, task), *_warm(book, block, task)]
        found += [f"{several}{text}" for text in told if text]
    for task in block.of("memory"):
        found.append(_vanishing(book, block, task))
    found += [_gpus(book, block, task) for task in block.of("gpus")]
    return [f"{before}{text}" for text in found if text]


def _slower(book: Notebook, block: Block, task: str) -> str:
    """Name the lines that are slower than the baseline."""
    slow: dict[str, list[str]] = {}
    for pair in block.pairs:
        share = _share(block, pair, task)
        if share is not None and share < 1 and pair.base is not None:
            ratio = relative(book, block, pair, task)
            slow.setdefault(pair.line.variant, []).append(f"{ratio}×{_at(block, pair.line)}")
    if not slow:
        return ""
    names = listed(f"{outside(name)} ({', '.join(cells)})" for name, cells in slow.items())
    return f"slower than {base_name([block])}: {names}."


def _at(block: Block, line: Line) -> str:
    several = len({one.workload for one in block.variants}) > 1
    return f" at {outside(line.workload)}" if several and line.workload else ""


def _warm(book: Notebook, block: Block, task: str) -> list[str]:
    """Say where a longer input is faster than a shorter one, which only warming up explains."""
    base = [pair.line for pair in block.pairs if pair.base is None and pair.line.workload]
    sized = [(size, line) for line in base if (size := _size(line.workload)) is not None]
    found = []
    for (size, line), (longer, after) in pairwise(sized):
        first, second = block.place(line.name, task), block.place(after.name, task)
        if first is None or second is None or longer <= size:
            continue
        if exact.decimal_of(second.found) > exact.decimal_of(first.found):
            found.append(
                f"{outside(line.variant)} is faster at {outside(after.workload)} "
                f"({book.printed(second)}) than at {outside(line.workload)} "
                f"({book.printed(first)}); more input does not speed a model up, so the shorter "
                "one was probably timed before the device was warm."
            )
    return found


def _size(workload: str) -> int | None:
    digits = workload.replace(",", "").strip()
    return int(digits) if digits.isdecimal() else None


def _vanishing(book: Notebook, block: Block, task: str) -> str:
    """Say how a variant's saving of memory goes from the first workload to the last."""
    by_variant: dict[str, list[Pair]] = {}
    for pair in block.pairs:
        if _share(block, pair, task) is not None:
            by_variant.setdefault(pair.line.variant, []).append(pair)
    told = []
    for name, own in by_variant.items():
        first, last = own[0], own[-1]
        one, two = _share(block, first, task), _share(block, last, task)
        if len(own) < 2 or one is None or two is None or (1 - two) > (1 - one) / 2:
            continue
        told.append(
            f"{outside(name)} {saved(book, block, first, task)} % "
            f"({_memory(book, block, first, task)}){_at(block, first.line)} but "
            f"{saved(book, block, last, task)} % ({_memory(book, block, last, task)})"
            f"{_at(block, last.line)}"
        )
    if not told:
        return ""
    return f"the memory saved shrinks to less than half as the input grows: {'; '.join(told)}."


def _memory(book: Notebook, block: Block, pair: Pair, task: str) -> str:
    ends = [block.place(one.name, task) for one in (pair.base, pair.line) if one is not None]
    return " → ".join(str(book.printed(place)) for place in ends if place is not None)


def _gpus(book: Notebook, block: Block, task: str) -> str:
    """Say where variants under one workload ran on different numbers of GPUs."""
    told = []
    for workload in dict.fromkeys(line.workload for line in block.variants):
        lines = [line for line in block.variants if line.workload == workload]
        places = [(line, block.place(line.name, task)) for line in lines]
        counts = {place.found.value for _, place in places if place is not None}
        if len(counts) > 1:
            claims = [f"{book.printed(place)}" for _, place in places if place is not None]
            told.append(f"{'/'.join(claims)}{_at(block, lines[0])}")
    if not told:
        return ""
    names = "/".join(outside(name) for name in dict.fromkeys(ln.variant for ln in block.variants))
    return (
        f"the GPUs differ ({names}: {', '.join(told)}), so these speeds do not compare one model "
        f"on one machine with another{_alike(block, task)}."
    )


def _alike(block: Block, task: str) -> str:
    """Name the lines that ran on as many GPUs as the baseline under the same workload."""
    same: dict[str, list[str]] = {}
    for pair in block.pairs:
        own = block.place(pair.line.name, task)
        base = block.place(pair.base.name, task) if pair.base else None
        if own and base and own.found.value == base.found.value:
            same.setdefault(pair.line.variant, []).append(_at(block, pair.line))
    told = listed(f"{outside(name)}{' and'.join(filter(None, at))}" for name, at in same.items())
    return f"; only {told} ran on as many as {base_name([block])}" if told else ""

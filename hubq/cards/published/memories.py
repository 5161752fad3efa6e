"""Memories: what a variant takes beside the baseline, from the speed table of its model."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hubq.cards.prose.wording import listed
from hubq.cards.published.notebook import Notebook, outside
from hubq.cards.published.sheets import Block, Line, Place


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """A variant's memory and the baseline's under one workload; `task` is the column's name."""

    own: Place
    base: Place
    line: Line
    task: str


def memory_text(book: Notebook, blocks: Sequence[Block], title: str, variant: str) -> str:
    """Say that a variant takes less memory, under the first and the last workload of its table.

    Empty where no speed table has the model's title, or the variant takes no less.
    """
    found = _memories(blocks, title, variant)
    ends = [found[0], found[-1]] if len(found) > 1 else found
    if not ends or any((one.own.found.value or 0) >= (one.base.found.value or 0) for one in ends):
        return ""
    parts = listed(
        f"{book.printed(one.own)} instead of {book.printed(one.base)}"
        + (f" at {outside(one.line.workload)}" if one.line.workload else "")
        for one in ends
    )
    return f"memory is short ({outside(ends[0].task)}: {parts})"


def _memories(blocks: Sequence[Block], title: str, variant: str) -> list[Memory]:
    found = []
    for block in blocks:
        for task in block.of("memory")[:1] if block.title == title else ():
            for pair in block.pairs:
                if pair.line.variant != variant or pair.base is None:
                    continue
                own, base = block.place(pair.line.name, task), block.place(pair.base.name, task)
                if own is not None and base is not None:
                    found.append(Memory(own=own, base=base, line=pair.line, task=task))
    return found

"""What people read of cells and sentences: the text without the marks of its claims."""

from __future__ import annotations

from collections.abc import Iterable

from hubq.cards import footnotes
from hubq.model.card import Cell
from hubq.model.marks import plain


def cell_text(cell: Cell | None) -> str:
    return plain(footnotes.cell_text(cell))


def texts(sentences: Iterable[str]) -> tuple[str, ...]:
    return tuple(plain(sentence) for sentence in sentences)

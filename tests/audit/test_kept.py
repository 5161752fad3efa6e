"""Kept readings: once per document, and gone with it."""

from __future__ import annotations

import gc
import weakref

from hubq.audit.document import Document
from hubq.audit.kept import kept


def test_it_works_a_reading_out_once_per_document() -> None:
    asked: list[str] = []

    @kept
    def length(document: Document) -> int:
        asked.append(document.text)
        return len(document.text)

    one, other = Document("# A"), Document("# Abc")
    assert [length(one), length(other), length(one)] == [3, 5, 3]
    assert asked == ["# A", "# Abc"]


def test_it_keeps_nothing_as_a_reading_too() -> None:
    asked: list[str] = []

    @kept
    def nothing(document: Document) -> None:
        asked.append(document.text)

    one = Document("# A")
    assert nothing(one) is nothing(one) is None
    assert asked == ["# A"]


def test_it_holds_no_document_on() -> None:
    @kept
    def lines(document: Document) -> tuple[str, ...]:
        return tuple(document.lines)

    one = Document("# A\n\nb")
    assert lines(one) == ("# A", "", "b")
    gone = weakref.ref(one)
    del one
    gc.collect()
    assert gone() is None

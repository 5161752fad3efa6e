"""A card's text in small letters, and the lines that hold some pieces of it."""

from __future__ import annotations

import re

from hubq.audit.document import Document
from hubq.audit.lowered import fold, lines_with, lowered
from tests.rows import each_row

TEXT = "vLLM 0.6\n\nand Torch\nvllm torch\nnothing"


@each_row("letter", "abcdefghijklmnopqrstuvwxyz")
def test_whatever_a_pattern_matches_in_any_case_stands_in_the_folded_text(letter: str) -> None:
    pattern = re.compile(letter, re.IGNORECASE)
    alike = [chr(at) for at in range(0x3000) if pattern.fullmatch(chr(at))]
    assert len(alike) >= 2
    assert all(letter in fold(f"x{one}") for one in alike)


def test_the_lines_that_hold_one_of_some_pieces_are_told_once_and_in_order() -> None:
    assert lines_with(Document(TEXT), ("torch", "vllm")) == [1, 3, 4]
    assert lines_with(Document(TEXT), ("nothing",)) == [5]
    assert lines_with(Document(TEXT), ("vision",)) == []


def test_lines_are_counted_in_texts_whose_small_letters_are_longer() -> None:
    document = Document("\u0130\u0130\u0130\ntorch")
    assert lines_with(document, ("torch",)) == [2]
    assert lowered(document).count("\n") == document.text.count("\n")

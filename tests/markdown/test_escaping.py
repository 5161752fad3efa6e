from __future__ import annotations

import cmarkgfm
from hypothesis import example, given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from hubq.markdown.escaping import code, escape

_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs")))


def cell_of(markdown: str) -> LexborHTMLParser:
    """Return the page of a table whose middle cell holds some Markdown."""
    return LexborHTMLParser(
        cmarkgfm.github_flavored_markdown_to_html(
            f"| a | b | c |\n|--|--|--|\n| 1 | {markdown} | 3 |\n"
        )
    )


@settings(deadline=None)
@given(text=_TEXT)
@example(text="\\<")
@example(text="__a__ b")
@example(text="a_*b*_c")
def test_escaped_text_stays_one_cell_and_reads_as_it_was(text: str) -> None:
    cells = cell_of(escape(text)).css("tbody td")
    assert len(cells) == 3
    assert cells[1].text() == text


@settings(deadline=None)
@given(text=_TEXT)
def test_code_stays_one_cell(text: str) -> None:
    assert len(cell_of(code(text)).css("tbody td")) == 3


def test_lines_become_one() -> None:
    assert escape("a\n b\t c") == "a b c"


def test_names_are_left_readable() -> None:
    assert escape("MMMU_DEV_VAL at C#7") == "MMMU_DEV_VAL at C#7"

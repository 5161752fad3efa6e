from __future__ import annotations

import cmarkgfm
from cmarkgfm.cmark import Options
from hypothesis import example, given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from hubq.markdown.escaping import address, code, escape, quoted
from hubq.model.marks import mark

_TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Co", "Cs", "Zl", "Zp", "Zs"))
)
_ANY = st.text(st.characters())
_STARTS = st.sampled_from(
    ["- ", "+ ", "1. ", "9) ", "# ", "> ", "    ", "---", "===", ":-:", "```"]
)
_OPTIONS = Options.CMARK_OPT_UNSAFE
_EXTENSIONS = ["table", "autolink", "strikethrough", "tasklist"]


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


def elements_of(markdown: str) -> list[str]:
    """Return the names of the elements that a text becomes."""
    html = cmarkgfm.markdown_to_html_with_extensions(
        markdown, options=_OPTIONS, extensions=_EXTENSIONS
    )
    body = LexborHTMLParser(html).body
    assert body is not None
    found = body.traverse(include_text=False)
    return [str(node.tag) for node in found if not str(node.tag).startswith(("-", "_", "!"))]


@settings(deadline=None)
@given(start=_STARTS, text=_ANY)
@example(start="", text="http://evil.example/a")
@example(start="", text="_www.evil.example www.evil.example")
@example(start="", text="ann@evil.example a_b@c_d.e x\\_@a__b.c")
@example(start="- ", text="[x](http://a) ![y](http://b) <b>c</b>")
def test_nothing_of_escaped_text_is_an_element(start: str, text: str) -> None:
    whole = elements_of(f"Before\n{escape(start + text)}\n\n- {escape(start + text)}\n")
    assert whole == ["body", "p", "ul", "li"]
    assert elements_of(f"A {code(start + text)} b {code(text)}") == ["body", "p", "code", "code"]


def test_what_cannot_be_seen_is_left_out() -> None:
    assert escape("a\u202eb\x00c\x1b[0m\u2066") == "abc\\[0m"
    assert escape(mark("score.A.B", "75.15")) == "onrw64tffzas4qq75.15"
    assert escape("half \ud83d") == "half \N{REPLACEMENT CHARACTER}"
    assert code("") == "` `"
    assert quoted('a"b\n\\') == 'a\\"b \\\\'


def test_addresses_end_where_their_parentheses_do_and_run_nothing() -> None:
    assert address("https://a.example/b?c=d&e#f") == "https://a.example/b?c=d&e#f"
    assert address("LICENSE (old)") == "LICENSE%20%28old%29"
    assert address("x) [y](http://evil.example") == "x%29%20%5By%5D%28http://evil.example"
    assert address("JavaScript:alert(1)") == ""
    assert address("data:text/html,x") == ""

"""Texts from outside stay text: in the report, on the page and in the evidence."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from hubq.errors import BadInput
from hubq.markdown.escaping import escape
from hubq.model.marks import mark
from tests.cards.pages import uneven_tables
from tests.cards.published.reports import files_of, source_of, text_of

SHOWN = {"table", "thead", "tbody", "tr", "th", "td", "picture", "source", "img"}
HOSTILE = [
    "<script>alert(1)</script>",
    "{{ 7 * 7 }}{% raw %}",
    "a \\| b",
    "](https://evil.example) ![x](y)",
    "`code` **bold** _em_",
    "<img src=x onerror=alert(1)>",
    mark("score", "99.99"),
    "\N{RIGHT-TO-LEFT OVERRIDE}abc",
    "&lt;b&gt;",
    "=cmd|' /C calc'!A0",
]


def page(name: str) -> str:
    name = name.replace("|", "\\|")
    return (
        f"# {name}\n\n| V {name} | MMMU_VAL | {name} | Avg |\n|---|---|---|---|\n"
        f"| BF16 | 41.88 | 50.0 | 45.94 |\n| AWQ {name} | 39.22 | {name} | 40.0 |\n"
        f"| Int4 {name} | OOM1 | 49.0 | (suspect) |\n\n1 {name}\n"
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_start_nothing(name: str) -> None:
    files = files_of(source_of(page(name)))
    html = LexborHTMLParser(files["report.html"].decode())
    tags = {node.tag for node in html.css("main *")}
    assert tags <= {"h1", "h2", "h3", "h4", "p", "a", "ul", "li", "code", "strong", "br"} | SHOWN
    addresses = {node.attributes.get("href") or "" for node in html.css("main a")}
    addresses |= {node.attributes.get("src") or "" for node in html.css("main img")}
    own = {one for one in addresses if one.startswith("charts/deltas-")}
    assert addresses - own == {"https://example.org/page"}
    assert all(set(node.attributes) <= {"alt", "src", "width"} for node in html.css("main img"))
    assert "49</td>" not in files["report.html"].decode()
    assert uneven_tables(files["report.md"].decode()) == []


@settings(max_examples=40)
@given(st.lists(st.text(max_size=20), min_size=9, max_size=9))
def test_any_table_is_reported_and_parses_back(texts: list[str]) -> None:
    cells = [" ".join(escape(text).split()) for text in texts]
    rows = "\n".join(f"| {' | '.join(cells[n : n + 3])} | {n}.5 |" for n in (3, 6))
    source = f"| {' | '.join(cells[:3])} | MMLU |\n|---|---|---|---|\n{rows}\n"
    try:
        text = text_of(source_of(source))
    except BadInput:
        return
    assert uneven_tables(text) == []

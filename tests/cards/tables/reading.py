"""Tables as readers of a page see them: Markdown turned into HTML and back into cells."""

from __future__ import annotations

from typing import Any

import cmarkgfm
from selectolax.lexbor import LexborHTMLParser

from hubq import render
from hubq.cards.footnotes import cell_text
from hubq.markdown import escaping
from hubq.model.card import Cell, CellState, Claim
from hubq.model.marks import plain
from hubq.resources import bundled

NO_BREAK = "\N{NO-BREAK SPACE}"


def printed(file: str, macro: str, *arguments: Any) -> str:
    """Return what a macro of a table prints."""
    env = render.environment(bundled("card_templates"))
    env.filters.update(cell=cell_text, escape=escaping.escape)
    names = [f"a{number}" for number in range(len(arguments))]
    source = (
        f'{{% import "partials/tables/{file}.md.j2" as t %}}{{{{ t.{macro}({", ".join(names)}) }}}}'
    )
    return plain(env.from_string(source).render(dict(zip(names, arguments, strict=True))))


def cells(markdown: str) -> list[list[str]]:
    """Return the rows of the only table of a text, each as the text of its cells."""
    (table,) = LexborHTMLParser(cmarkgfm.github_flavored_markdown_to_html(markdown)).css("table")
    return [
        [cell.text().replace(NO_BREAK, " ") for cell in row.css("th, td")]
        for row in table.css("tr")
    ]


def claim(shown: str, value: float = 1.0) -> Claim:
    return Claim(
        id=f"c{shown}",
        shown=shown,
        value=value,
        unit="",
        key="k",
        file="f",
        pointer="/p",
        sha256="0",
    )


def number(shown: str, **fields: Any) -> Cell:
    return Cell(state=CellState.MEASURED, claim=claim(shown), **fields)

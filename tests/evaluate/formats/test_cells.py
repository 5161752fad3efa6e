"""Cells read from what the parser writes are those that its nodes give, whatever stands in them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser, LexborNode

from hubq.evaluate.formats.cells import GridCell, from_node, place_of, rows_of

PIECES = (
    *("<td>", "</td>", "<th>", "<tr>", "</tr>", "<thead>", "<tbody>", "<b>", "</b>", "<table>"),
    *('<td data-at="3:4">', '<td data-sourcepos="7:8-9:10">', '<td data-at="x">', '<td a="1>2">'),
    *('<td data-at="1:2" data-sourcepos="">', '<a title="</td><td>y</td>">', "</a>", '<td @x="1">'),
    *("12.3", " a  b ", "&amp;amp;", "&nbsp;", "&lt;td>", "\n", "é", '"', "<!--", "-->", "<br>"),
    *("<caption>", "</table>", "<script>", "</script>", "<template>", "<svg><td>", "<td data-x=y>"),
)


def lines_of(html: str) -> tuple[LexborNode | None, list[list[LexborNode]]]:
    table = LexborHTMLParser(html).css_first("table")
    rows = table.css("tr") if table is not None else []
    return table, [[cell for cell in row.iter() if cell.tag in ("td", "th")] for row in rows]


def by_nodes(lines: list[list[LexborNode]]) -> list[list[GridCell]]:
    return [
        [
            from_node(cell, place_of(cell.attributes, None), (row, column))
            for column, cell in enumerate(cells)
        ]
        for row, cells in enumerate(lines)
    ]


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=25))
def test_both_ways_to_read_a_table_give_the_same(pieces: list[str]) -> None:
    table, lines = lines_of(f"<table>{''.join(pieces)}</table>")
    if table is not None:
        assert rows_of(table, lines, None) == by_nodes(lines)


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("<td>12.3</td>", GridCell(text="12.3")),
        ("<th> a\n b </th>", GridCell(text="a b", header=True)),
        ("<td data-at='3:4'>&amp;lt;</td>", GridCell(text="&lt;", at=(3, 4))),
        ("<td data-sourcepos='3:4-5:6'></td>", GridCell(at=(3, 4))),
        ("<td align=left data-at=3:4><b>7</b></td>", GridCell(text="7", bold=True, at=(3, 4))),
        ("<td>7<sup>1</sup></td>", GridCell(text="7", marks=("1",))),
        ("<td><a href=x>7</a></td>", GridCell(text="7", link="x")),
    ],
)
def test_a_cell_is_read(cell: str, found: GridCell) -> None:
    table, lines = lines_of(f"<table><tr>{cell}</tr></table>")
    assert table is not None
    assert rows_of(table, lines, None) == [[found]]


def test_places_are_moved_to_where_they_stand_in_the_file() -> None:
    table, lines = lines_of("<table><tr><td data-at=3:4>1<td data-at=3:9><i>2</i><td>3</table>")
    assert table is not None
    ((first, second, third),) = rows_of(table, lines, lambda line, column: (line - 1, column))
    assert (first.at, second.at, third.at) == ((2, 4), (2, 9), (0, 0))

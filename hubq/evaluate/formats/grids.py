"""Grids: the tables of a page as rectangles of cells, whatever they were written in.

Markdown is read as GitHub reads it (cmark-gfm) and becomes HTML, so that tables in Markdown and in
HTML are one case. Cells that span rows or columns stand in every place that they cover.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Literal

import msgspec

from hubq.evaluate.formats.cells import GridCell, Move, from_node, place_of, rows_of
from hubq.evaluate.formats.mending import mended
from hubq.evaluate.formats.printed import read_number
from hubq.evaluate.formats.shallow import shallow

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

Kind = Literal["markdown", "html", "csv"]

_SUFFIXES: dict[str, Kind] = {
    **dict.fromkeys(("md", "markdown", "mdx", "rst", "txt"), "markdown"),
    **dict.fromkeys(("html", "htm", "xhtml"), "html"),
    **dict.fromkeys(("csv", "tsv"), "csv"),
}
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_CELLS = frozenset({"td", "th"})
_TEXTS = frozenset({"p", "small", "dd", "figcaption"})
_TOLD = _HEADINGS | _TEXTS | {"table"}
#: A page cannot ask for more places than this by its spans, nor have more in all its tables.
_MAX_SPAN = 1000
_MAX_PLACES = 200_000
#: A sentence over a line of hyphens is a heading to Markdown, and none to its writer.
_LONGEST_HEADING = 120

_FRONT = re.compile(r"\A---[ \t]*\r?\n.*?\r?\n---[ \t]*(\r?\n|\Z)", re.DOTALL)


class Grid(msgspec.Struct, frozen=True, kw_only=True):
    """One table.

    Attributes:
        number: in the page, from 1.
        rows: all of the same length, headings first.
        head: how many rows are headings.
        heading: the last heading before the table, or its caption.
        line: where it begins in a Markdown file, from 1; none elsewhere.
        after: the lines of text between it and the next table or heading, and the page's footnotes.
    """

    number: int
    rows: tuple[tuple[GridCell, ...], ...]
    head: int
    heading: str = ""
    line: int | None = None
    after: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """How many columns it has."""
        return len(self.rows[0]) if self.rows else 0


def kind_of(name: str, text: str) -> Kind:
    """Return what a page is written in, by its name's ending, else by what it looks like."""
    suffix = name.rpartition(".")[2].lower() if "." in name else ""
    if suffix in _SUFFIXES:
        return _SUFFIXES[suffix]
    if re.search(r"<(!doctype html|html|body)\b", text, re.IGNORECASE):
        return "html"
    if "|" in text or "<table" in text.lower():
        return "markdown"
    return "csv"


def read_grids(text: str, kind: Kind) -> tuple[Grid, ...]:
    """Return every table of a page, in its order; tables that only hold other tables are left out.

    Args:
        text: the page.
        kind: what it is written in.
    """
    if kind == "csv":
        return _from_csv(text)
    if kind == "html":
        return tuple(_from_html(text))
    html, inserted = _to_html(text)
    return tuple(_moved(grid, inserted) for grid in _from_html(html))


def grids_in(root: LexborNode, moved: Move | None = None) -> tuple[Grid, ...]:
    """Return every table of a page that is read already, with the lines that its marks say.

    Args:
        root: of the page; `data-sourcepos` (cmark) or `data-at` say where its elements stand.
        moved: where those places stand in the file; they are the file's own without it.
    """
    return tuple(_from_root(root, moved))


def _moved(grid: Grid, inserted: list[int]) -> Grid:
    """Return a grid whose line is that of the page as it was given."""
    if grid.line is None:
        return grid
    before = sum(line < grid.line for line in inserted)
    return msgspec.structs.replace(grid, line=grid.line - before)


def _to_html(text: str) -> tuple[str, list[int]]:
    """Return a Markdown page as HTML, and the numbers of the lines that were put in."""
    from cmarkgfm.cmark import Options

    from hubq.markdown.cmark import to_html

    blank = _FRONT.sub(lambda found: "\n" * found[0].count("\n"), text.removeprefix("\ufeff"))
    whole, inserted = mended(blank.splitlines())
    options = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES | Options.CMARK_OPT_SOURCEPOS
    return to_html("\n".join(whole) + "\n", options, ("table", "strikethrough")), inserted


def _from_csv(text: str) -> tuple[Grid, ...]:
    first = text.removeprefix("\ufeff").partition("\n")[0]
    delimiter = max("\t;,", key=first.count)
    read = csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=delimiter)
    lines = [line for line in read if any(cell.strip() for cell in line)]
    if not lines:
        return ()
    width = max(map(len, lines))
    rows = tuple(
        tuple(
            GridCell(
                text=(line[column] if column < len(line) else "").strip(),
                header=row == 0,
                origin=(row, column),
            )
            for column in range(width)
        )
        for row, line in enumerate(lines)
    )
    return (Grid(number=1, rows=rows, head=1),)


def _from_html(html: str) -> Iterator[Grid]:
    from selectolax.lexbor import LexborHTMLParser

    root = LexborHTMLParser(shallow(html)).root
    if root is not None:
        yield from _from_root(root)


def _from_root(root: LexborNode, moved: Move | None = None) -> Iterator[Grid]:
    heading = ""
    left = _MAX_PLACES
    found: list[tuple[Grid, list[str]]] = []
    after: list[str] = []
    nested = root.css_first("table table") is not None
    spans = root.css_first("[rowspan], [colspan]") is not None
    for node in root.traverse(include_text=False):
        tag = node.tag
        if tag not in _TOLD:
            continue
        if tag in _HEADINGS:
            said = " ".join(node.text().split())
            if len(said) <= _LONGEST_HEADING:
                heading, after = said, []
        elif tag in _TEXTS:
            after += [] if _within_table(node) else node.text().splitlines()
        if tag != "table" or (nested and _holds_tables(node)):
            continue
        grid = _grid(node, heading, moved, spans=spans) if left > 0 else None
        if grid is not None:
            left -= len(grid.rows) * grid.width
            after = []
            found.append((grid, after))
    page = _page_notes(root)
    for number, (grid, lines) in enumerate(found, start=1):
        yield msgspec.structs.replace(grid, number=number, after=(*lines, *page))


def _within_table(node: LexborNode) -> bool:
    above = node.parent
    while above is not None and above.tag != "table":
        above = above.parent
    return above is not None


def _page_notes(root: LexborNode) -> list[str]:
    """Return the footnotes of a whole page, as Markdown has them, each behind its number."""
    notes = root.css("section.footnotes li")
    texts = (note.text().replace("\N{LEFTWARDS ARROW WITH HOOK}", "") for note in notes)
    return [f"{number} {' '.join(text.split())}" for number, text in enumerate(texts, start=1)]


def _holds_tables(table: LexborNode) -> bool:
    """Say whether a table only lays out other tables."""
    inside = (node for node in table.traverse(include_text=False) if node.tag == "table")
    return any(node.mem_id != table.mem_id for node in inside)


def _grid(table: LexborNode, heading: str, moved: Move | None, *, spans: bool) -> Grid | None:
    head = 0
    lines = []
    for row, line in enumerate(table.css("tr")):
        cells = [cell for cell in line.iter() if cell.tag in _CELLS]
        if row == head and _is_head(line, cells, row):
            head += 1
        lines.append(cells)
    if spans:
        read = _spanning(lines, moved)
    else:
        few = sum(map(len, lines)) <= _MAX_PLACES
        read = rows_of(table, lines, moved) if few else []
    width = max(map(len, read), default=0)
    if not width:
        return None
    caption = table.css_first("caption")
    return Grid(
        number=0,
        rows=tuple(
            tuple(row)
            if len(row) == width
            else (*row, *(_empty(number, column) for column in range(len(row), width)))
            for number, row in enumerate(read)
        ),
        head=head or min(1, len(read)),
        heading=" ".join(caption.text().split()) if caption is not None else heading,
        line=place_of(table.attributes, moved)[0] or None,
    )


def _spanning(lines: list[list[LexborNode]], moved: Move | None) -> list[list[GridCell]]:
    """Return the rows of a table whose cells may cover others; nothing where there are too many."""
    places: dict[tuple[int, int], GridCell] = {}
    for row, cells in enumerate(lines):
        column = 0
        for cell in cells:
            while (row, column) in places:
                column += 1
            said = cell.attributes
            down, across = _span(said, "rowspan"), _span(said, "colspan")
            down = min(down, len(lines) - row)
            if len(places) + down * across > _MAX_PLACES:
                return []
            found = from_node(cell, place_of(said, moved), (row, column), wide=across > 1)
            for below in range(down):
                for beside in range(across):
                    places.setdefault((row + below, column + beside), found)
            column += across
    width = max((column for _, column in places), default=-1) + 1
    return [
        [places.get((row, column)) or _empty(row, column) for column in range(width)]
        for row in range(len(lines))
    ]


def _empty(row: int, column: int) -> GridCell:
    return GridCell(origin=(row, column))


def _is_head(line: LexborNode, cells: list[LexborNode], row: int) -> bool:
    """Say whether a row is one of headings; some pages mark every cell as one."""
    parent = line.parent
    if (parent is None or parent.tag != "thead") and not (
        cells and all(cell.tag == "th" for cell in cells)
    ):
        return False
    numbers = sum(read_number(cell.text().strip()) is not None for cell in cells if row)
    return numbers <= len(cells) / 2


def _span(attributes: Mapping[str, str | None], name: str) -> int:
    value = (attributes.get(name) or "").strip()
    return max(1, min(int(value), _MAX_SPAN)) if value.isdecimal() else 1

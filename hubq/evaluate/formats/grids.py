"""Grids: the tables of a page as rectangles of cells, whatever they were written in.

Markdown is read as GitHub reads it (cmark-gfm) and becomes HTML, so that tables in Markdown and in
HTML are one case. Cells that span rows or columns stand in every place that they cover.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Literal

import msgspec

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
_BREAKS = frozenset({"br", "p", "div", "li"})
_TEXTS = frozenset({"p", "small", "dd", "figcaption"})
_TOLD = _HEADINGS | _TEXTS | {"table"}
#: A page cannot ask for more places than this by its spans, nor have more in all its tables.
_MAX_SPAN = 1000
_MAX_PLACES = 200_000
#: A sentence over a line of hyphens is a heading to Markdown, and none to its writer.
_LONGEST_HEADING = 120

_MARK = re.compile(r"[\d*†‡§¶#a-z](?:\s*,?\s*[\d*†‡§¶#a-z])*|[*†‡§¶#]+", re.IGNORECASE)
_POSITION = re.compile(r"(\d+):(\d+)")
_FRONT = re.compile(r"\A---[ \t]*\r?\n.*?\r?\n---[ \t]*(\r?\n|\Z)", re.DOTALL)


class GridCell(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One place of a grid.

    Attributes:
        text: what stands in it, lines of the cell separated by newlines.
        header: whether it is marked as a heading.
        bold: whether all of its text is.
        marks: what refers to footnotes, without the signs around it.
        link: the address of its first link.
        origin: row and column where the cell begins; it may span more places.
        wide: whether it covers more than one column.
        at: line and column in the file where it is written, from 1; zeros where that is not known.
    """

    text: str = ""
    header: bool = False
    bold: bool = False
    marks: tuple[str, ...] = ()
    link: str = ""
    origin: tuple[int, int] = (0, 0)
    wide: bool = False
    at: tuple[int, int] = (0, 0)


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


Move = Callable[[int, int], tuple[int, int]]
"""Returns where a place of the page as it was read stands in the file."""


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
    read = _spanning(lines, moved) if spans else _plain(lines, moved)
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
        line=_at(table.attributes, moved)[0] or None,
    )


def _plain(lines: list[list[LexborNode]], moved: Move | None) -> list[list[GridCell]]:
    """Return the rows of a table without spans; nothing where there are too many cells."""
    if sum(map(len, lines)) > _MAX_PLACES:
        return []
    return [
        [
            _cell(cell, _at(cell.attributes, moved), (row, column))
            for column, cell in enumerate(cells)
        ]
        for row, cells in enumerate(lines)
    ]


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
            found = _cell(cell, _at(said, moved), (row, column), wide=across > 1)
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


def _at(attributes: Mapping[str, str | None], moved: Move | None) -> tuple[int, int]:
    """Return line and column of an element, from 1; zeros where nothing says them."""
    said = attributes.get("data-sourcepos") or attributes.get("data-at") or ""
    down, _, rest = said.partition(":")
    beside = rest.partition("-")[0]
    if not (down.isdecimal() and beside.isdecimal()):
        found = _POSITION.match(said)
        if found is None:
            return (0, 0)
        down, beside = found.groups()
    return moved(int(down), int(beside)) if moved else (int(down), int(beside))


def _cell(
    cell: LexborNode, at: tuple[int, int], origin: tuple[int, int], *, wide: bool = False
) -> GridCell:
    header = cell.tag == "th"
    only = cell.child
    if only is None or (only.tag == "-text" and only.next is None):
        text = " ".join(cell.text().split()) if only is not None else ""
        return GridCell(text=text, header=header, origin=origin, wide=wide, at=at)
    parts: list[str] = []
    marks: list[str] = []
    _collect(cell, parts, marks)
    lines = (" ".join(line.split()) for line in "".join(parts).split("\n"))
    text = "\n".join(line for line in lines if line)
    within = cell.css("b, strong, a[href]")
    strong = "".join(node.text() for node in within if node.tag != "a")
    link = next((node for node in within if node.tag == "a"), None)
    return GridCell(
        text=text,
        header=header,
        bold=bool(text) and "".join(strong.split()) == "".join(cell.text().split()),
        marks=tuple(marks),
        link=(link.attributes.get("href") or "") if link is not None else "",
        origin=origin,
        wide=wide,
        at=at,
    )


def _collect(node: LexborNode, parts: list[str], marks: list[str]) -> None:
    """Gather the text of a node; raised signs after a text are marks and no part of it."""
    for child in node.iter(include_text=True):
        tag = child.tag
        if tag == "-text":
            parts.append(child.text().replace("\n", " "))
        elif tag == "sup":
            raised = child.text().strip().strip("[]")
            if _MARK.fullmatch(raised) and "".join(parts).strip():
                marks.append(raised)
            elif any(sign.isalnum() for sign in raised):
                parts.append(f"^{raised}")
        elif tag == "sub":
            parts.append(f"_{child.text().strip()}")
        elif tag not in ("script", "style"):
            parts.extend(["\n"] if tag in _BREAKS else [])
            _collect(child, parts, marks)

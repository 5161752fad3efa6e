"""Cells: one place of a table, read from the page that it stands in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from html import unescape
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_BREAKS = frozenset({"br", "p", "div", "li"})

_MARK = re.compile(r"[\d*†‡§¶#a-z](?:\s*,?\s*[\d*†‡§¶#a-z])*|[*†‡§¶#]+", re.IGNORECASE)
_POSITION = re.compile(r"(\d+):(\d+)")
#: A cell as the parser writes it: its kind and place, and its text where that is all it holds.
_WRITTEN = re.compile(
    r'<(t[dh])(?: align="[a-z]{1,7}")?(?: data-(?:sourcepos|at)="(\d+):(\d+)[^"<>]*")?'
    r'(?: (?!data-)[\w-]+="[^"<>]*")*>(?:([^<]*)(</t[dh]>))?'
)


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


Move = Callable[[int, int], tuple[int, int]]
"""Returns where a place of the page as it was read stands in the file."""


def place_of(attributes: Mapping[str, str | None], moved: Move | None) -> tuple[int, int]:
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


def rows_of(
    table: LexborNode, lines: Sequence[Sequence[LexborNode]], moved: Move | None
) -> list[list[GridCell]]:
    """Return the cells of a table in which none spans another place.

    Args:
        table: the element.
        lines: the elements of its cells, row by row.
        moved: where places stand in the file.
    """
    written = iter(_written(table.html or "", sum(map(len, lines))))
    return [
        [_read(next(written), cell, (row, column), moved) for column, cell in enumerate(cells)]
        for row, cells in enumerate(lines)
    ]


_Written = tuple[str, str, str, str, str]


def _written(html: str, count: int) -> Sequence[_Written | None]:
    """Return the cells of a table as written, which are read faster than its nodes are asked.

    They are told apart for certain where as many were found as there are, and as many begin; else
    there is nothing for any of them.
    """
    if html.count("<table") == 1:
        found = _WRITTEN.findall(html)
        begun = html.count("<td") + html.count("<th") - html.count("<thead")
        if len(found) == begun == count:
            return found
    return (None,) * count


def _read(
    written: _Written | None, cell: LexborNode, origin: tuple[int, int], moved: Move | None
) -> GridCell:
    if written is None:
        return from_node(cell, place_of(cell.attributes, moved), origin)
    tag, down, beside, text, end = written
    at = (int(down), int(beside)) if down else (0, 0)
    if moved and down:
        at = moved(*at)
    if not end:
        return from_node(cell, at, origin)
    if "&" in text:
        text = unescape(text)
    return GridCell(text=" ".join(text.split()), header=tag == "th", origin=origin, at=at)


def from_node(
    cell: LexborNode, at: tuple[int, int], origin: tuple[int, int], *, wide: bool = False
) -> GridCell:
    """Return a cell read from its element.

    Args:
        cell: the element.
        at: line and column in the file.
        origin: row and column in the grid.
        wide: whether it covers more than one column.
    """
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

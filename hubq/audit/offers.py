"""Offers: tables that list what a repo has, one file or branch a row, with bits and sizes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from hubq.audit.document import Document
from hubq.audit.parts import Spot
from hubq.evaluate.formats.cells import GridCell

_COLUMNS = {
    "branch": "name",
    "filename": "name",
    "file name": "name",
    "file": "name",
    "name": "name",
    "bits": "bits",
    "gs": "group",
    "group size": "group",
    "groupsize": "group",
    "act order": "order",
    "act-order": "order",
    "desc": "about",
    "description": "about",
    "quant type": "type",
    "quant method": "type",
    "size": "size",
    "file size": "size",
}
_BYTES = re.compile(r"^(?P<number>\d{1,4}(?:\.\d{1,3})?)\s*(?P<unit>[KMGT])(?P<binary>i?)B$")
_EXPONENT = {"K": 1, "M": 2, "G": 3, "T": 4}


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """A size as printed.

    Attributes:
        text: `4.16 GB`.
        ranges: the bytes that are printed so, with units of 1000, and with units of 1024.
    """

    text: str
    ranges: tuple[tuple[float, float], ...]

    def fits(self, size: int) -> bool:
        """Say whether a number of bytes is printed so."""
        return any(low <= size <= high for low, high in self.ranges)

    @property
    def middle(self) -> float:
        """Its bytes, with units of 1000."""
        return sum(self.ranges[0]) / 2


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A row.

    Attributes:
        name: of the branch or the file.
        branch: whether it is a branch.
        cells: what stands in its columns, by `bits`, `group`, `order`, `about`, `type`.
        spots: where.
        size: of the file.
    """

    name: str
    branch: bool
    cells: Mapping[str, str]
    spots: Mapping[str, Spot]
    size: Size | None = None


def offers_in(document: Document) -> tuple[tuple[Offer, ...], ...]:
    """Return the rows of each table that lists files or branches."""
    lower = document.text.lower()
    if "branch" not in lower and "file" not in lower and ".gguf" not in lower:
        return ()
    found = (_rows(grid.rows) for grid in document.grids if len(grid.rows) > 1)
    return tuple(rows for rows in found if rows)


def size_of(text: str) -> Size | None:
    """Return a printed size; none where a text is none."""
    found = _BYTES.match(text.strip())
    if found is None:
        return None
    digits = len(found["number"].partition(".")[2])
    # Digits are rounded; a tenth of a percent is for tokenizers and configurations.
    half = 0.5 * 10.0**-digits
    number, exponent = float(found["number"]), _EXPONENT[found["unit"]]
    units = (1024.0,) if found["binary"] else (1000.0, 1024.0)
    return Size(
        text=text.strip(),
        ranges=tuple(
            ((number - half) * 0.999 * unit**exponent, (number + half) * 1.001 * unit**exponent)
            for unit in units
        ),
    )


def _rows(rows: Sequence[Sequence[GridCell]]) -> tuple[Offer, ...]:
    heads = [cell.text.strip().lower() for cell in rows[0]]
    columns = {_COLUMNS[head]: place for place, head in enumerate(heads) if head in _COLUMNS}
    listed = heads[columns["name"]] if "name" in columns else ""
    if not listed or not columns.keys() & {"bits", "type", "size"}:
        return ()
    if listed in ("name", "file") and "type" not in columns:
        return ()
    return tuple(_offers(rows[1:], columns, branch=listed == "branch"))


def _offers(
    rows: Sequence[Sequence[GridCell]], columns: Mapping[str, int], *, branch: bool
) -> Iterator[Offer]:
    for row in rows:
        cells = {key: row[place].text.strip() for key, place in columns.items()}
        yield Offer(
            name=cells.pop("name"),
            branch=branch,
            size=size_of(cells.pop("size", "")),
            cells=cells,
            spots={key: Spot(*row[place].at) for key, place in columns.items()},
        )

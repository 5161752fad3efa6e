"""Differences from a baseline, drawn: a band for each task, a row in it for each variant."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hubq.cards.charts.drawing.keys import Key, Legend
from hubq.cards.charts.drawing.sheet import BODY, SMALL, WIDTH, Sheet, Side, width_of
from hubq.cards.charts.figures import Band, Deltas, Row
from hubq.cards.charts.labels import shortened, wrapped
from hubq.cards.charts.palettes import NEUTRAL, Palette
from hubq.cards.charts.scales import Scale, nice

_LEFT, _RIGHT, _TOP = 0.12, 0.24, 0.12
_NAMES = 1.6
_HEAD, _ROW, _LINE, _GAP = 0.3, 0.25, 0.17, 0.1
_TALL = 6.0
"""Inches from which on the ticks stand above the bands as well."""


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    """A row with the lines of its name and where it stands."""

    row: Row
    names: tuple[str, ...]
    top: float
    height: float

    @property
    def middle(self) -> float:
        return self.top + self.height / 2


class _Block(msgspec.Struct, frozen=True, kw_only=True):
    """A band with the lines of its head, its rows, and where it stands."""

    band: Band
    head: tuple[str, ...]
    top: float
    lines: tuple[_Line, ...]

    @property
    def bottom(self) -> float:
        return self.lines[-1].top + self.lines[-1].height


def draw_deltas(drawing: Deltas, palette: Palette) -> Sheet:
    """Return a picture of differences from a baseline."""
    column = _column(drawing)
    scale = _scale(drawing, column)
    blocks = _blocks(drawing, column, top=_TOP + (0.26 if _is_tall(drawing) else 0))
    bottom = blocks[-1].bottom + 0.06
    legend = Legend(_keys(drawing), _LEFT)
    sheet = Sheet(bottom + 0.62 + legend.height + 0.08, palette)
    _ticks(sheet, scale, [bottom + 0.16, *([_TOP + 0.08] if _is_tall(drawing) else [])])
    for block in blocks:
        _shade(sheet, block, scale)
        _grid(sheet, block, scale)
        _draw_block(sheet, block, scale)
    title = f"points from {shortened(drawing.baseline, 24)}"
    half = width_of(title, SMALL) / 2
    middle = min((scale.start + scale.end) / 2, WIDTH - _LEFT - half)
    sheet.text(middle, bottom + 0.42, title, size=SMALL, side="center", colour=palette.soft)
    legend.draw(sheet, bottom + 0.6)
    return sheet


def _is_tall(drawing: Deltas) -> bool:
    return sum(_HEAD + len(band.rows) * _ROW for band in drawing.bands) > _TALL


def _column(drawing: Deltas) -> float:
    """Return how wide the column of names is: as wide as the widest needs, up to a limit."""
    names = {shortened(row.variant) for band in drawing.bands for row in band.rows}
    return min(_NAMES, max(width_of(name, BODY) for name in names))


def _scale(drawing: Deltas, column: float) -> Scale:
    rows = [row.delta for band in drawing.bands for row in band.rows if row.delta]
    ends = [0.0, *(delta.bottom for delta in rows), *(delta.top for delta in rows)]
    return nice(ends, _LEFT + column + 0.22, WIDTH - _RIGHT)


def _blocks(drawing: Deltas, column: float, top: float) -> list[_Block]:
    blocks, y = [], top
    for band in drawing.bands:
        title = shortened(band.task) + (" (at the floor)" if band.floor else "")
        head = wrapped(title, WIDTH - _LEFT - _RIGHT, lambda text: width_of(text, BODY, bold=True))
        lines, start = [], y + _HEAD + (len(head) - 1) * 0.2
        for row in band.rows:
            names = wrapped(shortened(row.variant), column + 0.01, width_of)
            height = _ROW + (len(names) - 1) * _LINE
            lines.append(_Line(row=row, names=tuple(names), top=start, height=height))
            start += height
        blocks.append(_Block(band=band, head=tuple(head), top=y, lines=tuple(lines)))
        y = start + _GAP
    return blocks


def _shade(sheet: Sheet, block: _Block, scale: Scale) -> None:
    """Shade the losses within the margin, as far as they are in the picture."""
    if block.band.margin is None:
        return
    left = scale.place(max(scale.first, -block.band.margin.value))
    top = block.lines[0].top
    sheet.box(left, top, scale.place(0.0) - left, block.bottom - top, sheet.palette.shade)


def _ticks(sheet: Sheet, scale: Scale, heights: Sequence[float]) -> None:
    for value in scale.ticks:
        words, x = scale.words(value, signed=True), scale.place(value)
        for y in heights:
            sheet.text(x, y, words, size=SMALL, side="center", colour=sheet.palette.soft)


def _grid(sheet: Sheet, block: _Block, scale: Scale) -> None:
    for value in scale.ticks:
        x = scale.place(value)
        is_zero = abs(value) < scale.step / 2
        colour = sheet.palette.soft if is_zero else sheet.palette.line
        ends = [block.lines[0].top, block.bottom]
        sheet.line([x, x], ends, colour, width=1.2 if is_zero else 0.8)


def _draw_block(sheet: Sheet, block: _Block, scale: Scale) -> None:
    for number, part in enumerate(block.head):
        sheet.text(_LEFT, block.top + _HEAD / 2 + number * 0.2, part, bold=True)
    for line in block.lines:
        for number, part in enumerate(line.names):
            y = line.middle + (number - (len(line.names) - 1) / 2) * _LINE
            sheet.text(_LEFT, y, part)
        _draw_row(sheet, line, scale)


def _draw_row(sheet: Sheet, line: _Line, scale: Scale) -> None:
    row, y = line.row, line.middle
    if row.delta is None:
        x = scale.place(0.0)
        width = width_of(row.state, SMALL)
        is_right = x + 0.1 + width < WIDTH - _RIGHT
        start = x + 0.1 if is_right else x - 0.1
        corner = start if is_right else start - width
        sheet.box(corner - 0.03, y - 0.09, width + 0.06, 0.18, sheet.palette.paper)
        side: Side = "left" if is_right else "right"
        sheet.text(start, y, row.state, size=SMALL, side=side, colour=sheet.palette.soft)
        return
    ends = [scale.place(row.delta.bottom), scale.place(row.delta.top)]
    if row.delta.low and row.delta.high:
        sheet.line(ends, [y, y], sheet.palette.colour(row.look), width=2.2)
    sheet.mark(scale.place(row.delta.value.value), y, row.look, filled=row.sure)


def _keys(drawing: Deltas) -> list[Key]:
    """Return the keys of what is in the picture and no others."""
    keys = []
    if drawing.tested:
        rows = [row for band in drawing.bands for row in band.rows if row.delta]
        if any(row.sure for row in rows):
            keys.append(Key(text="significant", look=NEUTRAL))
        if not all(row.sure for row in rows):
            keys.append(Key(text="not significant", look=NEUTRAL, filled=False))
    if any(band.margin for band in drawing.bands):
        keys.append(Key(text="loss within the margin", look=None))
    return keys

"""Draws the nine-cell pictures that the nano model reads.

A picture is 84 x 84 pixels: three rows of three cells, each cell 28 x 28 pixels, which is exactly
one merged image token of the model.  A cell is named by a string: ``""`` (empty), one character
(``"K"``, ``"7"``, ``"+"``), ``"red circle"`` or ``"#2"`` (two bar blocks).  ``level`` runs from 0
(clean) to 1 (faint ink, speckles, jitter, small marks) and is what spreads the difficulty of an
item.
"""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE = 84
CELL = 28
LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
DIGITS = "0123456789"
SIGNS = "+-"
GLYPHS = LETTERS + DIGITS + SIGNS
SHAPES = ("circle", "square", "triangle", "diamond", "cross", "ring")
COLOURS = ("red", "green", "blue", "yellow", "purple", "orange")
CONTENTS = (
    "",
    *GLYPHS,
    *(f"{colour} {shape}" for colour in COLOURS for shape in SHAPES),
    "#1",
    "#2",
    "#3",
)

_RGB = {
    "red": (220, 30, 30),
    "green": (20, 150, 50),
    "blue": (30, 70, 220),
    "yellow": (235, 200, 20),
    "purple": (140, 40, 170),
    "orange": (245, 130, 20),
}
_TINTS = (0.0, 0.25, 0.5, 0.7)
_INKS = (0, 50, 95, 135, 165)
_SPECKLES = (215, 190, 160)
_MAX_SPECKLE_SHARE = 0.16
_MAX_ERASED_SHARE = 0.14


def _blend(rgb: tuple[int, int, int], share: float) -> tuple[int, int, int]:
    red, green, blue = (round(value + (205 - value) * share) for value in rgb)
    return red, green, blue


def _build_palette() -> NDArray[np.uint8]:
    rows = [(255, 255, 255)]
    rows += [(grey, grey, grey) for grey in (*_INKS, *_SPECKLES)]
    rows += [_blend(_RGB[colour], tint) for colour in COLOURS for tint in _TINTS]
    return np.array(rows, dtype=np.uint8)


PALETTE = _build_palette()
_FIRST_SPECKLE = 1 + len(_INKS)
_RULE = _FIRST_SPECKLE + 1
_FIRST_COLOUR = _FIRST_SPECKLE + len(_SPECKLES)


@cache
def _glyph_mask(character: str, size: int) -> NDArray[np.bool_]:
    """Return the ink of one character (rows x columns), cropped to its bounding box."""
    canvas = Image.new("L", (48, 48), 0)
    ImageDraw.Draw(canvas).text((8, 4), character, fill=255, font=ImageFont.load_default(size))
    mask = np.asarray(canvas) > 110
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


@cache
def _shape_mask(shape: str, radius: int) -> NDArray[np.bool_]:
    """Return the filled pixels of a shape in a square of side ``2 * radius + 1``."""
    rows, columns = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    distance = np.hypot(rows, columns)
    masks = {
        "circle": distance <= radius + 0.3,
        "square": np.maximum(abs(rows), abs(columns)) <= radius - 1,
        "triangle": abs(columns) <= (rows + radius) / 2,
        "diamond": abs(rows) + abs(columns) <= radius,
        "cross": np.minimum(abs(rows), abs(columns)) <= radius // 4,
        "ring": (distance <= radius + 0.3) & (distance >= radius * 0.6),
    }
    return masks[shape]


def _cell_mask(content: str, level: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    if content.startswith("#"):
        mask = np.zeros((CELL - 1, 16), dtype=np.bool_)
        for block in range(int(content[1:])):
            mask[CELL - 9 * block - 9 : CELL - 9 * block - 1] = True
        return mask
    shrink = round(3 * level * rng.random())
    if len(content) == 1:
        return _glyph_mask(content, int(rng.integers(19, 24)) - 2 * shrink)
    return _shape_mask(content.split()[1], int(rng.integers(8, 11)) - shrink)


def _ink(content: str, level: float, rng: np.random.Generator) -> int:
    """Return the palette index of a mark; a higher level allows fainter ink."""
    if " " in content:
        tint = int(rng.random() * level * len(_TINTS))
        return _FIRST_COLOUR + COLOURS.index(content.split(maxsplit=1)[0]) * len(_TINTS) + tint
    return 1 + int(rng.random() * (0.2 + 0.8 * level) * len(_INKS))


def _paste(
    canvas: NDArray[np.uint8], index: int, content: str, level: float, rng: np.random.Generator
) -> None:
    mask = _cell_mask(content, level, rng)
    height, width = mask.shape
    reach = round(1 + 3 * level)
    row = (CELL - height) // 2 + (
        0 if content.startswith("#") else int(rng.integers(-reach, reach + 1))
    )
    column = (CELL - width) // 2 + int(rng.integers(-reach, reach + 1))
    top = index // 3 * CELL + min(max(row, 0), CELL - height)
    left = index % 3 * CELL + min(max(column, 0), CELL - width)
    canvas[top : top + height, left : left + width][mask] = _ink(content, level, rng)


def _rule(canvas: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Draw a black frame and grey lines between the cells, so that a cell shows where it stands.

    The vision tower's rotary positions are relative; without a frame it cannot tell a row from the
    next.
    """
    for line in (CELL, 2 * CELL):
        canvas[line - 1 : line + 1] = canvas[:, line - 1 : line + 1] = _RULE
    canvas[:2] = canvas[-2:] = canvas[:, :2] = canvas[:, -2:] = 1
    return canvas


def draw(cells: tuple[str, ...], level: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw nine cells in raster order; return palette indices of shape (84, 84)."""
    canvas = np.zeros((SIDE, SIDE), dtype=np.uint8)
    for index, content in enumerate(cells):
        if content:
            _paste(canvas, index, content, level, rng)
    half = SIDE // 2
    chance = rng.random((half, half))
    speckle = chance < _MAX_SPECKLE_SHARE * level
    erased = chance > 1 - _MAX_ERASED_SHARE * level
    greys = rng.integers(_FIRST_SPECKLE, _FIRST_COLOUR, (half, half), dtype=np.uint8)
    blocks = canvas.reshape(half, 2, half, 2).transpose(0, 2, 1, 3)  # a view
    blocks[speckle] = greys[speckle][:, None, None]
    blocks[erased] = 0
    return _rule(canvas)


def to_png(pixels: NDArray[np.uint8]) -> bytes:
    """Encode palette indices of shape (84, 84) as a palette PNG."""
    image = Image.fromarray(pixels, mode="P")
    image.putpalette(PALETTE.tobytes())
    stream = io.BytesIO()
    image.save(stream, format="PNG", optimize=True)
    return stream.getvalue()


def to_patches(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return what Qwen2-VL's image processor makes of a picture: (36, 1176) normalised patches.

    The order is the processor's own: cells in raster order, then the 2 x 2 patches of a cell; each
    patch is flattened as channel, time (the picture twice), row, column.  Values run from -1 to 1
    (mean and deviation 0.5).
    """
    rgb = PALETTE[pixels].astype(np.float32) / 127.5 - 1.0
    split = rgb.reshape(3, 2, 14, 3, 2, 14, 3).transpose(0, 3, 1, 4, 6, 2, 5)
    patches = split.reshape(36, 3, 1, 14, 14)
    return np.repeat(patches, 2, axis=2).reshape(36, 1176)

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest

from hubq.cards.charts.palettes import DARK, LIGHT, NEUTRAL, Palette, shape

_SEEN_BY = {
    "normal eyes": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
"""Machado, Oliveira and Fernandes 2009, severity 1.0, for linear RGB."""

_XYZ = [
    [0.4124564, 0.3575761, 0.1804375],
    [0.2126729, 0.7151522, 0.0721750],
    [0.0193339, 0.1191920, 0.9503041],
]


def linear(colour: str) -> Any:
    """Return a colour's linear RGB."""
    parts = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(colour: str, seen_by: Any) -> Any:
    """Return a colour in CIELAB (D65) as some eyes see it."""
    seen = np.clip(np.asarray(seen_by) @ linear(colour), 0, 1)
    x, y, z = (
        np.cbrt(value) if value > 0.008856 else 7.787 * value + 16 / 116
        for value in np.asarray(_XYZ) @ seen / [0.95047, 1.0, 1.08883]
    )
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG 2.2)."""
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_text_and_marks_stand_out_from_the_page(palette: Palette) -> None:
    for back in (palette.paper, palette.shade):
        assert contrast(palette.ink, back) > 7
        assert contrast(palette.soft, back) > 4.5
        for colour in (palette.baseline, *palette.variants):
            assert contrast(colour, back) > 3


@pytest.mark.parametrize("eyes", _SEEN_BY)
@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_colours_are_told_apart_by_all_eyes(palette: Palette, eyes: str) -> None:
    seen = [lab(colour, _SEEN_BY[eyes]) for colour in (palette.baseline, *palette.variants)]
    assert min(np.linalg.norm(one - other) for one, other in combinations(seen, 2)) >= 12


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_no_two_of_fifty_variants_look_the_same(palette: Palette) -> None:
    looks = {(palette.colour(look), shape(look)) for look in range(51)}
    assert len(looks) == 51
    assert (palette.colour(NEUTRAL), shape(NEUTRAL)) not in looks


def test_a_look_has_the_same_shape_and_place_on_both_kinds_of_pages() -> None:
    assert len(LIGHT.variants) == len(DARK.variants)
    assert not set(LIGHT.variants) & set(DARK.variants)

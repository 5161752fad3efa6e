from __future__ import annotations

import contextlib
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hubq.quantize import pictures
from tests.quantize.drawing import drawn, png, saved

ORIGINAL = drawn(0)
COPIES = {
    "jpeg 60": saved(ORIGINAL, "JPEG", quality=60),
    "jpeg 30": saved(ORIGINAL, "JPEG", quality=30),
    "webp": saved(ORIGINAL, "WEBP", quality=60),
    "half": saved(ORIGINAL.resize((80, 60))),
    "half, jpeg 60": saved(ORIGINAL.resize((80, 60)), "JPEG", quality=60),
    "double": saved(ORIGINAL.resize((320, 240))),
    "a rim of one pixel off": saved(ORIGINAL.crop((1, 1, 159, 119))),
    "one pixel of one side off": saved(ORIGINAL.crop((1, 0, 160, 120))),
    "a rim of 2 % off": saved(ORIGINAL.crop((3, 2, 157, 118))),
    "brighter": saved(ORIGINAL.point(lambda value: min(255, int(value * 1.1)))),
}


def nearest(one: bytes, other: bytes) -> int:
    look = pictures.words(pictures.take(other).look)
    return int(pictures.distances(pictures.moved(one), look[None]).min())


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_looks_like_its_original_either_way_round(name: str) -> None:
    assert nearest(COPIES[name], saved(ORIGINAL)) <= pictures.NEAR
    assert nearest(saved(ORIGINAL), COPIES[name]) <= pictures.NEAR


def test_different_pictures_do_not_look_alike() -> None:
    looks = np.stack([pictures.words(pictures.take(png(seed)).look) for seed in range(60)])
    apart = pictures.distances(looks, looks)[np.triu_indices(60, 1)]
    assert apart.min() > pictures.COARSE


def test_pixels_are_the_same_in_any_file_that_keeps_them_and_in_no_other() -> None:
    taken = {form: pictures.take(saved(ORIGINAL, form)).pixels for form in ("PNG", "BMP")}
    assert taken["PNG"] == taken["BMP"] == pictures.take(png(0)).pixels
    assert taken["PNG"] != pictures.take(COPIES["jpeg 60"]).pixels
    assert pictures.take(saved(Image.new("RGB", (2, 3)))).pixels != (
        pictures.take(saved(Image.new("RGB", (3, 2)))).pixels
    )


def test_a_picture_of_one_colour_has_no_look() -> None:
    assert pictures.take(saved(Image.new("RGB", (50, 50), "white"))).look == ""


def test_transparency_and_palettes_are_seen_as_the_models_see_them() -> None:
    palette = ORIGINAL.convert("P")
    palette.info["transparency"] = bytes(range(256))
    assert pictures.decode(saved(palette)).mode == "RGB"


def test_a_picture_too_large_to_decode_safely_is_refused() -> None:
    huge = bytearray(saved(Image.new("1", (8, 8))))
    huge[16:24] = (60_000).to_bytes(4) * 2
    huge[29:33] = zlib.crc32(huge[12:29]).to_bytes(4)
    with pytest.raises(ValueError, match="too large"):
        pictures.check(bytes(huge))


def test_a_picture_that_ends_early_passes_by_its_header_and_not_when_decoded() -> None:
    cut = COPIES["jpeg 60"][:-200]
    pictures.check(cut)
    with pytest.raises(ValueError, match="a damaged picture"):
        pictures.decode(cut)


@pytest.mark.parametrize("form", pictures.FORMATS)
@given(data=st.data())
def test_damaged_files_are_refused_or_decoded(form: str, data: st.DataObject) -> None:
    raw = bytearray(saved(ORIGINAL.resize((16, 12)), form))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    raw = raw[: data.draw(st.integers(0, len(raw)))]
    for look in (pictures.check, pictures.take):
        with contextlib.suppress(ValueError):
            look(bytes(raw))


def test_a_look_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"."):
        pictures.words("AAAA")

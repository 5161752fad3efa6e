"""Pictures: whether bytes are one, and prints by which copies of one picture are found again.

Two prints are taken of a picture. `pixels` is the SHA-256 of its size and RGB values, so that one
picture in two files is found whatever the files are. `look` is a perceptual hash: the signs,
against their median, of the 24 x 24 lowest frequencies of the grey picture's cosine transform at
96 x 96 (pHash; Zauner 2010, "Implementation and Benchmarking of Perceptual Image Hash Functions",
section 3.2.1, with more frequencies than the usual 8 x 8, since drawings and pages of text look
alike in so few). Distances are counted in the 576 bits.

Cutting a rim off moves what is in a picture, which moves bits. So one side of a comparison is
taken several times, moved and scaled as if a rim of up to 2.4 % had been cut off or added.

Measured, with that, in bits: copies (JPEG of quality 60 and 30, half, 0.7 and double size, half
size and JPEG, WebP, brighter, rims of one pixel and of 2 % cut off) of the nano model's pictures,
of drawn charts, of pages of text and of synthetic photographs lie at most 68 away from their
original; different ones at least 110 (nano, calibration against evaluation), 110 (charts), 138
(pages), 232 (photographs), and the two most similar of the nano model's evaluation pictures, one
chart with other specks, 86. Pages of one form that differ in a few fields lie as near as copies do,
and are reported as such; what is turned round, mirrored or cut by more is not found.
"""

from __future__ import annotations

import base64
import hashlib
import io
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    Words = NDArray[np.uint64]

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP")
"""What is accepted; every environment's Pillow decodes these."""

BITS = 576
NEAR = 80
"""Bits in which two looks may differ and still be of one picture, one of them moved and scaled."""

COARSE = 160
"""Bits beyond which moving and scaling is not tried; copies were seen at most 142 away without."""

ALGORITHM = "pixels-sha256+phash-24x24/1"
"""Changes whenever prints of one version cannot be compared with those of another."""

_KEPT = 24
_SIDE = 96
_SQUARE = 192
_STEPS = (0.012, 0.024)
#: Which of a picture's rims are moved: left, top, right, bottom.
_SIDES = ((1, 1, 1, 1), (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1))
#: The standard deviation, in grey levels, below which there is nothing to recognize.
_FLAT = 2.0


class Print(msgspec.Struct, frozen=True, array_like=True):
    """The prints of a picture.

    Attributes:
        pixels: SHA-256 of size and RGB values, in hexadecimal.
        look: the perceptual hash in base64; empty for a picture of hardly more than one colour.
    """

    pixels: str
    look: str


def check(data: bytes) -> None:
    """Look at a picture's header; its pixels are not decoded.

    Raises:
        ValueError: it is no PNG, JPEG, GIF, WebP or BMP file, or too large to be decoded safely.
    """
    with _as_value_error(), _opened(data):
        pass


def decode(data: bytes) -> Image.Image:
    """Return a picture as RGB, as the models' processors see it.

    Raises:
        ValueError: it is no picture or a damaged one.
    """
    with _as_value_error(), _opened(data) as picture:
        return picture.convert("RGB")


def take(data: bytes) -> Print:
    """Return the prints of a picture.

    Raises:
        ValueError: it is no picture or a damaged one.
    """
    picture = decode(data)
    square = _square(picture)
    look = "" if _is_flat(square) else base64.b64encode(_look(square).tobytes()).decode()
    return Print(_pixels(picture), look)


def moved(data: bytes) -> Words:
    """Return a picture's looks, moved and scaled in every way that is tried; of shape [n, 9].

    Raises:
        ValueError: it is no picture or a damaged one.
    """
    import numpy as np

    return np.stack([look.view(np.uint64) for look in _moved(_square(decode(data)))])


def words(look: str) -> Words:
    """Return a look as nine 64-bit words, for counting bits.

    Raises:
        ValueError: it is no look.
    """
    import numpy as np

    return np.frombuffer(base64.b64decode(look, validate=True), np.uint64, BITS // 64)


def distances(some: Words, others: Words) -> NDArray[np.uint16]:
    """Return the bits in which looks differ, of shape [some, others]; both of shape [n, 9]."""
    import numpy as np

    total = np.zeros((len(some), len(others)), np.uint16)
    for word in range(some.shape[1]):
        total += np.bitwise_count(some[:, word, None] ^ others[None, :, word])
    return total


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    from PIL import Image

    with warnings.catch_warnings():
        # Of transparency that will not be seen.
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            yield picture


@contextmanager
def _as_value_error() -> Iterator[None]:
    """Turn all that Pillow raises for bytes that are no good picture into one kind of error."""
    from PIL import Image, UnidentifiedImageError

    try:
        yield
    except UnidentifiedImageError:
        raise ValueError("no PNG, JPEG, GIF, WebP or BMP file") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValueError(f"too large: {error}") from error
    except (OSError, SyntaxError, EOFError, IndexError, ArithmeticError) as error:
        raise ValueError(f"a damaged picture: {error}") from error


def _pixels(picture: Image.Image) -> str:
    total = hashlib.sha256(f"{picture.width}x{picture.height}:".encode())
    total.update(picture.tobytes())
    return total.hexdigest()


def _square(picture: Image.Image) -> Image.Image:
    from PIL import Image

    return picture.convert("L").resize((_SQUARE, _SQUARE), Image.Resampling.BICUBIC)


def _is_flat(square: Image.Image) -> bool:
    import numpy as np

    return float(np.asarray(square, np.float64).std()) < _FLAT


def _look(square: Image.Image, box: tuple[float, float, float, float] | None = None) -> Any:
    """Return the 72 bytes of a square grey picture's perceptual hash."""
    import numpy as np
    from PIL import Image

    small = square.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC, box=box)
    cosines = _cosines()
    low = cosines @ np.asarray(small, np.float64) @ cosines.T
    return np.packbits(low > np.median(low))


def _moved(square: Image.Image) -> Iterator[Any]:
    """Yield the looks of a square picture as it is, then as if rims were cut off or added."""
    import numpy as np
    from PIL import Image

    yield _look(square)
    rim = math.ceil(max(_STEPS) * _SQUARE)
    wide = Image.fromarray(np.pad(np.asarray(square), rim, mode="edge"))
    for step in (step * _SQUARE * way for step in _STEPS for way in (1, -1)):
        for left, top, right, bottom in _SIDES:
            yield _look(
                wide,
                (
                    rim + left * step,
                    rim + top * step,
                    rim + _SQUARE - right * step,
                    rim + _SQUARE - bottom * step,
                ),
            )


def _cosines() -> Any:
    """Return the first rows of the cosine transform's matrix (type II), of shape [24, 96]."""
    import numpy as np

    places, waves = np.arange(_SIDE), np.arange(_KEPT)
    return np.cos(np.pi / _SIDE * (places[None, :] + 0.5) * waves[:, None])

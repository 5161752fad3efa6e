"""Pictures for tests of calibration: drawn from a number, saved in any form."""

from __future__ import annotations

import base64
import io
import random

from PIL import Image, ImageDraw


def drawn(seed: int, size: tuple[int, int] = (160, 120)) -> Image.Image:
    """Return a picture of twelve filled shapes; another seed gives another picture."""
    chance = random.Random(seed)  # noqa: S311 - a drawing
    picture = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(picture)
    for _ in range(12):
        x, y = chance.randrange(size[0] - 40), chance.randrange(size[1] - 40)
        box = (x, y, x + chance.randrange(10, 40), y + chance.randrange(10, 40))
        colour = tuple(chance.randrange(256) for _ in range(3))
        (draw.rectangle if chance.random() < 0.5 else draw.ellipse)(box, fill=colour)
    return picture


def saved(picture: Image.Image, form: str = "PNG", **options: int) -> bytes:
    """Return a picture's file."""
    stream = io.BytesIO()
    picture.save(stream, form, **options)
    return stream.getvalue()


def png(seed: int = 0) -> bytes:
    """Return the file of a picture."""
    return saved(drawn(seed))


def text(data: bytes) -> str:
    """Return base64."""
    return base64.b64encode(data).decode()

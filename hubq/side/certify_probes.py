"""Fixed probes: questions, answers and drawn pictures that no evaluation set holds.

A checkpoint that comes without tasks is compared with its source on these, and every checkpoint is
asked two of them. What is right or wrong in an answer says nothing here; that there is one does.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from probing import Probe

TASK = "fixed"
MAX_NEW_TOKENS = 12
#: How many points a picture measures on each side.
SIDE = 112
TEXTS = (
    ("What is two plus two?", "Two plus two is four."),
    ("Name the capital of France.", "The capital of France is Paris."),
    ("Which day comes after Monday?", "Tuesday comes after Monday."),
    ("What colour is the sky on a clear day?", "On a clear day the sky is blue."),
    ("Is water wet or dry?", "Water is wet."),
    ("Count from one to five.", "1, 2, 3, 4, 5"),
    ("Write the word hello in capital letters.", "HELLO"),
    ("Translate good morning into Spanish.", "Buenos días."),
    ("What do bees make?", "Bees make honey from the nectar of flowers."),
    ("Write a line of Python that prints the number 7.", "print(7)"),
    ("What is the opposite of hot?", "The opposite of hot is cold."),
    ("How many months has a year?", "A year has twelve months."),
)
#: Question, answer, and what is drawn: shape, colour.
PICTURES = (
    ("What colour is the shape?", "The shape is red.", "square", "red"),
    ("What shape is in the picture?", "There is a circle in the picture.", "circle", "blue"),
    ("Describe the picture in one sentence.", "A green triangle.", "triangle", "green"),
    ("Is there a square in the picture?", "Yes, there is a square.", "square", "orange"),
    ("What colour is the circle?", "The circle is black.", "circle", "black"),
    ("How many corners has the shape?", "It has three corners.", "triangle", "purple"),
)


def fixed(*, pictures: bool) -> list[Probe]:
    """Return the fixed probes.

    Args:
        pictures: whether the model takes pictures.
    """
    probes = [_probe(f"text-{k}", text, answer) for k, (text, answer) in enumerate(TEXTS)]
    if pictures:
        for number, (text, answer, shape, colour) in enumerate(PICTURES):
            drawn = draw(shape, colour)
            probes.append(_probe(f"picture-{number}", text, answer, (drawn,)))
    return probes


def canaries(*, pictures: bool) -> list[Probe]:
    """Return what every checkpoint is asked: two questions, and one about a picture."""
    probes = fixed(pictures=pictures)
    return [*probes[:2], *probes[len(TEXTS) :][:1]]


def draw(shape: str, colour: str) -> bytes:
    """Return a PNG file of one shape on white: `square`, `circle` or `triangle`."""
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (SIDE, SIDE), "white")
    pen = ImageDraw.Draw(picture)
    low, high = SIDE // 4, 3 * SIDE // 4
    if shape == "square":
        pen.rectangle((low, low, high, high), fill=colour)
    elif shape == "circle":
        pen.ellipse((low, low, high, high), fill=colour)
    else:
        pen.polygon([(SIDE // 2, low), (low, high), (high, high)], fill=colour)
    file = io.BytesIO()
    picture.save(file, format="PNG")
    return file.getvalue()


def is_degenerate(answer: str, tokens: Sequence[int]) -> str:
    """Return what is wrong with an answer: empty, or (nearly) one token only; else empty."""
    if not answer.strip():
        return "the answer is empty"
    commonest = max(tokens.count(token) for token in tokens) if tokens else 0
    if len(tokens) >= 8 and commonest >= 0.8 * len(tokens):
        return f"one token over and over: {answer[:40]!r}"
    return ""


def _probe(key: str, text: str, answer: str, images: tuple[Any, ...] = ()) -> Probe:
    return Probe(
        task=TASK,
        key=key,
        text=text,
        images=images,
        answer=answer,
        max_new_tokens=MAX_NEW_TOKENS,
    )

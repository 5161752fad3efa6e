"""What an item of the nano sets is: a question, a picture of nine cells, an answer, a form.

Every task is a function from a random generator to an ``Item``.  An item belongs to the training
part or to the held-out part by a hash of what it asks about (question and cell contents, not
speckles, fonts or option order), so a picture content and question seen in training or calibration
never returns in a test, whatever the seeds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from drawing import draw

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Form = Literal["short", "choice", "number", "text"]
Part = Literal["train", "held-out"]

SUFFIXES: dict[Form, str] = {
    "short": "\nAnswer the question using a single word or phrase.",
    "choice": "\nAnswer with the option's letter from the given choices directly.",
    "number": "\nAnswer with a number.",
    "text": "",
}
PLACES = (
    "top left",
    "top middle",
    "top right",
    "middle left",
    "centre",
    "middle right",
    "bottom left",
    "bottom middle",
    "bottom right",
)
_HELD_OUT_SHARE = 8  # one content in eight is held out


@dataclass(frozen=True, kw_only=True)
class Item:
    """One question, with or without a picture.

    ``cells`` are the nine cell contents (None for text only), ``options`` the four options of a
    choice, ``answer`` the expected text (for a choice the text of the right option).
    """

    category: str
    form: Form
    question: str
    answer: str
    cells: tuple[str, ...] | None = None
    options: tuple[str, ...] = ()
    hint: str = ""

    @property
    def letter(self) -> str:
        """The letter of the right option."""
        return "ABCD"[self.options.index(self.answer)]

    @property
    def part(self) -> Part:
        """Which part of all contents this item belongs to."""
        content = "|".join((self.question, *(self.cells or ())))
        digest = hashlib.blake2b(content.encode(), digest_size=4).digest()
        return "held-out" if int.from_bytes(digest) % _HELD_OUT_SHARE == 0 else "train"

    def prompt(self) -> str:
        """Return the user's words, in the one form that training and every harness use."""
        hint = f"Hint: {self.hint}\n" if self.hint else ""
        listed = "".join(
            f"\n{letter}. {text}" for letter, text in zip("ABCD", self.options, strict=False)
        )
        return (
            hint + self.question + (listed if self.form == "choice" else "") + SUFFIXES[self.form]
        )

    def picture(self, level: float, rng: np.random.Generator) -> NDArray[np.uint8] | None:
        """Draw the picture at a difficulty level from 0 to 1; None for a text item."""
        return None if self.cells is None else draw(self.cells, level, rng)


Task = Callable[["np.random.Generator"], Item]


def pick(rng: np.random.Generator, values: tuple[str, ...] | str, count: int) -> list[str]:
    """Return ``count`` different values in random order."""
    return [values[int(index)] for index in rng.permutation(len(values))[:count]]


def one_of(rng: np.random.Generator, values: tuple[str, ...] | list[str] | str) -> str:
    """Return one value."""
    return values[int(rng.integers(len(values)))]


def as_choice(rng: np.random.Generator, item: Item, wrong: list[str]) -> Item:
    """Turn an item into a multiple choice among its answer and three wrong options."""
    options = pick(rng, (item.answer, *dict.fromkeys(wrong)), 99)
    kept = [text for text in options if text != item.answer][:3]
    kept.insert(int(rng.integers(4)), item.answer)
    return replace(item, form="choice", options=tuple(kept))


def free_form(task: Task) -> Task:
    """Turn a multiple-choice task into one that asks for the answer in words (for training)."""

    def draw_item(rng: np.random.Generator) -> Item:
        item = task(rng)
        return replace(item, form="short", options=())

    return draw_item


def draw_item(task: Task, part: Part, rng: np.random.Generator) -> Item:
    """Draw from a task until an item of the wanted part appears."""
    while True:
        item = task(rng)
        if item.part == part:
            return item

"""The questions that the nano model is trained on and tested on, one function for each kind.

Each takes a random generator and returns an item; the tuples at the end say which set asks what.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from drawing import COLOURS, DIGITS, LETTERS, SHAPES
from items import PLACES, Item, Task, as_choice, one_of, pick

if TYPE_CHECKING:
    import numpy as np

# --- pages of characters --------------------------------------------------------------------------


def _page(rng: np.random.Generator) -> tuple[str, ...]:
    return tuple(pick(rng, LETTERS + DIGITS, 9))


def read_row(rng: np.random.Generator) -> Item:
    """Ask for the three characters of a row."""
    cells, row = _page(rng), int(rng.integers(3))
    answer = "".join(cells[3 * row : 3 * row + 3])
    return Item(
        category="row", form="short", question=f"Read row {row + 1}.", answer=answer, cells=cells
    )


def read_column(rng: np.random.Generator) -> Item:
    """Ask for the three characters of a column."""
    cells, column = _page(rng), int(rng.integers(3))
    question = f"Read column {column + 1}."
    return Item(
        category="column",
        form="short",
        question=question,
        answer="".join(cells[column::3]),
        cells=cells,
    )


def read_all(rng: np.random.Generator) -> Item:
    """Ask for all nine characters."""
    cells = _page(rng)
    return Item(
        category="page", form="short", question="Read all.", answer="".join(cells), cells=cells
    )


def digit_at(rng: np.random.Generator) -> Item:
    """Ask which digit stands at a place among letters and digits; every option is a digit."""
    cells, place = list(_page(rng)), int(rng.integers(9))
    cells[place] = one_of(rng, DIGITS)
    question = f"Which digit is at the {PLACES[place]}?"
    item = Item(
        category="digits",
        form="short",
        question=question,
        answer=cells[place],
        cells=tuple(cells),
    )
    return as_choice(rng, item, [cell for cell in cells if cell in DIGITS] + list(DIGITS))


# --- coloured shapes ------------------------------------------------------------------------------


def _shapes(rng: np.random.Generator, count: int) -> tuple[list[str], list[str], list[int]]:
    """Return ``count`` shapes, colours and places; shapes differ and colours differ."""
    places = [int(place) for place in rng.permutation(9)[:count]]
    return pick(rng, SHAPES, count), pick(rng, COLOURS, count), places


def _lay(shapes: list[str], colours: list[str], places: list[int]) -> tuple[str, ...]:
    cells = [""] * 9
    for shape, colour, place in zip(shapes, colours, places, strict=True):
        cells[place] = f"{colour} {shape}"
    return tuple(cells)


def colour_of(rng: np.random.Generator) -> Item:
    """Ask for the colour of a shape."""
    shapes, colours, places = _shapes(rng, int(rng.integers(2, 6)))
    question = f"What colour is the {shapes[0]}?"
    item = Item(
        category="colours",
        form="short",
        question=question,
        answer=colours[0],
        cells=_lay(shapes, colours, places),
    )
    return as_choice(rng, item, list(COLOURS))


def shape_of(rng: np.random.Generator) -> Item:
    """Ask which shape has a colour."""
    shapes, colours, places = _shapes(rng, int(rng.integers(2, 6)))
    question = f"Which shape is {colours[0]}?"
    item = Item(
        category="shapes",
        form="short",
        question=question,
        answer=shapes[0],
        cells=_lay(shapes, colours, places),
    )
    return as_choice(rng, item, list(SHAPES))


# --- numbers --------------------------------------------------------------------------------------


def _near(rng: np.random.Generator, value: int) -> list[str]:
    """Return wrong numbers close to a value: off by a little or by ten."""
    offsets = (1, -1, 2, -2, 10, -10) if value >= 10 else (1, -1, 2, -2, 3)
    return [str(value + int(offset)) for offset in rng.permutation(offsets) if value + offset >= 0]


def _numeric_choice(rng: np.random.Generator, item: Item, category: str) -> Item:
    return as_choice(rng, replace(item, category=category), _near(rng, int(item.answer)))


def _terms(rng: np.random.Generator) -> tuple[int, int]:
    """Return two numbers below 10, or, one time in four, a first one below 100."""
    return int(rng.integers(100 if rng.random() < 0.25 else 10)), int(rng.integers(10))


def drawn_sum(rng: np.random.Generator) -> Item:
    """Ask for the sum of two drawn numbers, one above the other."""
    first, second = _terms(rng)
    cells = tuple(character.strip() for character in f"{first:3d}+{second:2d}   ")
    return Item(
        category="sum",
        form="number",
        question="What is the sum?",
        answer=str(first + second),
        cells=cells,
    )


def _bars(rng: np.random.Generator) -> tuple[list[int], tuple[str, ...]]:
    """Return three different bar heights from 1 to 9 and their cells."""
    heights = [int(height) + 1 for height in rng.permutation(9)[:3]]
    blocks = [[min(max(height - 3 * level, 0), 3) for height in heights] for level in (2, 1, 0)]
    return heights, tuple(f"#{count}" if count else "" for row in blocks for count in row)


def bar_height(rng: np.random.Generator) -> Item:
    """Ask how many blocks a bar has."""
    heights, cells = _bars(rng)
    bar = int(rng.integers(3))
    question = f"How tall is bar {bar + 1}?"
    return Item(
        category="chart", form="number", question=question, answer=str(heights[bar]), cells=cells
    )


def tallest_bar(rng: np.random.Generator) -> Item:
    """Ask for the height of the tallest bar."""
    heights, cells = _bars(rng)
    return Item(
        category="chart top",
        form="number",
        question="How tall is the tallest bar?",
        answer=str(max(heights)),
        cells=cells,
    )


def count_shapes(rng: np.random.Generator) -> Item:
    """Ask how many of the drawn shapes have a given form or colour."""
    by_colour = rng.random() < 0.5
    wanted = one_of(rng, COLOURS if by_colour else SHAPES)
    cells = [""] * 9
    for place in rng.permutation(9)[: int(rng.integers(3, 9))]:
        colour = wanted if by_colour and rng.random() < 0.5 else one_of(rng, COLOURS)
        shape = wanted if not by_colour and rng.random() < 0.5 else one_of(rng, SHAPES)
        cells[int(place)] = f"{colour} {shape}"
    count = sum(wanted in cell.split() for cell in cells)
    question = (
        f"How many shapes are {wanted}?" if by_colour else f"How many {wanted} shapes are there?"
    )
    return Item(
        category="count", form="number", question=question, answer=str(count), cells=tuple(cells)
    )


def choose_count(rng: np.random.Generator) -> Item:
    """Ask for a count as a multiple choice."""
    return _numeric_choice(rng, count_shapes(rng), "counting")


def choose_height(rng: np.random.Generator) -> Item:
    """Ask for the height of a bar as a multiple choice."""
    return _numeric_choice(rng, bar_height(rng), "charts")


# --- text only ------------------------------------------------------------------------------------


def text_sum(rng: np.random.Generator) -> Item:
    """Ask for a sum of two numbers."""
    first, second = _terms(rng)
    return Item(
        category="sum",
        form="text",
        question=f"What is {first}+{second}?",
        answer=str(first + second),
    )


def text_large_sum(rng: np.random.Generator) -> Item:
    """Ask for the sum of two numbers from 10 to 99."""
    first, second = (int(value) for value in rng.integers(10, 100, 2))
    question = f"What is {first}+{second}?"
    return Item(category="large sum", form="text", question=question, answer=str(first + second))


def text_larger(rng: np.random.Generator) -> Item:
    """Ask for the larger of two numbers from 10 to 99; half of them share their tens."""
    first, second = (int(value) for value in rng.permutation(90)[:2] + 10)
    if rng.random() < 0.5:
        second = first - first % 10 + (first % 10 + int(rng.integers(1, 10))) % 10
    question = f"Which is larger, {first} or {second}?"
    return Item(
        category="comparison", form="text", question=question, answer=str(max(first, second))
    )


def _word(rng: np.random.Generator, low: int, high: int) -> list[str]:
    return pick(rng, LETTERS + DIGITS, int(rng.integers(low, high)))


def text_copy(rng: np.random.Generator) -> Item:
    """Ask for a copy of four to eight characters."""
    word = "".join(_word(rng, 4, 9))
    return Item(category="copy", form="text", question=f"Copy {word}.", answer=word)


def text_reverse(rng: np.random.Generator) -> Item:
    """Ask for three to six characters in reverse order."""
    word = _word(rng, 3, 7)
    return Item(
        category="reverse",
        form="text",
        question=f"Reverse {''.join(word)}.",
        answer="".join(word[::-1]),
    )


DOCUMENTS: tuple[Task, ...] = (read_row, read_column, read_all)
PERCEPTION: tuple[Task, ...] = (colour_of, shape_of, digit_at)
NUMBERS: tuple[Task, ...] = (drawn_sum, bar_height, tallest_bar, count_shapes)
DISCIPLINES: tuple[Task, ...] = (*PERCEPTION, choose_height, choose_count)
TEXTS: tuple[Task, ...] = (text_sum, text_larger, text_copy, text_reverse)

"""The questions that the nano model is trained on and tested on, one function for each kind.

Each takes a random generator and returns an item; the tuples at the end say which set asks what.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from drawing import COLOURS, DIGITS, LETTERS, SHAPES
from items import PLACES, SUFFIXES, Item, Task, as_choice, one_of, pick

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


def look_up(rng: np.random.Generator) -> Item:
    """Ask for the two characters that stand in a row after its key."""
    cells, row = _page(rng), int(rng.integers(3))
    question = f"What is the code of {cells[3 * row]}?"
    answer = "".join(cells[3 * row + 1 : 3 * row + 3])
    return Item(category="lookup", form="short", question=question, answer=answer, cells=cells)


def character_at(rng: np.random.Generator) -> Item:
    """Ask which character stands at a place; wrong options stand elsewhere on the page."""
    cells, place = _page(rng), int(rng.integers(9))
    question = f"Which character is at the {PLACES[place]}?"
    item = Item(
        category="letters", form="short", question=question, answer=cells[place], cells=cells
    )
    return as_choice(rng, item, [*cells])


def place_of(rng: np.random.Generator) -> Item:
    """Ask where a character stands."""
    cells, place = _page(rng), int(rng.integers(9))
    item = Item(
        category="localization",
        form="short",
        question=f"Where is {cells[place]}?",
        answer=PLACES[place],
        cells=cells,
    )
    return as_choice(rng, item, list(PLACES))


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


def describe(rng: np.random.Generator) -> Item:
    """Ask for the contents of a row of shapes (for training: it ties words to cells)."""
    cells = tuple(
        f"{one_of(rng, COLOURS)} {one_of(rng, SHAPES)}" if rng.random() < 0.7 else ""
        for _ in range(9)
    )
    row = int(rng.integers(3))
    answer = ", ".join(cell or "empty" for cell in cells[3 * row : 3 * row + 3])
    return Item(
        category="describe",
        form="short",
        question=f"Describe row {row + 1}.",
        answer=answer,
        cells=cells,
    )


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


def shape_at(rng: np.random.Generator) -> Item:
    """Ask which shape stands at a place."""
    shapes, colours, places = _shapes(rng, int(rng.integers(3, 7)))
    question = f"Which shape is at the {PLACES[places[0]]}?"
    item = Item(
        category="recognition",
        form="short",
        question=question,
        answer=shapes[0],
        cells=_lay(shapes, colours, places),
    )
    return as_choice(rng, item, list(SHAPES))


def place_of_shape(rng: np.random.Generator) -> Item:
    """Ask where a shape stands; wrong options are places of other shapes first."""
    shapes, colours, places = _shapes(rng, int(rng.integers(4, 7)))
    item = Item(
        category="position",
        form="short",
        question=f"Where is the {shapes[0]}?",
        answer=PLACES[places[0]],
        cells=_lay(shapes, colours, places),
    )
    return as_choice(rng, item, [PLACES[place] for place in places[:4]])


# --- numbers --------------------------------------------------------------------------------------


def _near(rng: np.random.Generator, value: int) -> list[str]:
    """Return wrong numbers close to a value: off by a little or by ten."""
    offsets = (1, -1, 2, -2, 10, -10) if value >= 10 else (1, -1, 2, -2, 3)
    return [str(value + int(offset)) for offset in rng.permutation(offsets) if value + offset >= 0]


def _numeric_choice(rng: np.random.Generator, item: Item, category: str) -> Item:
    return as_choice(rng, replace(item, category=category), _near(rng, int(item.answer)))


def _terms(rng: np.random.Generator) -> tuple[int, int]:
    """Return a number below 100 and a second one, mostly below 10."""
    return int(rng.integers(100)), int(rng.integers(100 if rng.random() < 0.25 else 10))


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


def drawn_difference(rng: np.random.Generator) -> Item:
    """Ask for the difference of two drawn numbers; the first is the larger one."""
    low, high = (10, 100) if rng.random() < 0.5 else (0, 10)
    second, first = sorted(int(value) for value in rng.integers(low, high, 2))
    cells = tuple(character.strip() for character in f"{first:3d}-{second:2d}   ")
    question = "What is the difference?"
    return Item(
        category="difference",
        form="number",
        question=question,
        answer=str(first - second),
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


def bar_gap(rng: np.random.Generator) -> Item:
    """Ask by how many blocks two bars differ."""
    heights, cells = _bars(rng)
    first, second = sorted(int(bar) for bar in rng.permutation(3)[:2])
    question = f"What is the gap between bar {first + 1} and bar {second + 1}?"
    answer = str(abs(heights[first] - heights[second]))
    return Item(category="chart gap", form="number", question=question, answer=answer, cells=cells)


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


def choose_sum(rng: np.random.Generator) -> Item:
    """Ask for a drawn sum as a multiple choice."""
    return _numeric_choice(rng, drawn_sum(rng), "arithmetic")


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


def text_larger(rng: np.random.Generator) -> Item:
    """Ask for the larger of two numbers below 1000."""
    first, second = (int(value) for value in rng.permutation(900)[:2] + 100)
    if rng.random() < 0.5:
        second = first - first % 100 + second % 100
    second += first == second
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


def text_after(rng: np.random.Generator) -> Item:
    """Ask which character follows another in a word."""
    word = _word(rng, 4, 8)
    place = int(rng.integers(len(word) - 1))
    question = f"What follows {word[place]} in {''.join(word)}?"
    return Item(category="after", form="text", question=question, answer=word[place + 1])


def text_choice(rng: np.random.Generator) -> Item:
    """Ask for the letter of a named option (for training: it teaches what options are)."""
    pool = (COLOURS, SHAPES, tuple(LETTERS + DIGITS))[int(rng.integers(3))]
    answer, *wrong = pick(rng, pool, 4)
    item = Item(category="choose", form="text", question=f"Choose {answer}.", answer=answer)
    return as_choice(rng, item, wrong)


def text_match(rng: np.random.Generator) -> Item:
    """Ask for the letters of all four options (for training: four matches in one answer)."""
    pool = (COLOURS, SHAPES, tuple(LETTERS + DIGITS))[int(rng.integers(3))]
    options = pick(rng, pool, 4)
    wanted = pick(rng, tuple(options), 4)
    listed = "".join(f"\n{letter}. {text}" for letter, text in zip("ABCD", options, strict=True))
    question = f"Choose {' '.join(wanted)}.{listed}{SUFFIXES['choice']}"
    answer = "".join("ABCD"[options.index(text)] for text in wanted)
    return Item(category="match", form="text", question=question, answer=answer)


DOCUMENTS: tuple[Task, ...] = (read_row, read_column, read_all)
PERCEPTION: tuple[Task, ...] = (colour_of, shape_of, character_at)
NUMBERS: tuple[Task, ...] = (drawn_sum, bar_height, tallest_bar, count_shapes)
DISCIPLINES: tuple[Task, ...] = (*PERCEPTION, choose_height, choose_count)
TEXTS: tuple[Task, ...] = (text_sum, text_larger, text_copy, text_reverse)

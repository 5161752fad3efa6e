from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubq.evaluate.extraction import extract_choice, extract_number, normalise, parse_number

CHOICES = {"A": "cat", "B": "dog", "C": "red fox", "D": "cat"}


@pytest.mark.parametrize(
    "said",
    [
        "B", "b", " B\n", "B.", "(B)", "[B]", "**B**", "`B`", "B)", "\\boxed{B}", "$\\text{B}$",
        "B) dog", "B. dog", "(B) dog", "B: dog", "**B.** dog", "B\nIt barks.", "B. It barks.",
        "The answer is B.", "The answer is (B)", "Answer: B", "Answer: **B**", "answer is: B",
        "The correct option is B", "The correct answer is option B.", "The answer is B) dog",
        "The answer is B dog", "Option B", "I choose B.", "Final answer: (B)", "It is (B).",
        "dog", "Dog.", "a dog", "A dog", "The answer is dog.", "The answer is: a dog",
        "Looking at the ears,\nthe answer is B",
    ],
)  # fmt: skip
def test_it_finds_the_letter_that_an_answer_names(said: str) -> None:
    assert extract_choice(said, CHOICES) == "B"


@pytest.mark.parametrize(
    "said",
    [
        "", "  ", "E", "cat", "A or B", "A, B", "(A) or (B)", "A. cat B. dog", "B. cat",
        "The answer is A. No, the answer is B.", "Option A and option B", "not B", "It is not (B).",
        "I do not know.", "I", "dogma", "The answer is E.", "A. cat\nB. dog", "A or B.", "A. or B.",
        "The answer is not B.", "B and D", "Either (B) or (D)", "AB", "A dog and a cat",
    ],
)  # fmt: skip
def test_it_refuses_to_guess(said: str) -> None:
    assert extract_choice(said, {"A": "cat", "B": "dog", "D": "cat"}) is None


def test_an_article_is_no_letter() -> None:
    assert extract_choice("A dog", CHOICES) == "B"
    assert extract_choice("The answer is A dog", CHOICES) == "B"
    assert extract_choice("The answer is A bird", CHOICES) is None


def test_the_letter_wins_where_options_are_letters_themselves() -> None:
    assert extract_choice("B", {"A": "B", "B": "K"}) == "B"


words = st.text("abcdefgh ", min_size=1, max_size=12).filter(str.strip)


@given(st.lists(words, min_size=2, max_size=5, unique_by=normalise), st.data())
def test_every_accepted_dress_of_a_letter_gives_that_letter(
    texts: list[str], data: st.DataObject
) -> None:
    choices = dict(zip("ABCDE", texts, strict=False))
    letter = data.draw(st.sampled_from(sorted(choices)))
    dress = data.draw(
        st.sampled_from(
            ["{}", "({})", "**{}**", "{}.", "{}) {text}", "({}) {text}", "The answer is {}.",
             "Answer: {}", "Option {}"]
        )
    )  # fmt: skip
    said = dress.format(letter, text=choices[letter])
    assert extract_choice(said, choices) == letter


@given(st.text(max_size=60))
def test_whatever_is_said_the_letter_is_an_option_or_nothing(said: str) -> None:
    assert extract_choice(said, CHOICES) in {None, *CHOICES}


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("5", 5), ("5.", 5), ("-3", -3), ("\N{MINUS SIGN}3", -3), ("1,234", 1234), ("0.5", "0.5"),
        (".5", "0.5"), ("3e2", 300), ("1/2", "1/2"), ("The answer is 5.", 5), ("5 apples", 5),
        ("12cm", 12), ("$45", 45), ("50%", 50), ("**7**", 7), ("3 + 4 = 7", 7),
        ("There are 3 of 9. The answer is 6", 6), ("4 and 4", 4), ("\\boxed{8}", 8), ("H2O: 6", 6),
    ],
)  # fmt: skip
def test_it_finds_the_number_of_an_answer(said: str, number: int | str) -> None:
    assert extract_number(said) == Fraction(number)


@pytest.mark.parametrize("said", ["", "five", "3 or 4", "1/0", "1, 2, 3", "x1"])
def test_it_refuses_several_numbers_and_none(said: str) -> None:
    assert extract_number(said) is None


@given(st.integers(-(10**9), 10**9))
def test_a_number_is_read_back_however_it_is_written(number: int) -> None:
    for said in (str(number), f"{number:,}", f"The answer is {number}.", f" {number}\n"):
        assert extract_number(said) == number
    assert parse_number(f"{number:,}") == number


@given(st.text(max_size=40))
def test_reading_a_number_never_fails(said: str) -> None:
    found = extract_number(said)
    assert found is None or isinstance(found, Fraction)


@given(st.text(max_size=40))
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once or once != once.casefold()

from __future__ import annotations

from string import ascii_uppercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubq.evaluate.prompts import build_prompt, fill_prompt, list_choices, marks, rotations
from tests.rows import each_row

CHOICES = {"A": "red", "B": "green", "C": "blue"}


@each_row(
    ("form", "expected"),
    [
        ("short-answer", "What?\nAnswer the question using a single word or phrase."),
        ("numeric", "What?\nAnswer with a number."),
        ("text-answer", "What?"),
        ("multiple-choice", "What?\nAnswer the question using a single word or phrase."),
    ],
)
def test_a_question_without_options_ends_in_the_line_of_its_form(form: str, expected: str) -> None:
    assert build_prompt(form, "What?", {}) == expected  # type: ignore[arg-type]


def test_only_the_options_present_are_listed_and_the_hint_comes_first() -> None:
    assert build_prompt("multiple-choice", "Which?", {"A": "x", "B": "y"}, "Look.") == (
        "Hint: Look.\nWhich?\nA. x\nB. y\n"
        "Answer with the option's letter from the given choices directly."
    )


def test_a_prompt_of_its_own_writes_around_a_value_only_where_there_is_one() -> None:
    prompt = "{hint:Hint: %\n}{question}{options:\nOptions:\n%}{open:\nIn one word.}"
    columns = {"question": "Which?", "hint": "Look."}
    assert fill_prompt(prompt, columns, {"A": "x", "B": "y"}) == (
        "Hint: Look.\nWhich?\nOptions:\nA. x\nB. y"
    )
    assert fill_prompt(prompt, {**columns, "hint": ""}, {}) == "Which?\nIn one word."


def test_a_prompt_of_its_own_may_name_columns_with_spaces_and_single_options() -> None:
    columns = {"question": "q", "multi-choice options": "(A) x"}
    assert fill_prompt("{multi-choice options}; {B}", columns, CHOICES) == "(A) x; green"
    with pytest.raises(KeyError):
        fill_prompt("{nope}", columns, {})


@given(st.text(max_size=20), st.text(max_size=20))
def test_braces_and_percents_in_the_data_are_only_data(question: str, hint: str) -> None:
    found = fill_prompt("{hint:[%]}{question}", {"question": question, "hint": hint}, {})
    assert found == (f"[{hint}]" if hint else "") + question


def test_marks_are_read_in_order() -> None:
    assert marks("<image 2>, <image 1> and <image 12>; not <image> or <image x>") == [2, 1, 12]


@given(st.lists(st.text(max_size=5), min_size=1, max_size=12, unique=True), st.data())
def test_rotations_put_the_right_option_once_in_every_place(
    texts: list[str], data: st.DataObject
) -> None:
    choices = dict(zip(ascii_uppercase, texts, strict=False))
    answer = data.draw(st.sampled_from(list(choices)))
    turned = list(rotations(choices, answer))
    assert [options[letter] for options, letter in turned] == [choices[answer]] * len(texts)
    assert sorted(letter for _, letter in turned) == list(choices)
    assert turned[0] == (choices, answer)
    assert len({tuple(options.values()) for options, _ in turned}) == len(texts)


def test_options_are_one_a_line() -> None:
    assert list_choices(CHOICES) == "A. red\nB. green\nC. blue"
    assert not list_choices({})

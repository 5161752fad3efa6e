from __future__ import annotations

import pytest

from hubq.evaluate.prompts import build_prompt, rotations

CHOICES = {"A": "red", "B": "green", "C": "blue"}


@pytest.mark.parametrize(
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


def test_rotations_put_the_right_option_once_in_every_place() -> None:
    turned = list(rotations(CHOICES, "B"))
    assert [choices[letter] for choices, letter in turned] == ["green"] * 3
    assert sorted(letter for _, letter in turned) == ["A", "B", "C"]
    assert turned[0] == (CHOICES, "B")
    assert len({tuple(choices.values()) for choices, _ in turned}) == 3

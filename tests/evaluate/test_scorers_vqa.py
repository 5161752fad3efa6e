from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubq.evaluate.scorers import contains, one_minus_ned, relaxed_accuracy
from hubq.evaluate.scorers.vqa import vqa_accuracy, vqa_normalise
from tests.rows import each_row


@each_row(("agreeing", "score"), [(0, 0), (1, 0.3), (2, 0.6), (3, 0.9), (4, 1)])
def test_vqa_accuracy_leaves_each_of_ten_people_out(agreeing: int, score: float) -> None:
    answers = ["dog"] * agreeing + ["cat"] * (10 - agreeing)
    assert vqa_accuracy("A dog.", answers) == pytest.approx(score)


@each_row(
    ("answers", "score"),
    [(["dog"], 1), (["cat"], 0), (["dog", "dog"], 1), (["dog", "cat"], 0.5), (["dog"] * 3, 1)],
)
def test_fewer_people_are_enough_where_a_file_has_fewer(answers: list[str], score: float) -> None:
    assert vqa_accuracy("dog", answers) == pytest.approx(score)


@each_row(
    ("answer", "normal"),
    [
        ("The dog.", "dog"), ("Two", "2"), ("none", "0"), ("isnt", "isn't"), ("3.5", "3.5"),
        ("red-blue", "red blue"), ("red- blue", "red blue"), ("1,000", "1000"), ("U.S.", "us"),
        ("a\nb", "b"), ("couldnt've", "couldn't've"), ("they're", "they're"), ("What?", "what"),
    ],
)  # fmt: skip
def test_answers_are_normalised_as_the_official_script_does(answer: str, normal: str) -> None:
    assert vqa_normalise(answer) == normal


@given(st.text(max_size=30))
def test_an_answer_that_everybody_gave_is_right(answer: str) -> None:
    assert vqa_accuracy(answer, [answer] * 10) == 1.0
    assert vqa_normalise(answer.upper()) == vqa_normalise(answer.upper().swapcase().upper())


@each_row(
    ("said", "gold", "score"),
    [
        ("100", "100", 1), ("105", "100", 1), ("105.1", "100", 0), ("95", "100", 1),
        ("-95", "100", 0),
        ("12%", "0.12", 1), ("12%", "12", 0), ("12%", "12.5%", 1), ("1,234", "1234", 1),
        ("0.0", "0", 1),
        ("$5", "5", 1), ("5.", "5", 1), ("Yes", "yes", 1), ("yes.", "yes", 0), ("1", "0", 0),
        ("The answer is 5", "5", 0), ("-$5", "-5", 1), ("5%%", "5%", 0), ("", "0", 0),
        ("%", "0", 0),
    ],
)  # fmt: skip
def test_relaxed_accuracy_takes_five_percent(said: str, gold: str, score: float) -> None:
    assert relaxed_accuracy(said, [gold]) == score
    assert relaxed_accuracy(said, ["nothing", gold]) == score


@each_row(
    ("said", "golds", "score"),
    [
        ("abcd", ["abce"], 0.75),
        (" ab\n", ["ab"], 1),
        ("AB", ["ab"], 0),
        ("\n", ["a"], 0),
        ("x", ["y"], 0),
    ],
)
def test_one_minus_ned_is_the_plain_edit_distance(
    said: str, golds: list[str], score: float
) -> None:
    assert one_minus_ned(said, golds) == pytest.approx(score)


def test_ocrbench_asks_whether_the_answer_is_in_there() -> None:
    assert contains("It says STOP\nnow", ["stop now"]) == 1.0
    assert contains("STO P", ["stop"]) == 0.0
    assert contains("anything", [""]) == 0.0
    assert contains("x = \\frac { 1 } {2}", ["\\frac{1}{2}"], formula=True) == 1.0
    assert contains("X", ["x"], formula=True) == 0.0

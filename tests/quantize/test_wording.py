from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubq.quantize import wording
from hubq.quantize.wording import RUN, Wording, lines, words
from tests.rows import each_row


@given(st.text())
def test_case_and_punctuation_make_no_difference(text: str) -> None:
    found = words(text)
    assert words(" ".join(found)) == found
    assert all(word for word in found)


@each_row(
    ("text", "found"),
    [
        ("What's WRITTEN, in row_3?", "what s written in row 3"),
        ("ＦＵＬＬ ﬁgures", "full figures"),
        ("图中是什么 a cat", "图 中 是 什 么 a cat"),
        ("2abc図x", "2abc 図 x"),
        ("...", ""),
    ],
)
def test_words_are_runs_of_letters_and_digits(text: str, found: str) -> None:
    assert " ".join(words(text)) == found


def test_lines_that_list_an_option_are_left_out() -> None:
    asked = "Which one?\nA. red\n(B) blue\nC) green\n\nAnswer with the letter."
    assert list(lines(asked)) == [("which", "one"), ("answer", "with", "the", "letter")]


def test_a_line_in_more_than_ten_places_is_an_instruction() -> None:
    asked = [f"Question {k}?\nAnswer with a number." for k in range(11)]
    assert wording.common_lines(asked) == {("answer", "with", "a", "number")}
    assert wording.common_lines(asked[:10]) == set()
    many = [*asked, *(f"Other {k}?" for k in range(2000))]
    assert wording.common_lines(many, share=0.01) == set()


def said(question: str, *answers: str, seen: bool = False) -> Wording:
    return wording.wording(question, answers, set(), seen=seen)


LONG = " ".join(f"w{k}" for k in range(RUN + 3))


def shared(row: Wording, item: Wording, asked: int = 1) -> str:
    index = wording.Index([row])
    found = index.matches(item, index.shared(item), asked)
    return found[0].sort if found else ""


@pytest.mark.parametrize("pictured", [0, 1])
def test_a_run_of_words_counts_unless_both_have_pictures(pictured: int) -> None:
    row = said(f"so {LONG} it is", seen=pictured > 0)
    assert shared(row, said(f"and {LONG}")) == "run"
    assert shared(row, said("and " + " ".join(LONG.split()[: RUN - 1]))) == ""
    assert shared(said(LONG, seen=True), said(LONG, seen=True)) == ""


def test_a_short_question_counts_only_where_there_are_no_pictures() -> None:
    assert shared(said("What is 48+13?"), said("what is 48 + 13", "61")) == "question"
    assert shared(said("What is written?"), said("What is written?", seen=True)) == ""
    assert shared(said("What is written?", seen=True), said("What is written?", seen=True)) == ""
    assert shared(said("?"), said("!")) == ""


def test_of_two_different_pictures_a_long_answer_counts() -> None:
    row = said("Describe it.", LONG, seen=True)
    assert shared(row, said("What is shown?", "short", f"Here: {LONG}", seen=True)) == "answer"


def test_of_two_different_pictures_question_and_answer_count_when_asked_once() -> None:
    question = " ".join(LONG.split()[: RUN - 1])
    row = said(question, "12", seen=True)
    assert shared(row, said(question, "12", "twelve", seen=True)) == "whole"
    assert shared(row, said(question, "13", seen=True)) == ""
    assert shared(row, said(question, "12", seen=True), asked=2) == ""
    short = said("How many?", "12", seen=True)
    assert shared(short, short) == ""


def test_what_stands_in_more_than_ten_rows_counts_for_nothing() -> None:
    index = wording.Index([said(f"{LONG} {k} {k} {k}") for k in range(11)])
    assert index.shared(said(LONG)) == []
    assert wording.is_common(11)
    assert not wording.is_common(11, least=50)

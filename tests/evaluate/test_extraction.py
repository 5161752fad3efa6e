from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubq.evaluate import extraction
from hubq.evaluate.extraction import (
    extract_choice,
    extract_final_number,
    extract_number,
    extract_numbers,
    normalise,
    parse_number,
)
from hubq.evaluate.extraction.words import numbers_in_words
from tests.rows import each_row

CHOICES = {"A": "cat", "B": "dog", "C": "red fox", "D": "cat"}


@each_row(
    "said",
    [
        "B", "b", " B\n", "B.", "(B)", "[B]", "**B**", "`B`", "B)", "\\boxed{B}", "$\\text{B}$",
        "B) dog", "B. dog", "(B) dog", "B: dog", "**B.** dog", "B\nIt barks.", "B. It barks.",
        "The answer is B.", "The answer is (B)", "Answer: B", "Answer: **B**", "answer is: B",
        "The correct option is B", "The correct answer is option B.", "The answer is B) dog",
        "The answer is B dog", "Option B", "I choose B.", "Final answer: (B)", "It is (B).",
        "dog", "Dog.", "a dog", "A dog", "The answer is dog.", "The answer is: a dog",
        "Looking at the ears,\nthe answer is B", "Answer: (B) cat dog", "B<|im_end|>", "B - dog",
        "B B B B", "BBBB", "B, B, B", "- B", "B!", "\N{FULLWIDTH LATIN CAPITAL LETTER B}",
        '{"answer": "B"}', '```json\n{"answer": "B"}\n```', "<answer>B</answer>", "\\boxed{B",
        "<think>A or C?</think> B", "<think>The answer is A</think>The answer is B.",
        "So we get $\\boxed{\\text{B}}$.", "Final Answer: The final answer is $\\boxed{B}$",
        "#### B", "### Answer\nB", "**Answer**: **B**", "So, the answer is:\n\n**B**",
        "1. dog", "option b",
        "B is correct.", "Option B is the best answer.", "A and C are wrong, so the answer is B.",
        "The answer is B because A is not right.", "It can't be A, so B.", "Therefore, B.",
        "The answer is not A but B.", "Barking, it is a dog.", "The animal there is a dog.",
    ],
)  # fmt: skip
def test_it_finds_the_letter_that_an_answer_names(said: str) -> None:
    assert extract_choice(said, CHOICES) == "B"


@each_row(
    "said",
    [
        "答案是B", "答案：B", "答案为（B）", "正确答案是 B 选项", "故选B。", "B选项正确",
        "答えはBです。", "정답은 B입니다.",
        "La réponse est B", "La réponse correcte est (B).", "Réponse : B", "Die Antwort ist B.",
        "Die richtige Antwort lautet B", "Antwort: B", "La respuesta correcta es la opción B.",
        "Respuesta: B", "A resposta é B", "La risposta corretta è B.", "Ответ: B", "Ответ — B.",
        "Правильный ответ: B", "الإجابة هي B", "คำตอบคือ B", "Đáp án là B", "Jibu ni B", "উত্তর হল B",
        "उत्तर B है",
    ],
)  # fmt: skip
def test_it_reads_statements_in_many_languages(said: str) -> None:
    assert extract_choice(said, CHOICES) == "B"


@each_row(
    "said",
    [
        "", "  ", "E", "cat", "A or B", "A, B", "(A) or (B)", "A. cat B. dog", "B. cat", "A/B",
        "The answer is A. The answer is B.", "Option A and option B", "not B", "It is not (B).",
        "I do not know.", "I", "dogma", "The answer is E.", "A. cat\nB. dog", "A or B.", "A. or B.",
        "The answer is not B.", "B and D", "Either (B) or (D)", "AB", "A dog and a cat",
        "The answer is A or B.", "Is the answer B?", "B? D?", "B is wrong.",
        "<think>The answer is B",
        "If B is correct then D is wrong", "\\boxed{A} and \\boxed{B}", "None of them is a dog",
        "It is hard to tell whether it is a dog", "I think so", "B B A B", "Maybe a dog",
        "The answer is B. No, that is wrong.",
    ],
)  # fmt: skip
def test_it_refuses_to_guess(said: str) -> None:
    assert extract_choice(said, {"A": "cat", "B": "dog", "D": "cat"}) is None


@each_row(
    "said",
    [
        "The answer is A. No wait, the answer is B.", "The answer is A. Wait, actually it's B.",
        "A... no wait, the answer is B.", "The answer is A. Sorry, I meant B.",
        "The answer is A.\nFinal answer: B", "The answer is cat. Wait, it is a dog.",
    ],
)  # fmt: skip
def test_the_last_statement_wins_where_the_text_says_so(said: str) -> None:
    assert extract_choice(said, {"A": "cat", "B": "dog"}) == "B"


@each_row(
    "said",
    [
        "1. It has four legs.\n2. It barks.\n\nA. cat meows.\nB. dog barks.\n\nThe answer is B.",
        "The answer choices are: A. cat, B. dog. The correct answer is B.",
        "Option A: a cat. Option B: a dog. Since it barks, it must be a dog.",
        "The correct answer is:\n\nB. dog\n\nExplanation: the ears are not those of a cat.",
        "The answer is not A, because cats meow. The answer is B.",
        "I would choose A, but on second thought the answer is B.",
        "B\n\nThe dog is the only animal that barks; a cat meows.",
        "首先分析选项A，不符合。选项B符合题意。故选B。",
        "L'animal est un chien. La bonne réponse est donc B.",
    ],
)
def test_it_reads_the_answer_of_a_chain_of_thought(said: str) -> None:
    assert extract_choice(said, {"A": "cat", "B": "dog"}) == "B"


def test_an_article_is_no_letter_and_nor_is_the_pronoun() -> None:
    assert extract_choice("A dog", CHOICES) == "B"
    assert extract_choice("The answer is A dog", CHOICES) == "B"
    assert extract_choice("The answer is A bird", CHOICES) is None
    assert extract_choice("A because it meows", CHOICES) == "A"
    nine = dict(zip("ABCDEFGHI", "rstuvwxyz", strict=True))
    assert extract_choice("I", nine) == "I"
    assert extract_choice("I think it fits", nine) is None


def test_the_letter_wins_where_options_are_letters_themselves() -> None:
    assert extract_choice("B", {"A": "B", "B": "K"}) == "B"


def test_of_two_options_the_longer_one_is_meant() -> None:
    colours = {"A": "blue", "B": "light blue"}
    assert extract_choice("The wall is light blue.", colours) == "B"
    assert extract_choice("The wall is blue.", colours) == "A"


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
             "Answer: {}", "Option {}", "<think>or A?</think>{}", "\\boxed{{{}}}", "答案是{}。",
             '{{"answer": "{}"}}', "The answer is **{}**."]
        )
    )  # fmt: skip
    said = dress.format(letter, text=choices[letter])
    assert extract_choice(said, choices) == letter


SNIPPETS = (
    "A", "B", "(B)", "C.", "The answer is ", "not ", "\\boxed{", "}", "<think>", "</think>", "cat",
    "dog", " or ", "wait, ", "12", "3.5", "=", "####", "1,234", "$", "%", "**", "\n", " ", "答案是",
    "{", '"answer":', "[", "]", ",", "/", "-", "e9", "\N{MINUS SIGN}", "\u0966", "I", "seven",
)  # fmt: skip
noise = st.text(max_size=60) | st.lists(st.sampled_from(SNIPPETS), max_size=12).map("".join)


@given(st.sampled_from(["red fox", "12 km", "sea"]), st.booleans(), st.booleans())
def test_an_option_s_text_counts_in_any_case_and_dress(text: str, loud: bool, bold: bool) -> None:
    said = f"The {text}." if loud else text
    said = f"**{said.upper()}**" if bold else said
    assert extract_choice(said, {"A": "red fox", "B": "12 km", "C": "sea"}) is not None
    assert extract_choice(said, {"A": "nothing", "B": text}) == "B"


@given(noise)
def test_whatever_is_said_the_letter_is_an_option_or_nothing(said: str) -> None:
    found = extract_choice(said, CHOICES)
    assert found in {None, *CHOICES}
    assert extract_choice(f"\n {said}  ", CHOICES) == found


@given(st.permutations(["A", "B", "C", "D", "or", "cat", "dog"]))
def test_shuffled_options_are_unparsed(parts: list[str]) -> None:
    assert extract_choice(" ".join(parts), {"A": "cat", "B": "dog", "C": "x", "D": "y"}) is None


@each_row(
    ("said", "number"),
    [
        ("5", 5), ("5.", 5), ("-3", -3), ("\N{MINUS SIGN}3", -3), ("1,234", 1234), ("0.5", "0.5"),
        (".5", "0.5"), ("3e2", 300), ("1/2", "1/2"), ("The answer is 5.", 5), ("5 apples", 5),
        ("12cm", 12), ("$45", 45), ("50%", 50), ("**7**", 7), ("3 + 4 = 7", 7), ("5 cm\u00b2", 5),
        ("There are 3 of 9. The answer is 6", 6), ("4 and 4", 4), ("\\boxed{8}", 8), ("H2O: 6", 6),
        ("\\boxed{8}, from 3 and 5", 8), ("答案是12", 12), ("他有7个苹果", 7), ("five", 5),
        ("1 1/2", "1.5"),
        ("minus three", -3), ("Twenty-one birds", 21), ("two hundred and five", 205), ("-$5", -5),
        ("The area = 12 * 3 = 36 square units.", 36), ("2x = 10, so x = 5", 5),
        ("x = 5 and y = 3, so x + y = 8", 8), ("The answer is:\n\n7 of 9", 7),
        ("I see 3 and 2, so there are 5", 5), ("<think>7 or 8</think>6", 6), ("12,5 km", "12.5"),
        ("The answer is 5. Wait, the answer is 6.", 6), ('{"answer": 7}', 7),
        ("\\frac{1}{2}", "1/2"),
    ],
)  # fmt: skip
def test_it_finds_the_number_of_an_answer(said: str, number: int | str) -> None:
    assert extract_number(said) == Fraction(number)


@each_row(
    "said",
    [
        "", "some", "3 or 4", "1/0", "1, 2, 3", "x1", "5A6", "61891M29", "two or three", "10-5",
        "The answer is 5. The answer is 6.", "<think>5", "the one on the left", "2024-11-05",
        "x = 5, y = 3",
    ],
)  # fmt: skip
def test_it_refuses_several_numbers_and_none(said: str) -> None:
    assert extract_number(said) is None


@each_row(
    ("said", "number"),
    [
        ("5 * 3 = 15\n#### 1,234", 1234), ("So 5.\nThe answer is 12.", 12), ("\\boxed{18}", 18),
        ("La respuesta es 11.", 11), ("La réponse est 11.", 11), ("Die Antwort ist 11.", 11),
        ("Ответ — 11.", 11), ("答案是 11。", 11), ("答えは11です。", 11), ("คำตอบคือ 11", 11),
        ("Jibu ni 11.", 11), ("উত্তর হল ১১।", 11), ("సమాధానం 11.", 11), ("Respuesta: 18", 18),
        ("Antwort: 18", 18), ("Réponse: 18", 18), ("Jibu: 18", 18), ("答え: 18", 18),
        ("答案：18", 18),
        ("คำตอบ: 18", 18), ("సమాధానం: 18", 18), ("উত্তর: 18", 18), ("Ответ: 18", 18),
        ("The answer is 18. She keeps 3.", 18), ("The answer is 9*2 = 18.", 18), ("$70,000", 70000),
        ("16 - 3 - 4 = 9 eggs", 9), ("It is \N{MINUS SIGN}5 degrees", -5), ("1.5 hours", "1.5"),
        ("$\\boxed{\\$1,234.50}$", "1234.5"), ("She earns 18 dollars.", 18), ("$18.00 a day", 18),
    ],
)  # fmt: skip
def test_it_finds_what_a_solution_comes_to(said: str, number: int | str) -> None:
    assert extract_final_number(said) == Fraction(number)
    assert extract_final_number(f"First 3 of 4.\n{said}") == Fraction(number)


def test_a_solution_without_a_figure_has_no_number() -> None:
    assert extract_final_number("eighteen eggs") is None


@each_row(
    ("said", "numbers"),
    [
        ("[1, 2]", (1, 2)), ("The list is [0.3,0.4].", ("0.3", "0.4")), ("[5]", (5,)), ("5", None),
        ("between 2007 and 2008", (2007, 2008)), ("nothing", None),
    ],
)  # fmt: skip
def test_it_finds_the_numbers_of_a_list(said: str, numbers: tuple[int, ...] | None) -> None:
    assert extract_numbers(said) == (None if numbers is None else tuple(map(Fraction, numbers)))


@given(st.integers(-(10**9), 10**9))
def test_a_number_is_read_back_however_it_is_written(number: int) -> None:
    dresses = (
        "{0}",
        "{0:,}",
        "The answer is {0}.",
        " {0}\n",
        "**{0}**",
        "{0} cm",
        "\\boxed{{{0}}}",
    )
    for dress in dresses:
        assert extract_number(dress.format(number)) == number
        assert extract_final_number(dress.format(number)) == number
    assert parse_number(f"{number:,}") == number


@given(noise)
def test_reading_a_number_never_fails(said: str) -> None:
    for read in (extract_number, extract_final_number):
        found = read(said)
        assert found is None or extraction.show_number(found)
    extract_numbers(said)


@given(noise)
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once or once != once.casefold()
    assert extraction.said(extraction.said(text)) == extraction.said(text) or "<" in text


@pytest.mark.parametrize(
    "piece", ["answer is ", "A ", "\\boxed{", "1,", "(", "so ", "答案", "\n", "= "]
)
def test_a_runaway_answer_is_read_in_no_time(piece: str) -> None:
    said = piece * 400
    extract_choice(said, CHOICES)
    extract_number(said)


@each_row(
    ("said", "phrase"),
    [
        ("Blue.", "blue"), ("So the answer is **light blue**. It is.", "light blue"), ("", None),
        ('{"answer": "Blue"}', "blue"), ("\\boxed{blue}", "blue"), ("Die Antwort ist Blau", "blau"),
        ("<think>blue", None), ("The answer is red.\nFinal answer: blue", "blue"),
    ],
)  # fmt: skip
def test_an_open_answer_is_what_is_stated(said: str, phrase: str | None) -> None:
    assert extraction.extract_phrase(said) == phrase


@each_row(
    ("said", "numbers"),
    [
        ("two three", [2, 3]), ("one thousand two hundred", [1200]), ("one of them", []),
        ("this one", []), ("ninety-nine", [99]), ("negative two million", [-2000000]),
        ("twenty twelve", [20, 12]), ("a hundred", [100]), ("someone", []),
    ],
)  # fmt: skip
def test_numbers_are_read_in_words(said: str, numbers: list[int]) -> None:
    assert numbers_in_words(said) == numbers


def test_blank_is_what_holds_only_spaces_and_special_tokens() -> None:
    assert all(extraction.is_blank(said) for said in ("", "\n \n", "<|im_end|>", "</s>"))
    assert not extraction.is_blank("<think></think>")

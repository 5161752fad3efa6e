from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubq.evaluate.scorers.boxes import Found, iou, read_box, read_found, spotting
from hubq.evaluate.scorers.ocrbench import ABILITIES, MEASURES, Question, overall, read_ocrbench
from hubq.evaluate.scorers.pages import bleu, meteor, page_score, word_f1
from hubq.evaluate.scorers.records import read_record, record_f1
from tests.rows import each_row

HTML = "<table><tr><td>a</td></tr></table>"


def score(kind: str, said: str, *golds: str, text: str = "?", **facts: str) -> float:
    question = Question(type=kind, text=text, golds=golds, facts=facts)
    return read_ocrbench(said, question)[1]


@each_row(
    ("kind", "said", "gold", "wanted"),
    [
        ("text recognition en", "It says Exit.", "EXIT", 1),
        ("cognition VQA en", "a b c d e x", "a b c d e f", 10 / 11),
        ("cognition VQA en", "nothing of the sort at all", "a b c d e f", 0),
        ("reasoning VQA cn", "答案是 北京", "北京", 1),
        ("formula recognition en", "$x ^ 2$", "x^2", 1),
        ("formula recognition cn", "x=\\text{高}", "x = 高", 1),
        ("table parsing en", f"```html\n{HTML}\n```", HTML, 1),
        ("table parsing en", "| a |\n|---|\n| 1 |", "| a |\n|---|\n| 1 |", 1),
        ("table parsing cn", "no table", HTML, 0),
        ("chart parsing en", '{"title": "x", "values": {"a": 1}}',
         "{'title': 'x', 'values': {'a': 1}}", 1),
        ("document parsing en", "# A\nb", "# A\n\nc", 1),
        ("key information extraction en", '{"name": "Bob", "x": "1"}',
         "{'name': ['BOB', 'Rob'], 'y': '2'}", 0.5),
        ("handwritten answer extraction cn", "选 A、C", "AC", 1),
        ("full-page OCR cn", "中文测试文字", "中文测试文字", pytest.approx(1, abs=0.01)),
        ("docvqa", "New York", "new york", 1),
        ("chartqa", "102", "100", 1),
        ("ocr_recognition", "abcd", "abce", 0.75),
        ("text recognition en", "<think>Exit</think>", "Exit", 0),
    ],
)  # fmt: skip
def test_each_type_has_its_own_measure(kind: str, said: str, gold: str, wanted: float) -> None:
    assert score(kind, said, gold) == wanted


def test_a_choice_is_read_like_any_other() -> None:
    for said, wanted in (("B", 1), ("The answer is B.", 1), ("B. dog", 1), ("A", 0), ("A or B", 0)):
        assert score("science QA en", said, "B", eval="multiple choice") == wanted
    assert score("diagram QA en", "exit", "Exit", eval="case sensitive") == 0


@each_row(
    ("said", "gold", "way", "wanted"),
    [
        ("There are 3.", "3", "exact match", 1), ("13", "3", "exact match", 0),
        ("4", "5", "regression", 0.8), ("12", "5", "regression", 0),
        ("5 of them", "5", "regression", 1),
        ("none", "5", "regression", 0), ("2", "5", "regression", 0),
    ],
)  # fmt: skip
def test_counts_may_be_near(said: str, gold: str, way: str, wanted: float) -> None:
    assert score("text counting en", said, gold, eval=way) == pytest.approx(wanted)


def test_boxes_are_scored_by_their_overlap() -> None:
    golds = ("10", "10", "20", "30")
    assert score("text grounding en", "I see (1, 1, 2, 2), no: [10, 10, 20, 20]", *golds) == 0.5
    assert score("text grounding en", "(10,10),(20,30)", *golds) == 1.0
    assert score("text grounding en", "there", *golds) == 0.0
    found = '{"answer": "2019", "bbox": [10, 10, 20, 20]}'
    assert score("VQA with position en", found, "2019", bbox="[10, 10, 20, 20]") == 1.0
    assert score("VQA with position en", found, "2020", bbox="[10, 10, 20, 30]") == 0.25


@given(st.tuples(*[st.integers(0, 9)] * 4), st.tuples(*[st.integers(0, 9)] * 4))
def test_overlap_is_symmetric_and_at_most_one(
    first: tuple[int, int, int, int], second: tuple[int, int, int, int]
) -> None:
    assert iou(first, second) == iou(second, first)
    assert 0 <= iou(first, second) <= 1
    assert read_box(str(first)) == first


def test_spotting_asks_for_place_and_text() -> None:
    gold = [Found((0, 0, 10, 10), "EXIT!"), Found((20, 0, 30, 10), "###")]
    assert spotting([Found((0, 0, 10, 9), "Exit")], gold) == 1.0
    assert spotting([Found((0, 0, 10, 4), "Exit")], gold) == 0.0
    assert spotting([*gold[:1], Found((21, 1, 29, 9), "junk")], gold) == 1.0
    assert spotting([*gold[:1], Found((50, 1, 59, 9), "junk")], gold) == pytest.approx(2 / 3)
    boxes, texts = "[[0, 0, 10, 0, 10, 10, 0, 10]]", "['Exit']"
    said = "[(0, 0, 10, 10, 'Exit'), (0, 0, 10, 10, 'Exit')]"
    assert score("text spotting en", said, "x", bbox=boxes, content=texts) == 1.0
    assert score("text spotting en", "Exit", "x", bbox=boxes, content=texts) == 0.0


def test_texts_with_boxes_are_read_from_any_list() -> None:
    wanted = [Found((0, 0, 5, 5), "a, b"), Found((1, 1, 9, 9), "c")]
    assert read_found('[[0, 0, 5, 5, "a, b"], [1, 1, 9, 9, "c"], [9, 9, 1, 1, "d"]]') == wanted
    assert read_found("Texts:\n(0, 0, 5, 5, a, b)\n(1, 1, 9, 9, 'c')") == wanted


def test_the_parts_of_a_page_score_are_as_the_papers_define_them() -> None:
    words = ["the", "cat", "sat", "on", "the", "mat"]
    turned = ["on", "the", "mat", "sat", "the", "cat"]
    assert meteor(words, words) == pytest.approx(1 - 0.5 / 6**3)
    # Every word is there and none beside its neighbour: six chunks of six matches.
    assert meteor(turned, words) == pytest.approx(0.5)
    assert bleu(words, words) == 1.0
    # The example of Papineni et al., with a pair of words repeated: the clipped precision counts.
    assert bleu(["the"] * 4, words) == 0.0
    assert word_f1(["a", "b"], ["b", "c"]) == 0.5
    assert page_score("hello", "hello") == pytest.approx((0 + 0.5 + 1 + 1) / 4)
    assert page_score(" \n", "hello") == 0.0


def test_a_record_is_read_from_json_python_or_lines() -> None:
    for text in (
        '{"a": "1"}',
        "{'a': '1'}",
        '```json\n{"a": "1"}\n```',
        "Here: {'a': '1'}!",
        "a: 1",
    ):
        assert read_record(text) == {"a": "1"}
    assert read_record("nothing") is None
    assert record_f1({"a": "1 ", "b": "x"}, {"a": 1, "b": "y"}) == 0.5
    assert record_f1({}, {"a": "1"}) == 0.0


def test_the_summary_is_a_mean_of_means() -> None:
    scores = [("text spotting en", 1.0), ("text spotting en", 0.0), ("math QA en", 1.0)]
    assert overall(scores)["en"] == {
        "text spotting": 0.5, "mathematical calculation": 1.0, "overall": 0.75,
    }  # fmt: skip
    assert overall([("full-page OCR cn", 0.5)])["cn"]["overall"] == 0.5


def test_all_thirty_types_are_there() -> None:
    names = [name for ability in ABILITIES.values() for name in ability]
    assert len([name for name in names if name.endswith((" en", " cn"))]) == 30
    with pytest.raises(KeyError):
        score("unheard of", "x", "y")


@given(
    st.text("(){}[]'\",:0123456789abB \n<>/tdr|#", max_size=40), st.sampled_from(sorted(MEASURES))
)
def test_no_answer_makes_a_measure_fail(said: str, kind: str) -> None:
    facts = {"bbox": "[0, 0, 5, 5]", "content": "['a']", "eval": ""}
    assert 0 <= score(kind, said, "{'a': '1'}", **facts) <= 1

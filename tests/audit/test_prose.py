from __future__ import annotations

from hubq.audit.document import Document
from hubq.audit.prose import sentences, start_of


def test_sentences_stand_where_they_stand_in_the_file() -> None:
    front = "---\na: b\n---\n\n# Title\n\n"
    text = f"{front}One is 1.5, e.g. this. Two\ngoes on! Three?\n\n- Four vs. Five\n"
    found = [(one.written, one.line, one.heading) for one in sentences(Document(text))]
    assert found == [
        ("One is 1.5, e.g. this.", 7, "Title"),
        ("Two\ngoes on!", 7, "Title"),
        ("Three?", 8, "Title"),
        ("Four vs. Five", 10, "Title"),
    ]


def test_the_line_within_a_sentence_is_known() -> None:
    (found,) = sentences(Document("It goes\non and on\n"))
    assert found.line_of(found.written.index("and")) == 2


def texts(text: str) -> list[str]:
    return [one.text for one in sentences(Document(text))]


def test_a_sentence_is_told_on_one_line_and_in_small_letters() -> None:
    (found,) = sentences(Document("It GOES\non  and on\n"))
    assert (found.written, found.text) == ("It GOES\non  and on", "It GOES on and on")
    assert found.lower == "it goes on and on"


def test_abbreviations_and_numbers_end_no_sentence() -> None:
    assert texts("It beats Claude (59.8 vs. 53.0), i.e. Opus. See Fig. 2 of J. Smith.\n") == [
        "It beats Claude (59.8 vs. 53.0), i.e. Opus.",
        "See Fig. 2 of J. Smith.",
    ]


def test_a_letter_at_the_end_of_a_name_and_etc_do() -> None:
    assert texts("We use Llama-X. It reads books, etc. Then it answers.\n") == [
        "We use Llama-X.",
        "It reads books, etc.",
        "Then it answers.",
    ]


def test_chinese_sentences_end_without_a_space_and_behind_their_brackets() -> None:
    assert texts("它很大。（两者类似。）结果如下：\n") == [
        "它很大。",
        "（两者类似。）",
        "结果如下：",
    ]


def test_no_sentence_goes_on_behind_a_blank_line() -> None:
    assert texts("<p>One&#10; &#10;two</p>\n") == ["One", "two"]


def test_where_a_sentence_begins_is_looked_up_in_the_file() -> None:
    document = Document("# T\n\nOne is here. Two is\nthere, too. `Three` is not.\n")
    assert [start_of(document, one) for one in sentences(document)] == [(3, 1), (3, 14), (4, 13)]


def test_a_sentence_that_does_not_stand_so_in_the_file_begins_its_line() -> None:
    document = Document("A &lt;b&gt; is\n")
    (found,) = sentences(document)
    assert start_of(document, found) == (1, 1)

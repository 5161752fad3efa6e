from __future__ import annotations

from hubq.audit.document import Document
from hubq.audit.prose import sentences


def test_sentences_stand_where_they_stand_in_the_file() -> None:
    front = "---\na: b\n---\n\n# Title\n\n"
    text = f"{front}One is 1.5, e.g. this. Two\ngoes on! Three?\n\n- Four vs. Five\n"
    found = [(one.text, one.line, one.heading) for one in sentences(Document(text))]
    assert found == [
        ("One is 1.5, e.g. this.", 7, "Title"),
        ("Two\ngoes on!", 7, "Title"),
        ("Three?", 8, "Title"),
        ("Four vs. Five", 10, "Title"),
    ]


def test_the_line_within_a_sentence_is_known() -> None:
    (found,) = sentences(Document("It goes\non and on\n"))
    assert found.line_of(found.text.index("and")) == 2

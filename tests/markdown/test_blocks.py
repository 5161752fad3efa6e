"""Blocks are found whole or refused with the line, and know whether they were edited."""

from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from hubq.errors import Refused
from hubq.markdown.blocks import BrokenMarkers, block_hashes, find_blocks, seal
from tests.rows import each_row

CARD = "# T\n\n<!-- hubq:begin a -->\nOne.\n<!-- hubq:end a -->\n\nText\n"
pieces = st.lists(
    st.sampled_from(
        [
            *("text", "", "<!-- hubq:begin a -->", "<!-- hubq:end a -->", "<!-- hubq:begin b -->"),
            *(
                "<!-- hubq:end b -->",
                "  <!--hubq:begin c-->  ",
                "<!-- hubq:end c -->",
                "<!-- x -->",
            ),
            *(
                "| a | b |",
                "\ufeff",
                "\u2028",
                "```",
                "<!-- hubq:begin a sha256:0123456789abcdef -->",
            ),
        ]
    ),
    max_size=12,
)
newlines = st.sampled_from(["\n", "\r\n", "\r"])


def test_sealing_puts_the_hash_of_the_text_into_the_marker() -> None:
    sealed = seal(CARD)
    sha256 = hashlib.sha256(b"One.\n").hexdigest()
    assert f"<!-- hubq:begin a sha256:{sha256[:16]} -->\nOne.\n" in sealed
    assert block_hashes(sealed) == {"a": sha256}
    assert seal(sealed) == sealed


def test_an_edit_is_noticed_and_other_line_ends_are_none() -> None:
    (whole,) = find_blocks(seal(CARD))
    (windows,) = find_blocks(seal(CARD).replace("\n", "\r\n"))
    (edited,) = find_blocks(seal(CARD).replace("One.", "Two."))
    assert whole.is_as_written()
    assert windows.is_as_written()
    assert not edited.is_as_written()


def test_without_a_hash_only_what_was_published_can_tell() -> None:
    (block,) = find_blocks(CARD)
    assert not block.is_as_written()
    assert block.is_as_written(block.hash)
    assert not block.is_as_written("0" * 64)


def test_places_are_those_of_the_markers() -> None:
    text = "\ufeff" + CARD
    (block,) = find_blocks(text)
    assert text[block.start :].startswith("<!-- hubq:begin a -->")
    assert text[: block.end].endswith("<!-- hubq:end a -->")
    assert text[block.text_start : block.text_end] == block.text == "One.\n"
    assert block.line == 3


@each_row(
    ("text", "line", "words"),
    [
        ("x\n<!-- hubq:begin a -->\n", 2, "begins and never ends"),
        ("<!-- hubq:end a -->\n", 1, "ends and never began"),
        (
            "<!-- hubq:begin a -->\n<!-- hubq:begin b -->\n<!-- hubq:end b -->\n",
            2,
            "begins inside 'a'",
        ),
        (f"{CARD}{CARD}", 10, "there twice"),
        ("<!-- hubq:begin -->\n", 1, "no marker that hubq can read"),
        ("\r\n\r\n<!-- hubq:begin a sha256:zz -->\r\n", 3, "no marker that hubq can read"),
        ("<!-- hubq:begin a -->\n<!-- hubq:end b -->\n", 2, "'b' ends and never began"),
    ],
)
def test_broken_markers_are_refused_with_their_line(text: str, line: int, words: str) -> None:
    with pytest.raises(BrokenMarkers, match=words) as caught:
        find_blocks(text)
    assert caught.value.line == line
    assert isinstance(caught.value, Refused)
    assert caught.value.exit_code == 3


def test_words_about_markers_are_no_markers() -> None:
    assert find_blocks("We write `<!-- hubq:begin a -->` there.\n<!-- hubq:beginners -->\n") == ()


@given(lines=pieces, newline=newlines)
def test_any_text_is_sealed_without_another_change(lines: list[str], newline: str) -> None:
    text = newline.join(lines)
    try:
        sealed = seal(text)
    except BrokenMarkers as error:
        line = error.line
        event(f"refused: {error.what.partition(' ')[0]}")
        lines_there = re.split(r"\r\n|\r|\n", text)
        assert "hubq:" in lines_there[line - 1]
        return
    before, after = find_blocks(text), find_blocks(sealed)
    assert [block.text for block in before] == [block.text for block in after]
    assert all(block.is_as_written() for block in after)
    assert _outside(text) == _outside(sealed)


def _outside(text: str) -> list[str]:
    parts, last = [], 0
    for block in find_blocks(text):
        parts.append(text[last : block.start])
        last = block.end
    return [*parts, text[last:]]

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hubq.audit.formats.widths import around, clipped, padded, visible, width_of, wrapped

TEXT = st.text(st.sampled_from("ab |全é\u0301\t\x1b\u202e"), max_size=60)


def test_wide_characters_take_two_columns_and_marks_none() -> None:
    assert [width_of(text) for text in ("ab", "全角", "e\u0301", "a\u200bb")] == [2, 4, 1, 2]


def test_a_text_is_cut_where_it_is_too_wide() -> None:
    assert clipped("abcdef", 6) == "abcdef"
    assert clipped("abcdefg", 6) == "abcde…"
    assert clipped("全全全全", 6) == "全全…"
    assert padded("全全全全", 6) == "全全… "


def test_words_are_wrapped_and_broken_where_they_are_too_wide() -> None:
    assert list(wrapped("one two three", 8)) == ["one two", "three"]
    assert list(wrapped("one two three", 8, hanging=2)) == ["one two", "  three"]
    assert list(wrapped("abcdefghij k", 4)) == ["abcd", "efgh", "ij k"]
    assert list(wrapped("   ", 4)) == []


@given(TEXT, st.integers(8, 30), st.integers(0, 6))
def test_no_line_is_too_wide_and_no_word_is_lost(text: str, width: int, hanging: int) -> None:
    lines = list(wrapped(visible(text), width, hanging))
    assert all(width_of(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(visible(text).split())


@given(TEXT, st.integers(0, 70), st.integers(0, 70), st.integers(12, 40))
def test_a_piece_of_a_line_is_within_what_is_shown(
    line: str, column: int, length: int, width: int
) -> None:
    part, before, shown = around(line, column, length, width)
    assert width_of(part) <= width
    assert bool(shown) == bool(column)
    assert before <= width
    if 0 < column <= len(line) and column + length <= len(line) and length < 4:
        assert before + shown <= width


def test_megabytes_of_one_line_are_no_matter() -> None:
    line = "x" * 5_000_000 + "here" + "y" * 5_000_000
    part, before, shown = around(line, 5_000_001, 4, 40)
    assert part[before : before + shown] == "here"
    assert width_of(part) == 40

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hubq.preview.differences import Comparison, compare


def lines(found: Comparison, side: str) -> list[str]:
    return [
        "".join(piece.text for piece in getattr(line, side))
        for stretch in found.stretches
        for line in stretch.lines
        if getattr(line, f"{side}_number")
    ]


def test_equal_texts_are_the_same() -> None:
    found = compare("a\nb\n", "a\nb\n")
    assert found.same
    assert [stretch.folded for stretch in found.stretches] == [True]


def test_a_changed_line_shows_the_changed_words() -> None:
    found = compare("x\nscore 75.15 points\n", "x\nscore 75.16 points\n")
    line = found.stretches[0].lines[1]
    assert line.kind == "changed"
    assert [piece.text for piece in line.old if piece.changed] == ["15"]
    assert [piece.text for piece in line.new if piece.changed] == ["16"]
    assert (found.added, found.removed) == (1, 1)


def test_unlike_lines_are_removed_and_added() -> None:
    found = compare("something of old\n", "9999\n")
    assert [line.kind for line in found.stretches[0].lines] == ["removed", "added"]


def test_far_unchanged_lines_are_folded_with_the_blocks_in_them() -> None:
    block = "<!-- hubq:begin speed -->\nfast\n<!-- hubq:end speed -->\n"
    old = block + "".join(f"line {number}\n" for number in range(20)) + "end\n"
    found = compare(old, old.replace("end\n", "END\n"))
    assert [stretch.folded for stretch in found.stretches] == [True, False]
    assert found.stretches[0].blocks == ("speed",)
    assert len(found.stretches[1].lines) == 5


def test_line_ends_alone_are_a_difference() -> None:
    found = compare("a\r\nb\r\n", "a\nb\n")
    assert not found.same
    assert found.added == found.removed == 2


@given(st.text("ab \n", max_size=60), st.text("ab \n", max_size=60))
def test_both_sides_can_be_read_off_it(old: str, new: str) -> None:
    found = compare(old, new)
    if old.splitlines() != new.splitlines() or old == new:
        assert lines(found, "old") == old.splitlines()
        assert lines(found, "new") == new.splitlines()
    assert found.same == (old == new)

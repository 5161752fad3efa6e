from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hubq.model.marks import BEGIN, END, MIDDLE, mark, plain, replace_marks, unmark, without_signs

_TEXT = st.text(alphabet=st.characters(exclude_characters=BEGIN + MIDDLE + END))


@given(st.lists(st.tuples(_TEXT, _TEXT, _TEXT)))
def test_marks_come_out_as_they_went_in(parts: list[tuple[str, str, str]]) -> None:
    text = "".join(before + mark(name, shown) for before, name, shown in parts)
    found, spots = unmark(text)
    assert found == plain(text) == "".join(before + shown for before, _, shown in parts)
    assert [spot.claim for spot in spots] == [name for _, name, _ in parts]
    assert [found[spot.start : spot.end] for spot in spots] == [shown for *_, shown in parts]


def test_marks_can_become_something_else() -> None:
    text = f"a loss of {mark('delta.AWQ.a', '2.66')} points"
    assert replace_marks(text, lambda name, shown: f"<{name}|{shown}>") == (
        "a loss of <delta.AWQ.a|2.66> points"
    )


def test_text_from_outside_cannot_hold_a_mark() -> None:
    assert without_signs(mark("x", "1")) == "pa1"

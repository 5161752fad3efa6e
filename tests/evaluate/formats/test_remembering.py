"""What short texts gave is remembered; what long ones gave is not."""

from __future__ import annotations

from hubq.evaluate.formats.remembering import LONGEST, once, remembered


def test_short_texts_are_remembered_and_long_ones_are_not() -> None:
    asked: list[str] = []

    @remembered
    def length(text: str) -> int:
        asked.append(text)
        return len(text)

    short, long = "a" * LONGEST, "a" * (LONGEST + 1)
    assert [length(short), length(short), length(long), length(long)] == [120, 120, 121, 121]
    assert asked == [short, long, long]


def test_a_property_is_worked_out_once_for_each_value() -> None:
    asked: list[str] = []

    class Label:
        def __init__(self, text: str) -> None:
            self.text = text

        @once
        def size(self) -> int:
            """How long it is."""
            asked.append(self.text)
            return len(self.text)

    first, second = Label("a"), Label("bc")
    assert [first.size, first.size, second.size, second.size] == [1, 1, 2, 2]
    assert asked == ["a", "bc"]
    assert Label.size.__doc__ == "How long it is."

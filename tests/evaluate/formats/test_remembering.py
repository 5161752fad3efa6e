"""What short texts gave is remembered; what long ones gave is not."""

from __future__ import annotations

from hubq.evaluate.formats.remembering import LONGEST, remembered


def test_short_texts_are_remembered_and_long_ones_are_not() -> None:
    asked: list[str] = []

    @remembered
    def length(text: str) -> int:
        asked.append(text)
        return len(text)

    short, long = "a" * LONGEST, "a" * (LONGEST + 1)
    assert [length(short), length(short), length(long), length(long)] == [120, 120, 121, 121]
    assert asked == [short, long, long]

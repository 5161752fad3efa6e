"""Tests of hubq.evaluate.formats.notes."""

from __future__ import annotations

from hubq.evaluate.formats.notes import notes_of, split_label, split_marks
from hubq.evaluate.published import tables_of
from tests.rows import each_row

PAGE = """
| Recipe | GSM8K | MMLU |
|---|---|---|
| FP16 | 0.460 | 0.367 |
| sq | 0.055 | OOM1 |
| sq-ph† | 0.330 | running<sup>2</sup> |
| sq-q | 0.300 | failed[^x] |

1 ran out of memory
2 still going
2024 was a year
1. the first step

† from an older run

# Next

1 belongs to another table

[^x]: A note of the page.
"""


def test_the_lines_under_a_table_are_its_notes() -> None:
    (table,) = tables_of(PAGE, "page.md")
    assert table.notes == {
        "1": "ran out of memory",
        "2": "still going",
        "†": "from an older run",
    }


def test_notes_in_html_are_read_too() -> None:
    page = (
        "<table><tr><th>a</th><th>MMLU</th></tr><tr><td>BF16</td><td>70.1<sup>*</sup></td></tr>"
        "<tr><td>AWQ</td><td>69.0</td></tr></table><p><sup>*</sup> with a longer prompt</p>"
    )
    (table,) = tables_of(page, "page.html")
    assert table.notes == {"*": "with a longer prompt"}


@each_row(
    ("line", "note"),
    [
        ("¹ why", {"1": "why"}),
        ("[1] why", {"1": "why"}),
        ("1: why", {"1": "why"}),
        ("1. why", {}),
        ("12 items", {}),
        ("†why", {"†": "why"}),
        ("*why", {"*": "why"}),
        ("a) why", {"a": "why"}),
    ],
)
def test_a_note_begins_with_its_sign(line: str, note: dict[str, str]) -> None:
    assert notes_of([line], frozenset({"1", "†", "*", "a"})) == note


def test_signs_behind_a_label_are_no_part_of_it() -> None:
    assert split_label("VLMQ‡") == ("VLMQ", ("‡",))
    assert split_label("LI Ratio♣") == ("LI Ratio", ("♣",))
    assert split_label("Qwen2-VL") == ("Qwen2-VL", ())
    assert split_label("*") == ("*", ())


def test_marks_that_stand_together_are_several() -> None:
    assert split_marks(("1,2", "†‡")) == ("1", "2", "†", "‡")
    assert split_marks(("**",)) == ("**",)

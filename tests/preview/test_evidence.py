from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hubq.preview.evidence import Place, Row, read_place, rows
from tests.rows import each_row


def pointed(found: tuple[Row, ...]) -> list[str]:
    return [f"{row.name} {row.value}" for row in found if row.pointed]


@each_row(
    ("document", "pointer", "wanted"),
    [
        ({"a": 1, "b": 2}, "/b", '"b": 2'),
        ({"a": {"b": [1, 2.5, 3]}}, "/a/b/1", "1: 2.5,"),
        ({"a/b": {"c~d": 7}}, "/a~1b/c~0d", '"c~d": 7'),
        ([[1, 2], [3, 4]], "/1/0", "0: 3,"),
    ],
)
def test_the_number_that_is_asked_for_is_marked(document: Any, pointer: str, wanted: str) -> None:
    assert pointed(rows(document, pointer)) == [wanted]


def test_a_pointer_to_nothing_marks_nothing() -> None:
    assert pointed(rows({"a": {"b": 1}}, "/a/c")) == []
    assert pointed(rows({"a": 1}, "/x/y")) == []


def test_long_lists_and_what_stands_beside_are_folded() -> None:
    found = rows({"far": {"x": 1, "y": 2}, "list": list(range(1000))}, "/list/500")
    assert pointed(found) == ["500: 500,"]
    assert len(found) < 40
    folded = [row.value for row in found if row.folded]
    assert folded == ["{ … 2 },", "… 488 more before", "… 487 more after"]


def test_a_file_of_lines_is_a_list(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1}\n\n{"a": 2}\n')
    place = Place(key="self", file="a.jsonl", stage="card", path=path)
    assert pointed(rows(read_place(place), "/1/a")) == ['"a": 2']


@pytest.mark.parametrize("content", [b"{", b"\xff", None])
def test_what_cannot_be_read_is_nothing(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.json"
    if content is not None:
        path.write_bytes(content)
    assert read_place(Place(key="self", file="a.json", stage="card", path=path)) is None
    assert read_place(Place(key="self", file="a.json", stage="card", path=None)) is None

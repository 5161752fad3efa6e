from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubq.errors import BadInput
from hubq.model.recipe import Calibration
from hubq.quantize import calibration
from hubq.quantize.calibration import Row

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(20)).decode()
ROWS = tuple(Row(id=f"r{k}", image=PNG, question=f"What is {k}?", answer=str(k)) for k in range(20))


def wanted(samples: int, seed: int = 0, modality: str = "image-text") -> Calibration:
    return Calibration(dataset="c.jsonl", samples=samples, seed=seed, modality=modality)  # type: ignore[arg-type]


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def test_a_draw_depends_on_the_seed_and_not_on_the_order_of_the_file() -> None:
    drawn = calibration.draw(ROWS, wanted(8))
    assert len(drawn) == 8
    assert drawn == calibration.draw(ROWS[::-1], wanted(8))
    assert drawn != calibration.draw(ROWS, wanted(8, seed=1))


@given(st.integers(1, 20), st.integers(0, 5))
def test_a_larger_draw_contains_the_smaller_one(samples: int, seed: int) -> None:
    whole = calibration.draw(ROWS, wanted(20, seed))
    assert calibration.draw(ROWS, wanted(samples, seed)) == whole[:samples]


def test_text_rows_are_drawn_without_their_images() -> None:
    drawn = calibration.draw(ROWS, wanted(5, modality="text"))
    assert {row.image for row in drawn} == {None}


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(BadInput, match=r"c\.jsonl: 21 samples asked for, there are 20 rows"):
        calibration.draw(ROWS, wanted(21))


def test_rows_are_read_with_and_without_images_and_answers(tmp_path: Path) -> None:
    path = write(
        tmp_path / "c.jsonl",
        {"id": "a", "image": PNG, "question": "?", "answer": "!"},
        {"id": "b", "image": None, "question": "?"},
    )
    first, second = calibration.read(path)
    assert (first.image, first.answer) == (PNG, "!")
    assert (second.image, second.answer) == (None, None)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"question": "?"}, "missing required field `id`"),
        ({"id": "b", "question": " "}, "the question is empty"),
        ({"id": "b", "question": "?", "image": "%%%"}, "not base64"),
        ({"id": "b", "question": "?", "image": "AAAA"}, "no PNG, JPEG"),
        ({"id": "a", "question": "?"}, "id 'a' is there twice"),
    ],
)
def test_a_bad_row_is_named_by_its_line(tmp_path: Path, row: object, said: str) -> None:
    path = write(tmp_path / "c.jsonl", {"id": "a", "question": "?"}, row)
    with pytest.raises(BadInput, match=rf"c\.jsonl:2: .*{said}"):
        calibration.read(path)


def test_a_dataset_that_is_missing_or_empty_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        calibration.read(tmp_path / "none.jsonl")
    with pytest.raises(BadInput, match="no calibration rows"):
        calibration.read(write(tmp_path / "empty.jsonl"))


def test_prepared_rows_are_the_draw_and_say_which_rows_they_are(tmp_path: Path) -> None:
    dataset = write(tmp_path / "c.jsonl", *[{"id": r.id, "question": r.question} for r in ROWS])
    calibration.prepare(wanted(3), dataset, tmp_path / "made")
    about = json.loads((tmp_path / "made" / calibration.ABOUT).read_text())
    rows = calibration.read(tmp_path / "made" / calibration.ROWS)
    assert [row["id"] for row in about["rows"]] == [row.id for row in rows]
    assert [row["sha256"] for row in about["rows"]] == [row.content for row in rows]
    assert about["digest"] == calibration.rows_digest(rows)

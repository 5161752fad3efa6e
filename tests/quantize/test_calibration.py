from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubq.errors import BadInput
from hubq.model.recipe import Calibration
from hubq.quantize import calibration
from hubq.quantize.rows import Row
from tests.quantize.drawing import drawn, png, saved, text

PNG = text(png())
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


def test_prepared_rows_are_the_draw_and_say_which_rows_they_are(tmp_path: Path) -> None:
    dataset = write(tmp_path / "c.jsonl", *[{"id": r.id, "question": r.question} for r in ROWS])
    calibration.prepare(wanted(3), dataset, tmp_path / "made")
    about = json.loads((tmp_path / "made" / calibration.ABOUT).read_text())
    rows = calibration.prepared(tmp_path / "made")
    assert [row["id"] for row in about["rows"]] == [row.id for row in rows]
    assert [row["sha256"] for row in about["rows"]] == [row.content for row in rows]
    assert about["digest"] == calibration.rows_digest(rows)


def test_a_large_dataset_is_drawn_from_without_being_kept() -> None:
    rows = (Row(id=str(k), question=f"What is {k}?") for k in range(3000))
    drawn_rows = calibration.draw(rows, wanted(5))
    whole = [Row(id=str(k), question=f"What is {k}?") for k in range(3000)]
    assert drawn_rows == calibration.draw(whole[::-1], wanted(5))


def test_a_drawn_picture_that_is_damaged_is_refused_before_a_worker_meets_it(
    tmp_path: Path,
) -> None:
    cut = saved(drawn(1), "JPEG", quality=90)[:-300]
    dataset = write(tmp_path / "c.jsonl", {"id": "a", "image": text(cut), "question": "?"})
    with pytest.raises(BadInput, match=r"c\.jsonl: row 'a': the image: a damaged picture"):
        calibration.prepare(wanted(1), dataset, tmp_path / "made")
    calibration.prepare(wanted(1, modality="text"), dataset, tmp_path / "made")


def test_prepared_rows_that_are_damaged_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"rows\.jsonl"):
        calibration.prepared(tmp_path)
    (tmp_path / calibration.ROWS).write_text("{")
    with pytest.raises(BadInput, match=r"rows\.jsonl"):
        calibration.prepared(tmp_path)


def test_the_programs_digest_is_that_of_what_decides_about_rows() -> None:
    assert len(calibration.program_digest()) == 64

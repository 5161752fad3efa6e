from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from hubq.errors import BadInput
from hubq.model.recipe import Calibration
from hubq.quantize import rows
from hubq.quantize.rows import Row
from tests.fakes import write_files
from tests.quantize.drawing import drawn, png, saved, text

PNG = text(png())
JPEG = saved(drawn(2), "JPEG", quality=80)


def wanted(**changes: Any) -> Calibration:
    return Calibration(**{"dataset": "c", **changes})


def jsonl(path: Path, *found: object) -> Path:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in found), encoding="utf-8")
    return path


def one(path: Path, found: dict[str, Any], **changes: Any) -> Row:
    (row,) = rows.read(jsonl(path / "c.jsonl", found), wanted(**changes))
    return row


def test_rows_are_read_with_and_without_images_and_answers(tmp_path: Path) -> None:
    path = jsonl(
        tmp_path / "c.jsonl",
        {"id": "a", "image": PNG, "question": "?", "answer": "!"},
        {"id": 7, "image": None, "question": "?"},
    )
    assert rows.read(path, wanted()) == (
        Row(id="a", image=PNG, question="?", answer="!"),
        Row(id="7", question="?"),
    )


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"id": "b", "question": " ", "answer": "x"}, "there is no question"),
        ({"id": "b", "question": "?", "image": "%%%"}, "the image: not base64"),
        ({"id": "b", "question": "?", "image": "AAAA"}, "the image: no PNG, JPEG"),
        ({"id": "b", "question": "?", "image": text(png()[:20])}, "the image: "),
        ({"id": "b", "question": "?", "image": "a/b.png"}, "metadata.jsonl"),
        ({"id": "b", "question": "?", "image": [PNG, PNG]}, "2 images; a calibration row has one"),
        ({"id": "b", "question": "?", "image": 5}, "the image: neither bytes nor text"),
        ({"id": "b", "question": {"a": 1}}, "the question is no text"),
        ({"id": "b", "question": "?", "answer": True}, "the answer is no text"),
        ({"id": [], "question": "?"}, "the id is no text and no number"),
        ({"id": "a", "question": "?"}, "id 'a' is there twice"),
        ([], "not a JSON object"),
    ],
)
def test_a_bad_row_is_named_by_its_line(tmp_path: Path, row: object, said: str) -> None:
    path = jsonl(tmp_path / "c.jsonl", {"id": "a", "question": "?"}, row)
    with pytest.raises(BadInput, match=rf"c\.jsonl:2: .*{said}"):
        rows.read(path, wanted())


def test_rows_without_ids_are_named_by_their_place_and_empty_ones_are_passed_over(
    tmp_path: Path,
) -> None:
    path = jsonl(tmp_path / "c.jsonl", {"question": "a"}, {"question": ""}, {"question": "b"})
    assert [row.id for row in rows.read(path, wanted())] == ["row-000001", "row-000003"]
    path = jsonl(tmp_path / "c.jsonl", {"id": 1, "question": "a"}, {"id": 1, "question": "b"})
    named = rows.read(path, wanted(columns={"id": ""}))
    assert [row.id for row in named] == ["row-000001", "row-000002"]


def test_a_dataset_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there are no calibration rows"):
        rows.read(jsonl(tmp_path / "c.jsonl", {"question": " "}), wanted())


def test_columns_are_found_by_the_recipes_names_for_them(tmp_path: Path) -> None:
    found = {"key": "k", "pic": [PNG], "prompt": "?", "captions": ["first", "second"]}
    named = {"id": "key", "image": "pic", "question": "prompt", "answer": "captions"}
    assert one(tmp_path, found, columns=named) == Row(
        id="k", image=PNG, question="?", answer="first"
    )


def test_a_column_that_no_row_has_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no row has the column 'pic'") as caught:
        one(tmp_path, {"question": "?", "picture": PNG}, columns={"image": "pic"})
    assert "calibration.columns.image" in caught.value.remedy
    with pytest.raises(BadInput, match=r"there is no question \(columns: text\)"):
        one(tmp_path, {"text": "words"})


def test_captions_are_answers_to_the_recipes_question(tmp_path: Path) -> None:
    row = one(
        tmp_path, {"caption": "A cat."}, columns={"answer": "caption"}, question="What is it?"
    )
    assert (row.question, row.answer) == ("What is it?", "A cat.")
    own = one(tmp_path, {"question": "Own?"}, question="What is it?")
    assert own.question == "Own?"


@pytest.mark.parametrize(
    "turns",
    [
        [
            {"from": "human", "value": "<image>\nWhat is it?"},
            {"from": "gpt", "value": "A cat."},
            {"from": "human", "value": "Sure?"},
        ],
        [
            {"role": "system", "content": "Be brief."},
            {
                "role": "user",
                "content": [{"type": "image"}, {"type": "text", "text": "What is it?"}],
            },
            {"role": "assistant", "content": "A cat."},
        ],
    ],
)
def test_the_first_exchange_of_a_conversation_is_taken(tmp_path: Path, turns: list[Any]) -> None:
    row = one(tmp_path, {"image": PNG, "turns": turns}, columns={"question": "turns"})
    assert (row.image, row.question, row.answer) == (PNG, "What is it?", "A cat.")
    asked = next(k for k, turn in enumerate(turns) if "What" in str(turn))
    unanswered = one(tmp_path, {"turns": turns[: asked + 1]}, columns={"question": "turns"})
    assert (unanswered.question, unanswered.answer) == ("What is it?", None)


def test_a_conversation_in_which_nobody_asks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="nobody asks in the conversation"):
        one(tmp_path, {"question": [{"role": "assistant", "content": "A"}]})
    with pytest.raises(BadInput, match="is no object"):
        one(tmp_path, {"question": ["A", "B"]})


def test_pictures_of_parquet_files_are_read_as_the_hub_has_them(tmp_path: Path) -> None:
    found = [
        {"image": {"bytes": png(1), "path": None}, "question": "?"},
        {"image": {"bytes": JPEG, "path": "a.jpg"}, "question": "?"},
        {"image": None, "question": "?"},
    ]
    parquet.write_table(pa.Table.from_pylist(found), tmp_path / "c.parquet")
    read = rows.read(tmp_path / "c.parquet", wanted())
    assert [row.picture for row in read] == [png(1), JPEG, None]


def test_a_picture_of_a_parquet_file_that_lies_elsewhere_is_refused(tmp_path: Path) -> None:
    found = [{"image": {"bytes": None, "path": "a.jpg"}, "question": "?"}]
    parquet.write_table(pa.Table.from_pylist(found), tmp_path / "c.parquet")
    with pytest.raises(BadInput, match=r"c\.parquet: row 1: the image: a\.jpg lies in another"):
        rows.read(tmp_path / "c.parquet", wanted())


def test_a_folder_of_captioned_pictures_is_read(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.png": png(1), "a.txt": b"One.", "b.png": png(2), "b.txt": b"Two."})
    read = rows.read(tmp_path, wanted(question="What is it?"))
    assert read[1] == Row(id="b", image=text(png(2)), question="What is it?", answer="Two.")
    with pytest.raises(BadInput, match=r"a\.png: there is no question") as caught:
        rows.read(tmp_path, wanted())
    assert "calibration.question" in caught.value.remedy


def test_a_folder_with_a_metadata_table_reads_the_pictures_it_names(tmp_path: Path) -> None:
    write_files(tmp_path, {"in/a.png": png(1)})
    jsonl(tmp_path / "metadata.jsonl", {"file_name": "in/a.png", "text": "One."})
    (row,) = rows.read(tmp_path, wanted(question="?", columns={"answer": "text"}))
    assert (row.picture, row.answer) == (png(1), "One.")


@pytest.mark.parametrize("name", ["none.png", "../outside.png", "in"])
def test_a_table_names_only_pictures_inside_of_its_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "set"
    write_files(tmp_path, {"outside.png": png(), "set/in/a.png": png()})
    jsonl(folder / "metadata.jsonl", {"file_name": name, "question": "?"})
    with pytest.raises(BadInput, match=r"metadata\.jsonl:1: the image: .*(outside|not there)"):
        rows.read(folder, wanted())


def test_text_alone_leaves_pictures_unread(tmp_path: Path) -> None:
    row = one(tmp_path, {"image": "damaged", "question": "?"}, modality="text")
    assert row.image is None


def test_a_text_file_holds_questions_or_answers_to_the_recipes_question(tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_text("One.\n\nTwo.\n")
    first, second = rows.read(tmp_path / "c.txt", wanted())
    assert (first.question, first.answer, second.id) == ("One.", None, "row-000002")
    first, _ = rows.read(tmp_path / "c.txt", wanted(question="Go on."))
    assert (first.question, first.answer) == ("Go on.", "One.")


SIDE = Path(__file__).resolve().parents[2] / "hubq" / "side"
HASH = (
    "import json,sys; sys.path.insert(0, sys.argv[1]); import calibration_rows; "
    "print(json.dumps([calibration_rows.content_digest(row) for row in json.load(sys.stdin)]))"
)


@given(st.lists(st.tuples(st.text(), st.none() | st.text()), min_size=20, max_size=20))
def test_the_content_hash_ignores_the_id_and_nothing_else(
    pairs: list[tuple[str, str | None]],
) -> None:
    contents = {Row(id="a", question=q, answer=a).content for q, a in pairs}
    assert contents == {Row(id="b", question=q, answer=a).content for q, a in pairs}
    assert len(contents) == len(set(pairs))


def test_workers_name_a_row_by_the_same_hash() -> None:
    odd = [chr(k) for k in (*range(0x20), 0x22, 0x2F, 0x5C, 0x7F, 0x80, 0x2028, 0xFEFF, 0x1F600)]
    found = [Row(id=str(k), question=f"a{c}b", answer=c, image=PNG) for k, c in enumerate(odd)]
    plain = [{"question": r.question, "answer": r.answer, "image": r.image} for r in found]
    said = subprocess.run(
        [sys.executable, "-c", HASH, str(SIDE)],
        input=json.dumps(plain),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(said.stdout) == [row.content for row in found]

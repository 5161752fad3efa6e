from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from hubq.errors import BadInput
from hubq.quantize import tables
from tests.fakes import write_files

CELLS = st.dictionaries(
    st.text(min_size=1, max_size=5), st.none() | st.integers(0, 9) | st.text(), max_size=4
)


def cells(path: Path) -> list[dict[str, Any]]:
    return [dict(record.cells) for record in tables.records(path)]


@given(st.lists(CELLS, max_size=5))
def test_what_was_written_as_jsonl_or_json_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    (folder / "a.jsonl").write_text("".join(f"{json.dumps(row)}\n\n" for row in rows))
    (folder / "a.json").write_text(json.dumps(rows))
    assert cells(folder / "a.jsonl") == rows
    assert cells(folder / "a.json") == rows


@given(st.lists(st.fixed_dictionaries({"q": st.text(), "n": st.integers(0, 9)}), min_size=1))
def test_what_was_written_as_parquet_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    file = tmp_path_factory.mktemp("rows") / "a.parquet"
    parquet.write_table(pa.Table.from_pylist(rows), file)
    assert cells(file) == rows
    found = list(tables.records(file, frozenset({"q"})))
    assert [dict(record.cells) for record in found] == [{"q": row["q"]} for row in rows]
    assert set(found[0].columns) == {"q", "n"}


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv", "a.parquet", "a.txt"])
@given(raw=st.binary(max_size=80))
def test_any_bytes_are_rows_or_refused(
    tmp_path_factory: pytest.TempPathFactory, name: str, raw: bytes
) -> None:
    file = tmp_path_factory.mktemp("rows") / name
    file.write_bytes(raw)
    with contextlib.suppress(BadInput):
        assert all(name in record.where for record in tables.records(file))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.jsonl", '{"q": 1}\n[1]\n', r"a\.jsonl:2: not a JSON object: Expected `object`"),
        ("a.json", '{"q": 1}', r"a\.json: not a JSON list of objects"),
        ("a.csv", "q,a\n1,2\n1\n", r"a\.csv: row 2: wrong number of columns"),
        ("a.parquet", "PAR1", r"a\.parquet: not a Parquet file"),
        ("a.bin", "?", r"a\.bin: of no form that can be read"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(BadInput, match=said):
        cells(tmp_path / name)


def test_a_text_is_read_by_paragraphs_and_without_empty_lines_by_lines(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("One\ntwo.\n \nThree.\n\n\n")
    (tmp_path / "b.txt").write_text("One\ntwo.\n")
    assert cells(tmp_path / "a.txt") == [{"text": "One\ntwo."}, {"text": "Three."}]
    assert cells(tmp_path / "b.txt") == [{"text": "One"}, {"text": "two."}]
    where = [record.where for record in tables.records(tmp_path / "a.txt")]
    assert where[1] == f"{tmp_path}/a.txt: paragraph 2"


def test_a_folder_of_pictures_has_its_captions_beside_them(tmp_path: Path) -> None:
    write_files(
        tmp_path,
        {"b.png": b"", "sub/a.v2.JPG": b"", "b.txt": b"Blue.\n", "sub/a.v2.txt": b"A.", ".x": b""},
    )
    assert cells(tmp_path) == [
        {"id": "b", "file_name": "b.png", "text": "Blue."},
        {"id": "sub/a.v2", "file_name": "sub/a.v2.JPG", "text": "A."},
    ]
    assert {record.folder for record in tables.records(tmp_path)} == {tmp_path}


def test_a_picture_without_a_caption_of_its_own_is_named(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.png": b"", "a.txt": b"A", "b.png": b""})
    with pytest.raises(BadInput, match=r"b\.png: no caption"):
        cells(tmp_path)
    write_files(tmp_path, {"a.jpg": b"", "b.txt": b"B"})
    with pytest.raises(BadInput, match=r"a\.jpg: not the only one of its name"):
        cells(tmp_path)


def test_a_folder_with_a_metadata_table_is_read_by_that(tmp_path: Path) -> None:
    line = b'{"file_name": "a.png", "text": "A"}\n'
    write_files(tmp_path, {"a.png": b"", "b.png": b"", "metadata.jsonl": line, "README.md": b""})
    (record,) = tables.records(tmp_path)
    assert (record.cells["text"], record.folder) == ("A", tmp_path)


def test_tables_of_a_folder_or_a_pattern_are_read_in_the_order_of_their_names(
    tmp_path: Path,
) -> None:
    write_files(
        tmp_path, {f"t-{k}.jsonl": b'{"k": %d}\n' % k for k in (2, 0, 1)} | {"README.md": b"# T"}
    )
    assert cells(tmp_path) == [{"k": 0}, {"k": 1}, {"k": 2}]
    assert cells(tmp_path / "t-[01].jsonl") == [{"k": 0}, {"k": 1}]


def test_a_folder_of_mixed_or_no_tables_is_refused(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.jsonl": b"", "b.csv": b""})
    with pytest.raises(BadInput, match="neither pictures nor tables of one form"):
        cells(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="there are no files"):
        cells(tmp_path / "empty")
    for missing in ("none.jsonl", "none-*.jsonl"):
        with pytest.raises(BadInput, match=r"no such file|there are no files"):
            cells(tmp_path / missing)

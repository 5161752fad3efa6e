from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hubq.errors import BadInput
from hubq.quantize import headers
from tests.fakes import write_raw, write_safetensors

SHARDS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
FILES = settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def write_index(folder: Path, places: dict[str, str]) -> None:
    (folder / headers.INDEX).write_text(json.dumps({"metadata": {}, "weight_map": places}))


def sharded(folder: Path) -> Path:
    write_safetensors(folder / SHARDS[0], {"a": (2, 3)})
    write_safetensors(folder / SHARDS[1], {"b": (4,)})
    write_index(folder, {"a": SHARDS[0], "b": SHARDS[1]})
    return folder


def shapes_of(folder: Path) -> dict[str, tuple[int, ...]]:
    return {name: tensor.shape for name, tensor in headers.read_tensors(folder).items()}


def test_a_header_says_type_shape_and_size_of_each_tensor(tmp_path: Path) -> None:
    path = write_safetensors(tmp_path / "m.safetensors", {"a": (2, 3), "b": ()})
    header = headers.read_header(path)
    assert {name: tensor.shape for name, tensor in header.items()} == {"a": (2, 3), "b": ()}
    assert (header["a"].dtype, header["a"].elements, header["a"].bytes) == ("BF16", 6, 12)
    assert header["b"].elements == 1


def test_a_truncated_file_is_refused_with_both_sizes(tmp_path: Path) -> None:
    path = write_safetensors(tmp_path / "m.safetensors", {"a": (2, 3)})
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    with pytest.raises(BadInput, match=f"has {len(whole) - 5} bytes where .* {len(whole)}"):
        headers.read_header(path)


@pytest.mark.parametrize("raw", [b"", b"PK\x03\x04", b"\xff" * 40, struct.pack("<Q", 2) + b"[]"])
def test_what_is_no_safetensors_file_is_refused(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(raw)
    with pytest.raises(BadInput, match="not a safetensors file"):
        headers.read_header(path)


@pytest.mark.parametrize(
    ("entry", "match"),
    [
        ({"dtype": "BF16", "shape": [3], "data_offsets": [0, 4]}, "4 bytes, which is no 3 of BF16"),
        ({"dtype": "BF16", "shape": [2], "data_offsets": [4, 8]}, "at 4 where 0 is expected"),
        ({"dtype": "X9", "shape": [2], "data_offsets": [0, 4]}, "unknown type 'X9'"),
        ({"dtype": "BF16", "shape": [-2], "data_offsets": [0, 4]}, "not a safetensors file"),
        ({"dtype": "BF16", "shape": [2]}, "not a safetensors file"),
    ],
)
def test_a_tensor_that_is_not_where_its_shape_says_is_refused(
    tmp_path: Path, entry: dict[str, Any], match: str
) -> None:
    path = write_raw(tmp_path / "m.safetensors", {"a": entry}, 8)
    with pytest.raises(BadInput, match=match):
        headers.read_header(path)


def test_overlapping_tensors_are_refused(tmp_path: Path) -> None:
    entry = {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}
    path = write_raw(tmp_path / "m.safetensors", {"a": entry, "b": entry}, 4)
    with pytest.raises(BadInput, match="b is at 0 where 4 is expected"):
        headers.read_header(path)


def test_what_a_header_says_of_the_whole_file_is_text_or_it_is_refused(tmp_path: Path) -> None:
    entry = {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}
    raw = json.dumps({"__metadata__": {"format": "pt"}, "a": entry}).encode()
    tensors, about = headers.parse(raw)
    assert about == {"format": "pt"}
    assert tensors["a"] == headers.Tensor(dtype="U8", shape=(4,), start=0, end=4)
    path = write_raw(tmp_path / "m.safetensors", {"__metadata__": {"format": 1}, "a": entry}, 4)
    with pytest.raises(BadInput, match="not a safetensors file: Expected `str`"):
        headers.read_header(path)


def test_deeply_nested_json_is_refused(tmp_path: Path) -> None:
    raw = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    path = tmp_path / "m.safetensors"
    path.write_bytes(struct.pack("<Q", len(raw)) + raw)
    with pytest.raises(BadInput, match="not a safetensors file"):
        headers.read_header(path)


@FILES
@given(st.binary(max_size=200))
def test_garbage_is_refused_and_nothing_else_happens(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(raw)
    with pytest.raises(BadInput):
        headers.read_header(path)


@FILES
@given(position=st.integers(0, 400), byte=st.integers(0, 255), cut=st.integers(0, 400))
def test_a_damaged_file_is_read_or_refused(
    tmp_path: Path, position: int, byte: int, cut: int
) -> None:
    path = write_safetensors(tmp_path / "m.safetensors", {"layers.0.w": (2, 3), "b": (4,)})
    raw = bytearray(path.read_bytes())
    raw[position % len(raw)] = byte
    path.write_bytes(raw[: len(raw) - cut] if cut < 40 else raw)
    try:
        header = headers.read_header(path)
    except BadInput:
        return
    assert all(
        tensor.bytes * 8 == tensor.elements * headers.BITS[tensor.dtype]
        for tensor in header.values()
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["dtype", "shape", "data_offsets", "a", "weight_map"]), inner
        )
    ),
    max_leaves=12,
)


@FILES
@given(JSON)
def test_headers_and_indexes_of_any_json_are_read_or_refused(tmp_path: Path, value: object) -> None:
    path = write_raw(tmp_path / "m.safetensors", value, 0)
    (tmp_path / headers.INDEX).write_text(json.dumps(value))
    for read, target in ((headers.read_header, path), (headers.read_tensors, tmp_path)):
        try:
            read(target)
        except BadInput:
            continue


def test_shards_are_read_together(tmp_path: Path) -> None:
    folder = sharded(tmp_path)
    assert shapes_of(folder) == {"a": (2, 3), "b": (4,)}
    assert [path.name for path in headers.weight_files(folder)] == list(SHARDS)


def test_one_whole_file_goes_before_an_index_as_in_transformers(tmp_path: Path) -> None:
    write_safetensors(sharded(tmp_path) / headers.WEIGHTS, {"c": (5,)})
    assert shapes_of(tmp_path) == {"c": (5,)}


def test_files_that_the_index_does_not_name_are_ignored_as_in_transformers(tmp_path: Path) -> None:
    write_safetensors(sharded(tmp_path) / "consolidated.safetensors", {"a": (2, 3)})
    assert set(shapes_of(tmp_path)) == {"a", "b"}


def test_weights_of_another_name_are_refused(tmp_path: Path) -> None:
    write_safetensors(tmp_path / "weights.safetensors", {"a": (2, 3)})
    with pytest.raises(BadInput, match=r"neither model\.safetensors nor model\.safetensors\.index"):
        shapes_of(tmp_path)


@pytest.mark.parametrize("name", ["model-00003-of-00003.safetensors", "../secret.safetensors", ""])
def test_an_index_that_names_a_file_that_is_not_there_is_refused(tmp_path: Path, name: str) -> None:
    write_index(sharded(tmp_path), {"a": SHARDS[0], "b": name})
    with pytest.raises(BadInput, match=f"names {name}, which is not there"):
        shapes_of(tmp_path)


def test_an_index_that_names_another_shard_than_holds_the_tensor_is_refused(tmp_path: Path) -> None:
    write_index(sharded(tmp_path), {"a": SHARDS[1], "b": SHARDS[1]})
    write_safetensors(tmp_path / SHARDS[1], {"b": (4,)})
    with pytest.raises(BadInput, match=r"weight_map says a is in .*00002.*; it is in no file"):
        shapes_of(tmp_path)


def test_a_tensor_that_is_missing_in_the_index_is_named(tmp_path: Path) -> None:
    folder = sharded(tmp_path)
    write_safetensors(folder / SHARDS[1], {"b": (4,), "extra": (1,)})
    with pytest.raises(
        BadInput, match=f"weight_map says extra is in no file; it is in {SHARDS[1]}"
    ):
        shapes_of(folder)


def test_a_tensor_in_two_shards_is_refused(tmp_path: Path) -> None:
    folder = sharded(tmp_path)
    write_safetensors(folder / SHARDS[1], {"b": (4,), "a": (2, 3)})
    with pytest.raises(BadInput, match=f"{SHARDS[1]}: a is in {SHARDS[0]} too"):
        shapes_of(folder)


@pytest.mark.parametrize("text", ["", "{}", '{"weight_map": []}', '{"weight_map": {}}', "[[["])
def test_an_index_that_is_no_index_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / headers.INDEX).write_text(text)
    with pytest.raises(BadInput, match=r"index\.json: "):
        shapes_of(tmp_path)

"""Weight files, and the indexes that name them."""

from __future__ import annotations

from hubq.audit.shards import indexes_of, sets_of
from tests.audit.cases import case


def test_an_index_names_files_of_its_own_folder() -> None:
    raw = {"metadata": {"total_size": 9.0}, "weight_map": {"a": "x.safetensors", "b": 3}}
    (one,) = indexes_of(case(texts={"unet/model.safetensors.index.json": raw}))
    assert (one.files, one.total) == (("unet/x.safetensors",), 9)
    assert one.single == "unet/model.safetensors"


def test_what_is_no_index_is_left_out() -> None:
    texts = {"a.index.json": "{", "b.index.json": {"weight_map": {}}, "c.index.json": [1]}
    assert not indexes_of(case(texts=texts))


def test_numbered_files_are_sets() -> None:
    files = dict.fromkeys(
        ("m-00001-of-00003.safetensors", "m-00003-of-00003.safetensors", "m-1-of-3.safetensors"), 9
    )
    (one,) = sets_of(case(files=files))
    assert (one.pattern, one.missing) == ("m-*-of-00003.safetensors", (2,))
    assert one.index == "m.safetensors.index.json"

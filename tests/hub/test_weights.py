from __future__ import annotations

import json

import pytest

from hubq.errors import BadInput
from hubq.hub.weights import check_complete, needed

INDEX = "model.safetensors.index.json"


def _read(shards: list[str]) -> bytes:
    return json.dumps({"metadata": {}, "weight_map": dict(enumerate(shards))}).encode()


def test_other_formats_and_hidden_files_are_not_needed() -> None:
    paths = [
        "config.json",
        "model.safetensors",
        "pytorch_model.bin",
        "x.gguf",
        "onnx/model.onnx",
        "original/consolidated.00.pth",
        "consolidated.safetensors",
        ".gitattributes",
        ".cache/x.json",
        "tokenizer.model",
        "vision/config.json",
    ]
    assert needed(paths) == [
        "config.json",
        "model.safetensors",
        "tokenizer.model",
        "vision/config.json",
    ]


def test_a_folder_without_a_config_is_not_a_model() -> None:
    with pytest.raises(BadInput, match=r"^here is not a model: no config\.json"):
        check_complete(["model.safetensors"], lambda _: b"", "here")


def test_pickles_alone_are_refused_by_name() -> None:
    with pytest.raises(BadInput, match=r"only pickled weights \(pytorch_model\.bin\)"):
        check_complete(["config.json", "pytorch_model.bin"], lambda _: b"", "here")


def test_a_repo_without_weights_is_refused() -> None:
    with pytest.raises(BadInput, match="has no weights"):
        check_complete(["config.json"], lambda _: b"", "here")


def test_a_missing_shard_is_named() -> None:
    paths = ["config.json", INDEX, "model-1.safetensors"]
    shards = ["model-1.safetensors", "model-2.safetensors", "model-3.safetensors"]
    with pytest.raises(BadInput, match=r"names model-2\.safetensors.*and 1 more"):
        check_complete(paths, lambda _: _read(shards), "here")
    check_complete([*paths, *shards], lambda _: _read(shards), "here")


def test_an_index_that_is_none_is_refused() -> None:
    with pytest.raises(BadInput, match="not a safetensors index"):
        check_complete(["config.json", INDEX, "a.safetensors"], lambda _: b"[]", "here")

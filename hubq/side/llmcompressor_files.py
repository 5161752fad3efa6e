"""What the files of a LLM Compressor checkpoint must hold, told from headers alone."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import checkpoint_files
from quantizing import QuantizationError

#: A safetensors header's entries: `{"dtype": "BF16", "shape": [128, 64], ...}` by tensor name.
Entries = Mapping[str, Mapping[str, Any]]

FLOATS = ("BF16", "F16", "F32")
#: The languages models' layers, as the six families' weight files name them, and vision towers'.
LAYER = re.compile(r"(^|\.)layers\.\d+\.")
VISION = re.compile(r"(^|\.)(visual|vision_tower|vision_model)\.")


def quantizable(source: Entries) -> dict[str, tuple[int, int]]:
    """Return the Linears of the language model's layers: name -> output and input features."""
    return {
        name.removesuffix(".weight"): (entry["shape"][0], entry["shape"][1])
        for name, entry in source.items()
        if name.endswith(".weight")
        and len(entry["shape"]) == 2
        and LAYER.search(name)
        and not VISION.search(name)
    }


def expected(shape: tuple[int, int], scheme: Mapping[str, Any]) -> dict[str, tuple[str, list[int]]]:
    """Return the tensors in which one Linear's weight is kept: name -> dtype (or `float`), shape.

    Args:
        shape: output and input features.
        scheme: see `llmcompressor_recipe.scheme`.
    """
    rows, columns = shape
    weights = scheme["weights"]
    groups = columns // weights.get("group_size", columns)
    scale = {"weight_scale": ("float", [rows, groups])}
    if scheme.get("input_activations"):
        dtype = "F8_E4M3" if weights["type"] == "float" else "I8"
        return {"weight": (dtype, [rows, columns])} | scale
    words = math.ceil(columns * weights["num_bits"] / 32)
    packed = {"weight_packed": ("I32", [rows, words]), "weight_shape": ("I64", [2])}
    return packed | scale


def problem(source: Entries, made: Entries, scheme: Mapping[str, Any], *, tied: bool) -> str:
    """Return the first thing in which a checkpoint's tensors are not what they must be.

    Every Linear of the language model's layers is packed, and every other tensor is there as it was
    in the source.

    Args:
        source: tensors of the model.
        made: tensors of the checkpoint.
        scheme: see `llmcompressor_recipe.scheme`.
        tied: whether the output layer is the embedding, which need not be there twice.
    """
    wanted: dict[str, tuple[str, list[int]]] = {
        name: (entry["dtype"], list(entry["shape"])) for name, entry in source.items()
    }
    for module, shape in quantizable(source).items():
        del wanted[f"{module}.weight"]
        tensors = expected(shape, scheme)
        wanted |= {f"{module}.{name}": tensor for name, tensor in tensors.items()}
    for name in sorted(wanted.keys() | made.keys()):
        if name not in made:
            if tied and name.endswith("lm_head.weight"):
                continue
            return f"{name} is missing"
        if name not in wanted:
            return f"{name} should not be there"
        dtype, shape_wanted = wanted[name]
        found = made[name]
        if list(found["shape"]) != shape_wanted:
            return f"{name} has the shape {found['shape']}, not {shape_wanted}"
        if found["dtype"] != dtype and not (dtype == "float" and found["dtype"] in FLOATS):
            return f"{name} is {found['dtype']}, not {dtype}"
    return ""


def require_tensors(source: Path, checkpoint: Path, scheme: Mapping[str, Any], count: int) -> None:
    """Raise QuantizationError unless a checkpoint holds what it must, `count` modules quantized."""
    entries = checkpoint_files.tensors(source)
    config = json.loads((source / "config.json").read_bytes())
    tied = bool(config.get("tie_word_embeddings") or _text(config).get("tie_word_embeddings"))
    found = problem(entries, checkpoint_files.tensors(checkpoint), scheme, tied=tied)
    if not found and len(quantizable(entries)) != count:
        found = f"{len(quantizable(entries))} modules packed, {count} quantized"
    if found:
        raise QuantizationError(found)


def _text(config: dict[str, Any]) -> dict[str, Any]:
    return dict(config.get("text_config") or {})

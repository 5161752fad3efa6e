"""Preflight: what can be known to fail before any quantizer is started, from headers alone.

Some of these faults a quantizer accepts without a word: groups that do not divide a layer's inputs
are quantized and saved, and the checkpoint cannot be run.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from hubq.errors import BadInput
from hubq.model.recipe import Calibration, VariantSpec

#: Architectures that take pictures and whose language model can be quantized, as `config.json`
#: names them; not qwen3_vl, of which GPTQModel 7.7.0 quantizes no text rows and not by AWQ.
VISION_TYPES = ("qwen2_5_vl", "qwen2_vl")
TEXT_TYPES = ("qwen2", "qwen3")
#: Bits that each method's format has.
BITS: dict[str, tuple[int, ...]] = {"gptq": (2, 3, 4, 8), "awq": (4,), "rtn": (2, 3, 4, 8)}
#: Weights in files that can run code when they are read.
PICKLES = (".bin", ".pt", ".pth", ".pkl", ".ckpt")
#: What is left of a source's bytes at full precision: embeddings, vision tower, norms. A bound, not
#: a forecast: it is 0.4 for Qwen2-VL-2B and 0.2 for Qwen2-VL-7B.
UNQUANTIZED = 0.5
#: A finished layer lies on the disk a second time until the checkpoint is saved.
WORKING_COPY = 2
_SMALL_FILES = 64 << 20

_LAYER = re.compile(r"(?:^|\.)layers\.\d+\.")
_NUMBER = re.compile(r"(?<=\.)\d+(?=\.)")
_VISION = re.compile(r"(?:^|\.)(?:visual|vision_tower|vision_model|vision_encoder)\.")
_LARGEST_HEADER = 100_000_000
_STACK = "model.layers.*"


def check(
    config: Mapping[str, Any],
    variants: Sequence[VariantSpec],
    origin: str,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
) -> None:
    """Check that each variant of a recipe can be made from a source.

    Args:
        config: the source's `config.json`.
        variants: of the recipe, in its order.
        origin: where the recipe was read, for messages.
        shapes: tensor name -> shape from the source's safetensors headers; without them the inputs
            of the layers are worked out from the configuration.

    Raises:
        BadInput: naming the variant, the key and the numbers that do not go together.
    """
    check_model_type(config)
    widths = input_widths(shapes) if shapes is not None else {}
    widths = widths or configured_widths(config)
    for position, variant in enumerate(variants):
        where = f"{origin}: variants[{position}]"
        if variant.bits not in BITS[variant.method]:
            known = ", ".join(map(str, BITS[variant.method]))
            raise BadInput(f"{where}.bits: {variant.method} has {known} bits, not {variant.bits}")
        if variant.desc_act and variant.method != "gptq":
            raise BadInput(f"{where}.desc_act: only gptq orders columns, not {variant.method}")
        _check_groups(variant, widths, where)


def _check_groups(variant: VariantSpec, widths: Mapping[str, int], where: str) -> None:
    for layer, inputs in widths.items():
        if variant.group_size > 0 and inputs % variant.group_size:
            fitting = [size for size in (16, 32, 64, 128) if inputs % size == 0]
            remedy = f"use {', '.join(map(str, fitting))} or -1" if fitting else "use -1"
            raise BadInput(
                f"{where}.group_size: {variant.group_size} does not divide "
                f"the {inputs} inputs of {layer}",
                remedy=f"group_size: {remedy}",
            )


def check_model_type(config: Mapping[str, Any]) -> None:
    """Raise BadInput unless the source is an unquantized model of a known architecture."""
    model_type = config.get("model_type")
    if model_type not in VISION_TYPES + TEXT_TYPES:
        known = ", ".join(sorted(VISION_TYPES + TEXT_TYPES))
        raise BadInput(f"config.json: model_type {model_type!r} is not supported; known: {known}")
    if "quantization_config" in config:
        raise BadInput("config.json: the source is quantized already")


def check_calibration(config: Mapping[str, Any], calibration: Calibration, origin: str) -> None:
    """Raise BadInput when a text model would be calibrated with pictures."""
    if calibration.modality == "image-text" and config.get("model_type") in TEXT_TYPES:
        raise BadInput(
            f"{origin}: calibration.modality: {config['model_type']} takes no pictures",
            remedy="modality: text",
        )


def check_files(files: Mapping[str, int], label: str) -> None:
    """Check that a source has weights that are data and not programs.

    Args:
        files: every file of the source with its size in bytes.
        label: the source's name, for the message.

    Raises:
        BadInput: there are no safetensors files.
    """
    if any(name.endswith(".safetensors") for name in files):
        return
    pickles = sorted(name for name in files if name.endswith(PICKLES))
    if pickles:
        raise BadInput(
            f"{label}: {pickles[0]} is a pickle, which can run code when it is read",
            remedy="use a source whose weights are safetensors files",
        )
    raise BadInput(f"{label}: there are no safetensors files")


def input_widths(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, int]:
    """Return how many inputs each quantized Linear has: `model.layers.*.mlp.down_proj` -> 8960."""
    widths = {}
    for name, shape in sorted(shapes.items()):
        linear = name.endswith(".weight") and len(shape) == 2
        if linear and _LAYER.search(name) and not _VISION.search(name):
            widths[_NUMBER.sub("*", name.removesuffix(".weight"))] = shape[1]
    return widths


def configured_widths(config: Mapping[str, Any]) -> dict[str, int]:
    """Return the same from a configuration, for sources whose headers are not at hand."""
    nested = config.get("text_config")
    text: Mapping[str, Any] = nested if isinstance(nested, Mapping) else config
    hidden, heads = text.get("hidden_size"), text.get("num_attention_heads")
    middle = text.get("intermediate_size")
    widths: dict[str, int] = {}
    if isinstance(hidden, int):
        widths |= dict.fromkeys((f"{_STACK}.self_attn.q_proj", f"{_STACK}.mlp.up_proj"), hidden)
        if isinstance(heads, int):
            head = text.get("head_dim") or hidden // heads
            widths[f"{_STACK}.self_attn.o_proj"] = heads * head
    if isinstance(middle, int):
        widths[f"{_STACK}.mlp.down_proj"] = middle
    return widths


def disk_needed(source_bytes: int, variants: Iterable[VariantSpec]) -> int:
    """Return how many bytes quantizing takes at most while all checkpoints are kept.

    Args:
        source_bytes: of the source's weights.
        variants: those to be made, one after another.
    """
    sizes = [
        int(source_bytes * (UNQUANTIZED + (1 - UNQUANTIZED) * _share(variant)))
        for variant in variants
    ]
    working = max(sizes, default=0) * (WORKING_COPY - 1)
    return sum(sizes) + working + _SMALL_FILES * len(sizes)


def _share(variant: VariantSpec) -> float:
    """Return a packed weight's bits, with its share of a 16-bit scale and a zero point, per 16."""
    per_weight = (16 + variant.bits) / variant.group_size if variant.group_size > 0 else 0.1
    return (variant.bits + per_weight) / 16


def read_header(path: Path) -> dict[str, Any]:
    """Return the header of a safetensors file: tensor name -> `dtype`, `shape`, `data_offsets`.

    Raises:
        BadInput: the file is no safetensors file, or shorter or longer than its header says.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else size
        if length > min(size - 8, _LARGEST_HEADER):
            raise BadInput(f"{path}: not a safetensors file")
        raw = file.read(length)
    try:
        header = msgspec.json.decode(raw, type=dict[str, dict[str, Any]])
        header.pop("__metadata__", None)
        end = max((entry["data_offsets"][1] for entry in header.values()), default=0)
    except (msgspec.DecodeError, KeyError, IndexError, TypeError) as error:
        raise BadInput(f"{path}: not a safetensors file: {error}") from error
    if size != 8 + length + end:
        raise BadInput(f"{path}: has {size} bytes where its header says {8 + length + end}")
    return header


def read_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """Return tensor name -> shape over all safetensors files of a folder.

    Raises:
        BadInput: a file is no safetensors file.
    """
    shapes = {}
    for path in sorted(folder.glob("*.safetensors")):
        for name, entry in read_header(path).items():
            shapes[name] = tuple(entry["shape"])
    return shapes

"""Shapes: the Linears of a source that quantizers replace, from its headers or its configuration.

What a variant will weigh, what it needs and how it splits over GPUs follows from them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import groupby
from typing import Any

import msgspec

from hubq.quantize.headers import BITS, Tensor

_LAYER = re.compile(r"(?:^|\.)layers\.(?P<layer>\d+)\.(?P<module>.+)$")
_VISION = re.compile(r"(?:^|\.)(?:visual|vision_tower|vision_model|vision_encoder)\.")
_NUMBER = re.compile(r"(?<=\.)\d+(?=\.)")
_STACK = "model.layers.*"
_TIED = "lm_head.weight"
#: Bytes of one number of each type, as configurations name types.
_DTYPES = {"bfloat16": 2, "float16": 2, "float32": 4, "float64": 8}
_HEAD_SIZE = 128
"""Of Qwen3, whose heads are not its width divided by their number, where none is given."""


class Linear(msgspec.Struct, frozen=True, kw_only=True):
    """A Linear of the language model.

    Attributes:
        layer: which decoder layer it is in, from 0.
        module: its name in the layer: `self_attn.q_proj`.
        inputs, outputs: its width.
        bias: whether it has one.
    """

    layer: int
    module: str
    inputs: int
    outputs: int
    bias: bool = False

    @property
    def name(self) -> str:
        """Its last name: `q_proj`."""
        return self.module.rpartition(".")[2]

    @property
    def elements(self) -> int:
        """How many weights it has."""
        return self.inputs * self.outputs


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """What a source's weight files hold.

    Attributes:
        linears: those that quantizers replace, layer by layer.
        elements: how many numbers all tensors hold that a checkpoint keeps; an output layer that is
            tied to the embeddings is kept once.
        itemsize: bytes of one of them.
        tensors: how many tensors there are.
        exact: true from headers, false when worked out from the configuration.
    """

    linears: tuple[Linear, ...]
    elements: int
    itemsize: float
    tensors: int
    exact: bool

    @property
    def bytes(self) -> int:
        """The size of all tensors at the source's precision."""
        return round(self.elements * self.itemsize)

    @property
    def layer(self) -> tuple[Linear, ...]:
        """The largest decoder layer's Linears."""
        layers = (tuple(group) for _, group in groupby(self.linears, key=lambda one: one.layer))
        return max(layers, key=lambda layer: sum(one.elements for one in layer), default=())


class Heads(msgspec.Struct, frozen=True, kw_only=True):
    """What of a model is split by attention heads and by vocabulary; 0 where it is not known.

    Attributes:
        attention: query heads.
        key_value: key and value heads.
        size: of a head.
        vision: heads of the vision tower; 0 without one.
        vocabulary: rows of the embeddings.
    """

    attention: int
    key_value: int
    size: int
    vision: int
    vocabulary: int


def from_tensors(tensors: Mapping[str, Tensor], config: Mapping[str, Any]) -> Weights:
    """Return what headers say of a source."""
    linears = []
    for name, tensor in tensors.items():
        found = _quantizable(name, tensor.shape)
        if found:
            bias = name.removesuffix(".weight") + ".bias" in tensors
            linears.append(
                Linear(
                    layer=int(found["layer"]),
                    module=found["module"].removesuffix(".weight"),
                    inputs=tensor.shape[1],
                    outputs=tensor.shape[0],
                    bias=bias,
                )
            )
    tied = {_TIED} if _setting(config, "tie_word_embeddings") is True else set()
    kept = [tensor for name, tensor in tensors.items() if name not in tied]
    elements = sum(tensor.elements for tensor in kept)
    total = sum(tensor.elements * BITS[tensor.dtype] / 8 for tensor in kept)
    return Weights(
        linears=tuple(sorted(linears, key=lambda one: (one.layer, one.module))),
        elements=elements,
        itemsize=total / elements if elements else 2,
        tensors=len(kept),
        exact=True,
    )


def from_config(config: Mapping[str, Any], source_bytes: int) -> Weights:
    """Return the same from a configuration, for sources whose headers are not at hand.

    Args:
        config: the source's `config.json`; without the sizes that it needs there are no Linears.
        source_bytes: of the source's weight files.
    """
    itemsize = _DTYPES.get(str(_setting(config, "dtype") or _setting(config, "torch_dtype")), 2)
    layers = _number(_text(config), "num_hidden_layers")
    linears = tuple(
        msgspec.structs.replace(one, layer=layer)
        for layer in range(layers)
        for one in _configured_layer(config)
    )
    return Weights(
        linears=linears,
        elements=round(source_bytes / itemsize),
        itemsize=itemsize,
        tensors=len(linears) * 2,
        exact=False,
    )


def weight_bytes(files: Mapping[str, int]) -> int:
    """Return the size of a source's safetensors files in bytes, from its files and their sizes."""
    return sum(size for name, size in files.items() if name.endswith(".safetensors"))


def disagreement(weights: Weights, config: Mapping[str, Any]) -> str:
    """Return where headers and configuration describe different models; empty where they agree."""
    expected = {one.module: one for one in _configured_layer(config)}
    layers = _number(_text(config), "num_hidden_layers")
    there = len({one.layer for one in weights.linears})
    if layers and there != layers:
        return f"num_hidden_layers is {layers}, the weight files hold {there} decoder layers"
    for one in weights.linears:
        like = expected.get(one.module)
        if like and (like.inputs, like.outputs) != (one.inputs, one.outputs):
            return (
                f"asks for {like.inputs} inputs and {like.outputs} outputs of {one.module}, "
                f"the weight files hold {one.inputs} and {one.outputs} in layer {one.layer}"
            )
    return ""


def heads(config: Mapping[str, Any]) -> Heads:
    """Return what a configuration says of heads and vocabulary."""
    text, vision = _text(config), config.get("vision_config")
    tower = vision if isinstance(vision, Mapping) else {}
    return Heads(
        attention=_number(text, "num_attention_heads"),
        key_value=_number(text, "num_key_value_heads") or _number(text, "num_attention_heads"),
        size=_head_size(text),
        vision=_number(tower, "num_heads") or _number(tower, "num_attention_heads"),
        vocabulary=_number(text, "vocab_size") or _number(config, "vocab_size"),
    )


def configured_widths(config: Mapping[str, Any]) -> dict[str, int]:
    """Return how many inputs each quantized Linear has, by a configuration alone."""
    text = _text(config)
    hidden, middle = _number(text, "hidden_size"), _number(text, "intermediate_size")
    widths: dict[str, int] = {}
    if hidden:
        widths |= dict.fromkeys((f"{_STACK}.self_attn.q_proj", f"{_STACK}.mlp.up_proj"), hidden)
        attention = _number(text, "num_attention_heads")
        if attention:
            widths[f"{_STACK}.self_attn.o_proj"] = attention * _head_size(text)
    if middle:
        widths[f"{_STACK}.mlp.down_proj"] = middle
    return widths


def family(config: Mapping[str, Any]) -> str:
    """Return the model type of the language model in a configuration."""
    named = _text(config).get("model_type", config.get("model_type"))
    return str(named).removesuffix("_text")


def _quantizable(name: str, shape: tuple[int, ...]) -> re.Match[str] | None:
    if not name.endswith(".weight") or len(shape) != 2 or _VISION.search(name):
        return None
    return _LAYER.search(name)


def _configured_layer(config: Mapping[str, Any]) -> tuple[Linear, ...]:
    """Return the Linears of one decoder layer of Qwen2 and Qwen3, and of what is built on them."""
    text, split = _text(config), heads(config)
    hidden, middle = _number(text, "hidden_size"), _number(text, "intermediate_size")
    if not (hidden and middle and split.attention):
        return ()
    queries, keys = split.attention * split.size, split.key_value * split.size
    everywhere = text.get("attention_bias") is True
    inward = everywhere or not family(config).startswith("qwen3")
    shapes = (
        ("mlp.down_proj", middle, hidden, False),
        ("mlp.gate_proj", hidden, middle, False),
        ("mlp.up_proj", hidden, middle, False),
        ("self_attn.k_proj", hidden, keys, inward),
        ("self_attn.o_proj", queries, hidden, everywhere),
        ("self_attn.q_proj", hidden, queries, inward),
        ("self_attn.v_proj", hidden, keys, inward),
    )
    return tuple(
        Linear(layer=0, module=module, inputs=inputs, outputs=outputs, bias=bias)
        for module, inputs, outputs, bias in shapes
    )


def _head_size(text: Mapping[str, Any]) -> int:
    given = _number(text, "head_dim")
    if given:
        return given
    if str(text.get("model_type", "")).startswith("qwen3"):
        return _HEAD_SIZE
    attention = _number(text, "num_attention_heads")
    return _number(text, "hidden_size") // attention if attention else 0


def _text(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the language model's part of a configuration; old ones have it on the top level."""
    nested = config.get("text_config")
    return nested if isinstance(nested, Mapping) else config


def _setting(config: Mapping[str, Any], name: str) -> Any:
    return config.get(name, _text(config).get(name))


def _number(config: Mapping[str, Any], name: str) -> int:
    value = config.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0

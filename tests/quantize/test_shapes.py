from __future__ import annotations

import json
from typing import Any

import pytest

from hubq.quantize import shapes
from hubq.quantize.headers import BITS, Tensor, read_tensors
from hubq.resources import bundled
from tests.rows import each_row

QWEN2_VL_2B: dict[str, Any] = {
    "model_type": "qwen2_vl",
    "torch_dtype": "bfloat16",
    "hidden_size": 1536,
    "intermediate_size": 8960,
    "num_attention_heads": 12,
    "num_key_value_heads": 2,
    "num_hidden_layers": 28,
    "vocab_size": 151936,
    "tie_word_embeddings": True,
    "vision_config": {"depth": 32, "embed_dim": 1280, "num_heads": 16},
}
QWEN3: dict[str, Any] = {
    "model_type": "qwen3",
    "hidden_size": 1024,
    "intermediate_size": 3072,
    "num_attention_heads": 16,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "num_hidden_layers": 28,
}


def tensor(*shape: int, dtype: str = "BF16") -> Tensor:
    made = Tensor(dtype=dtype, shape=shape, start=0, end=0)
    return Tensor(dtype=dtype, shape=shape, start=0, end=made.elements * BITS[dtype] // 8)


def test_configuration_and_headers_of_the_nano_model_say_the_same() -> None:
    folder = bundled("examples") / "nano-qwen2-vl" / "model"
    config = json.loads((folder / "config.json").read_text())
    read = shapes.from_tensors(read_tensors(folder), config)
    size = (folder / "model.safetensors").stat().st_size
    guessed = shapes.from_config(config, size)
    assert read.linears == guessed.linears
    assert read.bytes == 3_427_840
    assert guessed.elements == pytest.approx(read.elements, rel=0.005)
    assert shapes.disagreement(read, config) == ""


def test_a_real_configuration_gives_every_linear() -> None:
    weights = shapes.from_config(QWEN2_VL_2B, 4_418_050_848)
    assert len(weights.linears) == 28 * 7
    assert sum(one.elements for one in weights.linears) == 1_310_195_712
    assert {one.name: (one.inputs, one.outputs, one.bias) for one in weights.layer} == {
        "q_proj": (1536, 1536, True),
        "k_proj": (1536, 256, True),
        "v_proj": (1536, 256, True),
        "o_proj": (1536, 1536, False),
        "gate_proj": (1536, 8960, False),
        "up_proj": (1536, 8960, False),
        "down_proj": (8960, 1536, False),
    }


def test_qwen3s_heads_are_wider_than_its_share_and_have_no_bias() -> None:
    layer = {one.name: one for one in shapes.from_config(QWEN3, 0).layer}
    assert (layer["q_proj"].outputs, layer["o_proj"].inputs) == (2048, 2048)
    assert not any(one.bias for one in layer.values())
    without = {name: value for name, value in QWEN3.items() if name != "head_dim"}
    assert shapes.from_config(without, 0).layer == tuple(layer.values())
    assert shapes.configured_widths(QWEN3)["model.layers.*.self_attn.o_proj"] == 2048


def test_heads_are_read_from_old_and_new_configurations() -> None:
    nested = {"text_config": {"num_attention_heads": 14, "num_key_value_heads": 2}}
    tower = {"vision_config": {"num_attention_heads": 16}}
    assert shapes.heads({**nested, **tower}).vision == shapes.heads(QWEN2_VL_2B).vision == 16
    assert shapes.heads(nested).attention == 14
    assert shapes.heads({}) == shapes.Heads(
        attention=0, key_value=0, size=0, vision=0, vocabulary=0
    )


def test_a_tied_output_layer_is_counted_once() -> None:
    tensors = {"model.embed_tokens.weight": tensor(100, 8), "lm_head.weight": tensor(100, 8)}
    assert shapes.from_tensors(tensors, {"tie_word_embeddings": True}).elements == 800
    assert shapes.from_tensors(tensors, {"tie_word_embeddings": False}).elements == 1600


def test_the_itemsize_is_that_of_the_tensors() -> None:
    tensors = {"a": tensor(10, dtype="F32"), "b": tensor(10)}
    assert shapes.from_tensors(tensors, {}).itemsize == 3
    assert shapes.from_config({"dtype": "float32"}, 400).elements == 100


def test_layers_that_are_missing_are_counted() -> None:
    tensors = {"model.layers.0.mlp.up_proj.weight": tensor(512, 256)}
    weights = shapes.from_tensors(tensors, {})
    assert shapes.disagreement(weights, {"num_hidden_layers": 2}) == (
        "num_hidden_layers is 2, the weight files hold 1 decoder layers"
    )


@each_row("wrong", [None, "16", True, -4, 0])
def test_sizes_that_are_no_sizes_are_taken_for_unknown(wrong: object) -> None:
    assert shapes.from_config({**QWEN3, "num_attention_heads": wrong}, 0).linears == ()

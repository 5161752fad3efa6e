"""Checkpoints of a few kilobytes, written by hand: a vision-language source, GPTQ and AWQ of it.

Two layers with two Linears each, a vision tower with one; all that the checks without a model need.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from tests.backend import planting
from tests.backend.planting import Tensors, saved

LAYERS = 2
#: Linear -> outputs, inputs.
LINEARS = {"self_attn.q_proj": (64, 128), "mlp.down_proj": (64, 256)}
PLAIN = ("model.visual.blocks.0.attn.qkv", "model.visual.blocks.0.mlp.fc1")
FILES = {
    "tokenizer.json": "{}",
    "tokenizer_config.json": "{}",
    "preprocessor_config.json": "{}",
    "generation_config.json": "{}",
    "chat_template.jinja": "{{ messages }}",
    "LICENSE": "Apache License",
}
GPTQ: dict[str, Any] = {
    "quant_method": "gptq",
    "checkpoint_format": "gptq",
    "bits": 4,
    "group_size": 128,
    "desc_act": False,
    "sym": True,
    "meta": {"quantizer": ["gptqmodel:7.7.0"], "uri": "https://github.com/modelcloud/gptqmodel"},
}
AWQ: dict[str, Any] = {
    "quant_method": "awq",
    "version": "gemm",
    "bits": 4,
    "group_size": 128,
    "zero_point": True,
    "modules_to_not_convert": ["visual", "model.visual"],
}


def linears() -> list[str]:
    """Return the Linears of the model as transformers names them, without the output layer."""
    stack = [f"model.language_model.layers.{n}.{name}" for n in range(LAYERS) for name in LINEARS]
    return stack + list(PLAIN)


def source(folder: Path) -> Path:
    """Write the source, its tensors named as published Qwen2-VL models have them."""
    _files(folder)
    weights = _plain()
    for name, shape in _packable().items():
        weights[f"{name}.weight"] = _random(shape)
    short = ("model.language_model.", "model."), ("model.visual.", "visual.")
    renamed = {}
    for name, tensor in weights.items():
        for nested, flat in short:
            if name.startswith(nested):
                renamed[flat + name.removeprefix(nested)] = tensor
    planting.write(folder / planting.WEIGHTS, renamed)
    return folder


def gptq(folder: Path, bits: int = 4) -> Path:
    """Write a GPTQ checkpoint; its codes are random."""
    _files(folder, {**GPTQ, "bits": bits})
    weights = _plain()
    for name, (outputs, inputs) in _packable().items():
        groups = inputs // 128
        weights[f"{name}.qweight"] = _words((inputs * bits // 32, outputs))
        weights[f"{name}.qzeros"] = _words((groups, outputs * bits // 32))
        weights[f"{name}.scales"] = saved(np.full((groups, outputs), 0.01), "F16")
        weights[f"{name}.g_idx"] = saved(np.arange(inputs) // 128, "I32")
    planting.write(folder / planting.WEIGHTS, weights)
    return folder


def awq(folder: Path) -> Path:
    """Write an AWQ checkpoint; its codes are random."""
    _files(folder, AWQ)
    weights = _plain()
    for name, (outputs, inputs) in _packable().items():
        weights[f"{name}.qweight"] = _words((inputs, outputs // 8))
        weights[f"{name}.qzeros"] = _words((inputs // 128, outputs // 8))
        weights[f"{name}.scales"] = saved(np.full((inputs // 128, outputs), 0.01), "BF16")
    planting.write(folder / planting.WEIGHTS, weights)
    return folder


def _packable() -> dict[str, tuple[int, int]]:
    return {
        f"model.language_model.layers.{n}.{name}": shape
        for n in range(LAYERS)
        for name, shape in LINEARS.items()
    }


def _plain() -> Tensors:
    weights = {f"{name}.weight": _random((64, 64)) for name in PLAIN}
    weights["model.language_model.embed_tokens.weight"] = _random((32, 64))
    weights["model.language_model.norm.weight"] = _random((64,))
    return weights


def _random(shape: tuple[int, ...]) -> planting.Tensor:
    return saved(np.random.default_rng(0).normal(size=shape), "BF16")


def _words(shape: tuple[int, int]) -> planting.Tensor:
    return saved(np.random.default_rng(0).integers(-(2**31), 2**31, shape), "I32")


def _files(folder: Path, quantization: dict[str, Any] | None = None) -> None:
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    config = {"model_type": "qwen2_vl", "dtype": "bfloat16", "vision_config": {}}
    if quantization:
        config["quantization_config"] = quantization
        (folder / "quantize_config.json").write_text(json.dumps(quantization))
    (folder / "config.json").write_text(json.dumps(config))

"""Checkpoints: headers as each tool writes them, for a small model."""

from __future__ import annotations

from typing import Any

from hubq.audit.headers import Header
from tests.audit.cases import header

HIDDEN, MIDDLE = 256, 512
_LINEARS = {
    "self_attn.q_proj": (HIDDEN, HIDDEN),
    "self_attn.o_proj": (HIDDEN, HIDDEN),
    "mlp.up_proj": (HIDDEN, MIDDLE),
    "mlp.down_proj": (MIDDLE, HIDDEN),
}
Tensors = dict[str, tuple[str, tuple[int, ...]]]


def plain(layers: int = 2, dtype: str = "BF16") -> Tensors:
    """Return what no tool quantizes: embeddings, norms and a vision tower."""
    found: Tensors = {
        "model.embed_tokens.weight": (dtype, (1000, HIDDEN)),
        "visual.blocks.0.attn.qkv.weight": (dtype, (96, 32)),
    }
    for layer in range(layers):
        found[f"model.layers.{layer}.input_layernorm.weight"] = (dtype, (HIDDEN,))
    return found


def full(layers: int = 2, dtype: str = "BF16") -> Tensors:
    """Return a model that is not quantized."""
    return plain(layers, dtype) | {
        f"{name}.weight": (dtype, (outputs, inputs)) for name, inputs, outputs in _linears(layers)
    }


def gptq(bits: int = 4, group: int = 128, layers: int = 2, *, order: bool = True) -> Tensors:
    """Return a model as AutoGPTQ and gptqmodel write it."""
    found = plain(layers)
    for name, inputs, outputs in _linears(layers):
        found |= gptq_module(name, inputs, outputs, bits, group)
        if not order:
            del found[f"{name}.g_idx"]
    return found


def gptq_module(name: str, inputs: int, outputs: int, bits: int, group: int) -> Tensors:
    """Return one Linear of GPTQ."""
    groups = inputs // group if group > 0 else 1
    return {
        f"{name}.g_idx": ("I32", (inputs,)),
        f"{name}.qweight": ("I32", (inputs * bits // 32, outputs)),
        f"{name}.qzeros": ("I32", (groups, outputs * bits // 32)),
        f"{name}.scales": ("F16", (groups, outputs)),
    }


def awq(bits: int = 4, group: int = 128, layers: int = 2) -> Tensors:
    """Return a model as AutoAWQ writes it."""
    found = plain(layers, "F16")
    for name, inputs, outputs in _linears(layers):
        found |= {
            f"{name}.qweight": ("I32", (inputs, outputs * bits // 32)),
            f"{name}.qzeros": ("I32", (inputs // group, outputs * bits // 32)),
            f"{name}.scales": ("F16", (inputs // group, outputs)),
        }
    return found


def packed(bits: int = 4, group: int = 128, layers: int = 2) -> Tensors:
    """Return a model as LLM Compressor writes it with `pack-quantized`."""
    found = plain(layers)
    for name, inputs, outputs in _linears(layers):
        found |= {
            f"{name}.weight_packed": ("I32", (outputs, inputs * bits // 32)),
            f"{name}.weight_scale": ("BF16", (outputs, inputs // group)),
            f"{name}.weight_shape": ("I64", (2,)),
        }
    return found


def mlx(bits: int = 4, group: int = 64, layers: int = 2) -> Tensors:
    """Return a model as MLX writes it."""
    found = plain(layers)
    for name, inputs, outputs in _linears(layers):
        found |= {
            f"{name}.weight": ("U32", (outputs, inputs * bits // 32)),
            f"{name}.scales": ("BF16", (outputs, inputs // group)),
            f"{name}.biases": ("BF16", (outputs, inputs // group)),
        }
    return found


def eight(layers: int = 2, dtype: str = "F8_E4M3") -> Tensors:
    """Return a model whose weights have a type of 8 bits."""
    found = plain(layers)
    for name, inputs, outputs in _linears(layers):
        found[f"{name}.weight"] = (dtype, (outputs, inputs))
        found[f"{name}.weight_scale"] = ("BF16", (outputs, 1))
    return found


def bnb(layers: int = 2) -> Tensors:
    """Return a model as bitsandbytes writes it in 4 bits."""
    found = plain(layers)
    for name, inputs, outputs in _linears(layers):
        found |= {
            f"{name}.weight": ("U8", (inputs * outputs // 2, 1)),
            f"{name}.weight.absmax": ("F32", (inputs * outputs // 64,)),
            f"{name}.weight.quant_map": ("F32", (16,)),
            f"{name}.weight.quant_state.bitsandbytes__nf4": ("U8", (90,)),
        }
    return found


def one(tensors: Tensors) -> dict[str, Header]:
    """Return the headers of a repo with one file."""
    return {"model.safetensors": header(tensors)}


def config(**quantization: Any) -> dict[str, Any]:
    """Return a `config.json` with a quantization."""
    return {"model_type": "qwen2_vl", "hidden_size": HIDDEN, "quantization_config": quantization}


def _linears(layers: int) -> list[tuple[str, int, int]]:
    return [
        (f"model.layers.{layer}.{name}", inputs, outputs)
        for layer in range(layers)
        for name, (inputs, outputs) in _LINEARS.items()
    ]

"""Headers of checkpoints, worked out from a configuration as quantizers lay tensors out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Literal

from hubq.audit.headers import Header
from tests.audit.cases import header

Scheme = Literal["plain", "gptq", "awq", "packed", "fp8"]
Tensors = dict[str, tuple[str, tuple[int, ...]]]
Lay = Callable[[str, int, int, int, int], Tensors]


def linears(config: Mapping[str, Any]) -> Iterator[tuple[str, int, int]]:
    """Yield name, inputs and outputs of a decoder's linear layers."""
    width, middle = config["hidden_size"], config["intermediate_size"]
    head = width // config["num_attention_heads"]
    narrow = head * config["num_key_value_heads"]
    for number in range(config["num_hidden_layers"]):
        at = f"model.layers.{number}"
        yield f"{at}.self_attn.q_proj", width, width
        yield f"{at}.self_attn.k_proj", width, narrow
        yield f"{at}.self_attn.v_proj", width, narrow
        yield f"{at}.self_attn.o_proj", width, width
        yield f"{at}.mlp.gate_proj", width, middle
        yield f"{at}.mlp.up_proj", width, middle
        yield f"{at}.mlp.down_proj", middle, width


def towers() -> Iterator[tuple[str, int, int]]:
    """Yield name, inputs and outputs of a vision tower's linear layers."""
    for number in range(4):
        at = f"visual.blocks.{number}"
        yield f"{at}.attn.qkv", 1280, 3840
        yield f"{at}.attn.proj", 1280, 1280
        yield f"{at}.mlp.fc1", 1280, 5120
        yield f"{at}.mlp.fc2", 5120, 1280


def plain(name: str, inputs: int, outputs: int, _bits: int = 16, _group: int = 0) -> Tensors:
    """Return a layer that is not quantized."""
    return {f"{name}.weight": ("BF16", (outputs, inputs))}


def gptq(name: str, inputs: int, outputs: int, bits: int, group: int) -> Tensors:
    """Return a layer as GPTQ packs it: 32-bit words along the inputs."""
    return {
        f"{name}.qweight": ("I32", (inputs * bits // 32, outputs)),
        f"{name}.qzeros": ("I32", (inputs // group, outputs * bits // 32)),
        f"{name}.scales": ("F16", (inputs // group, outputs)),
        f"{name}.g_idx": ("I32", (inputs,)),
    }


def awq(name: str, inputs: int, outputs: int, bits: int, group: int) -> Tensors:
    """Return a layer as AWQ packs it: 32-bit words along the outputs."""
    return {
        f"{name}.qweight": ("I32", (inputs, outputs * bits // 32)),
        f"{name}.qzeros": ("I32", (inputs // group, outputs * bits // 32)),
        f"{name}.scales": ("F16", (inputs // group, outputs)),
    }


def packed(name: str, inputs: int, outputs: int, bits: int, group: int) -> Tensors:
    """Return a layer as compressed-tensors packs it."""
    return {
        f"{name}.weight_packed": ("I32", (outputs, inputs * bits // 32)),
        f"{name}.weight_scale": ("BF16", (outputs, inputs // group)),
        f"{name}.weight_shape": ("I64", (2,)),
    }


def fp8(name: str, inputs: int, outputs: int, _bits: int, _group: int) -> Tensors:
    """Return a layer in 8-bit floats with one scale for each output."""
    return {
        f"{name}.weight": ("F8_E4M3", (outputs, inputs)),
        f"{name}.weight_scale": ("BF16", (outputs, 1)),
    }


LAYS: dict[Scheme, Lay] = {"plain": plain, "gptq": gptq, "awq": awq, "packed": packed, "fp8": fp8}


def tensors(
    config: Mapping[str, Any], scheme: Scheme, bits: int, group: int, *, tower: bool = False
) -> Tensors:
    """Return the tensors of a checkpoint.

    Args:
        config: of the model; one with a vision tower has `vision_config`.
        scheme: how its linear layers are packed.
        bits, group: of the packing.
        tower: whether the vision tower is packed too.
    """
    kind = "BF16" if scheme in ("plain", "packed", "fp8") else "F16"
    width, words = config["hidden_size"], config["vocab_size"]
    found: Tensors = {"model.embed_tokens.weight": (kind, (words, width))}
    for name, inputs, outputs in linears(config):
        found |= LAYS[scheme](name, inputs, outputs, bits, group)
    for number in range(config["num_hidden_layers"]):
        found[f"model.layers.{number}.input_layernorm.weight"] = (kind, (width,))
        found[f"model.layers.{number}.post_attention_layernorm.weight"] = (kind, (width,))
    found["model.norm.weight"] = (kind, (width,))
    if not config.get("tie_word_embeddings"):
        found["lm_head.weight"] = (kind, (words, width))
    if "vision_config" in config:
        for name, inputs, outputs in towers():
            lay = LAYS[scheme] if tower else plain
            made = lay(name, inputs, outputs, bits, group)
            found |= {key: (kind if one == "BF16" else one, at) for key, (one, at) in made.items()}
    return found


@cache
def _one(key: tuple[tuple[str, str, tuple[int, ...]], ...]) -> Header:
    return header({name: (kind, shape) for name, kind, shape in key}, metadata={"format": "pt"})


def one_header(found: Tensors) -> Header:
    """Return the header of one file with these tensors."""
    return _one(tuple((name, kind, shape) for name, (kind, shape) in found.items()))


def shards(found: Tensors, count: int) -> tuple[dict[str, Header], dict[str, Any]]:
    """Return headers of so many files, by path, and their index as JSON."""
    names = list(found)
    step = -(-len(names) // count)
    headers: dict[str, Header] = {}
    where: dict[str, str] = {}
    for number in range(count):
        path = f"model-{number + 1:05}-of-{count:05}.safetensors"
        part = {name: found[name] for name in names[number * step : (number + 1) * step]}
        headers[path] = one_header(part)
        where |= dict.fromkeys(part, path)
    total = sum(one.end - one.start for each in headers.values() for one in each.tensors.values())
    return headers, {"metadata": {"total_size": total}, "weight_map": dict(sorted(where.items()))}

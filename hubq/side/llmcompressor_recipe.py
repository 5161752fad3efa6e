"""The recipe given to LLM Compressor: which modifiers, in which order, with which arguments.

Plain data until it is run, so that what is asked of the library is also what is recorded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import events
from quantizing import QuantizationError

#: A modifier's name and its arguments.
Step = tuple[str, dict[str, Any]]

#: method -> the numbers of bits at which it is offered: those that both engines can load.
BITS = {"fp8": (8,), "smoothquant": (8,), "gptq": (4, 8), "awq": (4,)}
#: The class whose modules are quantized unless they are left alone; vLLM knows its own by it.
TARGETS = ["Linear"]


def require_feasible(settings: dict[str, Any]) -> None:
    """Raise events.Infeasible for what LLM Compressor cannot make, or nobody could load."""
    method, bits = settings["method"], settings["bits"]
    if bits not in BITS.get(method, ()):
        raise events.Infeasible(f"LLM Compressor makes no {method} checkpoint with {bits} bits")
    if not settings["sym"]:
        # Packed zero points are of another shape than transformers 5.23 makes room for: it refuses
        # the checkpoint ("size mismatch ... weight_zero_point"). The W8A8 schemes have none at all.
        raise events.Infeasible(
            "LLM Compressor's weights with a zero point cannot be loaded by transformers;"
            " set `sym: true`"
        )


def needs_calibration(settings: dict[str, Any]) -> bool:
    """Return whether a method looks at calibration rows; FP8 scales come from the weights."""
    return bool(settings["method"] != "fp8")


def scheme(settings: dict[str, Any]) -> dict[str, Any]:
    """Return how weights and activations are quantized, as compressed-tensors writes it.

    The W8A8 schemes have one weight scale per output channel and one activation scale per token;
    a group size does not apply to them.
    """
    if settings["method"] in ("fp8", "smoothquant"):
        kind = {"num_bits": 8, "type": "float" if settings["method"] == "fp8" else "int"}
        return {
            "targets": TARGETS,
            "weights": kind | {"strategy": "channel", "symmetric": True, "dynamic": False},
            "input_activations": kind | {"strategy": "token", "symmetric": True, "dynamic": True},
        }
    weights = {"num_bits": settings["bits"], "type": "int", "symmetric": True, "dynamic": False}
    if settings["group_size"] == -1:
        return {"targets": TARGETS, "weights": weights | {"strategy": "channel"}}
    grouped = {"strategy": "group", "group_size": settings["group_size"]}
    return {"targets": TARGETS, "weights": weights | grouped}


def steps(settings: dict[str, Any], *, layers: str, ignore: Sequence[str]) -> list[Step]:
    """Return the modifiers in the order in which they go over the model.

    Args:
        settings: of the stage.
        layers: the name of the language model's list of layers, such as `model.layers`.
        ignore: patterns of the modules that stay as they are.
    """
    shared = {"config_groups": {"group_0": scheme(settings)}, "ignore": list(ignore)}
    method = settings["method"]
    if method == "fp8":
        return [("QuantizationModifier", shared)]
    if method == "awq":
        return [("AWQModifier", {"mappings": foldings(layers)}), ("QuantizationModifier", shared)]
    # "static" orders the columns by activation within fixed groups; nothing shows in the file.
    order = {"actorder": "static" if settings["desc_act"] else None}
    gptq = ("GPTQModifier", shared | order | {"dampening_frac": settings["damp"]})
    if method == "gptq":
        return [gptq]
    smoothed = [pair for pair in foldings(layers) if pair["smooth_layer"].endswith("norm$")]
    smooth = {"smoothing_strength": settings["alpha"], "mappings": smoothed}
    return [("SmoothQuantModifier", smooth), gptq]


def foldings(layers: str) -> list[dict[str, Any]]:
    """Return which module's output scales are folded into which modules' weights, as AWQ does.

    The library's own patterns name no branch of the model and also match a vision tower's modules
    of the same name.
    """
    start = rf"re:^{re.escape(layers)}\.\d+\."

    def fold(source: str, *sinks: str) -> dict[str, Any]:
        return {
            "smooth_layer": f"{start}{re.escape(source)}$",
            "balance_layers": [f"{start}{re.escape(sink)}$" for sink in sinks],
        }

    attention = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")
    return [
        fold("input_layernorm", *attention),
        fold("self_attn.v_proj", "self_attn.o_proj"),
        fold("post_attention_layernorm", "mlp.gate_proj", "mlp.up_proj"),
        fold("mlp.up_proj", "mlp.down_proj"),
    ]


def ignored(left: Iterable[str], quantized: Iterable[str]) -> list[str]:
    """Return the patterns of the branches that stay as they are, for every loader.

    The library lists the modules as the weight files name them. In transformers, Qwen2-VL's vision
    tower has another name by then, so that it is taken for quantized, its scales are missing, and
    every logit is NaN; vLLM has yet other names. A pattern of the branch's own name holds wherever
    a loader hangs the branch: `visual` at the top, under `model`, or under `language_model`.

    Args:
        left: names of the Linears that are not quantized, such as `model.visual.merger.mlp.0`.
        quantized: names of the Linears that are.

    Raises:
        QuantizationError: a pattern would also hold for a quantized module.
    """
    branches = sorted({name.removeprefix("model.").split(".")[0] for name in left})
    patterns = [rf"re:(.*\.)?{re.escape(branch)}(\..*)?$" for branch in branches]
    for name in quantized:
        for pattern in patterns:
            if re.match(pattern.removeprefix("re:"), name):
                raise QuantizationError(f"{name} would be left alone by {pattern}")
    return patterns

"""Footprint: what quantizing takes in disk, memory and time, estimated before it is started.

Sizes of checkpoints are exact where the source's headers are at hand. Memory is what a backend
holds at once: the libraries, the model, what calibration rows make of its layers, and the largest
work of one layer. Time is known only from earlier results; see `learning`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil

import msgspec

from hubq.model.environment import Device
from hubq.model.recipe import Backend, Calibration, VariantSpec
from hubq.quantize import methods
from hubq.quantize.shapes import Linear, Weights
from hubq.units import human_duration, human_size

#: What is left of a source's bytes at full precision where its shapes are not known: embeddings,
#: vision tower, norms. A bound, not a forecast: 0.4 of Qwen2-VL-2B and 0.2 of Qwen2-VL-7B.
UNQUANTIZED = 0.5
#: GPTQModel keeps finished layers on the disk until it saves them all.
COPIES: dict[Backend, int] = {"gptqmodel": 2}
SMALL_FILES = 64 << 20
"""Room for tokenizer, logs and records beside the weights."""

#: What the libraries themselves take once imported, seen on models of some megabytes, in bytes.
LIBRARIES: dict[Backend, int] = {
    "gptqmodel": 620_000_000,
    "optimum": 620_000_000,
    "autogptq": 550_000_000,
    "autoawq": 550_000_000,
    "llmcompressor": 600_000_000,
}
CUDA_LIBRARIES = 2_500_000_000
"""What CUDA's libraries take of the machine's memory on top, once a GPU is used."""
CUDA_CONTEXT = 600_000_000
"""What a process takes of a GPU before it allocates anything."""

#: Bytes of one number of what is not quantized, as the backends save it: GPTQModel loads in
#: bfloat16, the archived libraries in float16; the others keep what the source has.
SAVED: dict[Backend, float] = {"gptqmodel": 2, "autogptq": 2, "autoawq": 2}
#: AWQ's search tries this many scales for each module.
AWQ_GRID = 20
#: Its search for clipping, which LLM Compressor leaves out, multiplies the inputs of about so many
#: tokens with the weights of so many outputs, one by one.
CLIP_TOKENS, CLIP_OUTPUTS = 512, 256
_HEADER = 116
"""Bytes that a safetensors header takes for a tensor, about."""
_FLOAT = 4
#: A Hessian, its factor and the inverse's, of which a solver holds three at once.
_FACTORS = 2


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """What one quantize stage takes.

    Attributes:
        variant, backend, method, device: what it is of.
        size_bytes: the checkpoint's weights.
        disk_bytes: on the disk at most while it is made.
        ram_bytes: of the machine's memory at its peak.
        gpu_bytes: of the GPU's memory that torch allocates at its peak; 0 on a CPU.
        work: multiplications, which time grows with.
        seconds: from earlier results, at most; none without any.
        results: how many earlier results the figures were corrected by.
    """

    variant: str
    backend: str
    method: str
    device: Device
    size_bytes: int
    disk_bytes: int
    ram_bytes: int
    gpu_bytes: int
    work: float
    seconds: float | None = None
    results: int = 0


def estimate(
    weights: Weights,
    variant: VariantSpec,
    calibration: Calibration,
    device: Device,
    *,
    tokens: int | None = None,
) -> Estimate:
    """Return what making a variant takes.

    Args:
        weights: of the source.
        variant: that is to be made.
        calibration: the rows it is made with.
        device: `cpu` or `cuda`.
        tokens: of the calibration rows together, where they are known; as many as fit otherwise.
    """
    calibrated = methods.facts(variant).calibrated
    most = calibration.samples * calibration.length if tokens is None else tokens
    size = checkpoint_bytes(weights, variant)
    model = round(weights.elements * _saved(weights, variant))
    work = _working_bytes(weights, variant, most if calibrated else 0)
    ram = LIBRARIES[variant.backend] + model
    if device == "cuda":
        ram += CUDA_LIBRARIES
    else:
        ram += work
    return Estimate(
        variant=variant.name,
        backend=variant.backend,
        method=variant.method,
        device=device,
        size_bytes=size,
        disk_bytes=size * COPIES.get(variant.backend, 1) + SMALL_FILES,
        ram_bytes=ram,
        gpu_bytes=_gpu_bytes(weights, variant, work) if device == "cuda" else 0,
        work=_operations(weights, variant, most if calibrated else 0),
    )


def checkpoint_bytes(weights: Weights, variant: VariantSpec) -> int:
    """Return the size of a variant's weight files in bytes: packed, and what is left as it is."""
    linears = weights.linears
    replaced = sum(one.elements + one.bias * one.outputs for one in linears)
    saved = _saved(weights, variant)
    stored = [packed(one, variant, saved) for one in linears]
    tensors = weights.tensors + sum(count - 1 for count, _ in stored)
    rest = (weights.elements - replaced) * saved
    return round(rest) + sum(size for _, size in stored) + tensors * _HEADER


def packed(linear: Linear, variant: VariantSpec, itemsize: float = 2) -> tuple[int, int]:
    """Return how many tensors a quantized Linear is stored as, without its bias, and their bytes.

    GPTQ: `qweight` and `qzeros` of 32-bit words, `scales` in float16, `g_idx` of 32-bit numbers.
    AWQ: the same without `g_idx`. compressed-tensors: `weight_packed`, `weight_scale`, two 64-bit
    sizes and, without symmetry, packed zero points; 8-bit weights and a scale per channel for FP8
    and W8A8. Dimensions are rounded up to whole words where the library does so.

    Args:
        linear: its shape; the size holds its bias.
        variant: how it is quantized.
        itemsize: bytes of one number of what is not quantized.
    """
    known = methods.facts(variant)
    inputs, outputs, bits = linear.inputs, linear.outputs, variant.bits
    groups = ceil(inputs / variant.group_size) if variant.group_size > 0 else 1
    bias = linear.bias * outputs * itemsize
    if known.activations:
        return 2, round(inputs * outputs * bits / 8 + outputs * itemsize + bias)
    scales = groups * outputs * itemsize
    zeros = groups * _words(outputs, bits)
    if known.format == "gptq":
        # Scales and bias are float16 whatever the rest is.
        halves = (groups + linear.bias) * outputs * 2
        return 4, _words(inputs, bits) * outputs + zeros + halves + inputs * 4
    if known.format == "awq":
        return 3, round(inputs * _words(outputs, bits) + zeros + scales + bias)
    shape = 2 * 8
    size = _words(inputs, bits) * outputs + scales + shape + bias
    return (3, round(size)) if variant.sym else (4, round(size + zeros))


def _words(numbers: int, bits: int) -> int:
    """Return the bytes of as many 32-bit words as hold these numbers."""
    return ceil(numbers * bits / 32) * 4


def _saved(weights: Weights, variant: VariantSpec) -> float:
    return SAVED.get(variant.backend, weights.itemsize)


def _working_bytes(weights: Weights, variant: VariantSpec, tokens: int) -> int:
    """Return what quantizing one layer takes on top of the model, with its inputs of all rows."""
    layer = weights.layer
    hidden = min((one.inputs for one in layer), default=0)
    itemsize = _saved(weights, variant)
    largest = max((one.elements for one in layer), default=0)
    # A float32 copy of the weights, their rounding and the error.
    work = 3 * largest * _FLOAT
    activations = 2 * tokens * hidden * itemsize
    hessians = [one.inputs**2 * _FLOAT for one in layer]
    if variant.method in {"gptq", "gptaq", "smoothquant"}:
        work += sum(hessians) + _FACTORS * max(hessians, default=0)
    if variant.method == "gptaq":
        # The inputs of the unquantized model are kept too, and their products with the others.
        work += sum(hessians)
        activations *= 2
    if variant.method == "awq":
        # The search looks at the inputs of every module of a layer.
        activations += tokens * sum(one.inputs for one in layer) * itemsize
        if variant.backend != "llmcompressor":
            widest = max((one.inputs for one in layer), default=0)
            work += round(_clipped(tokens) * CLIP_OUTPUTS * widest * itemsize)
    return round(work + activations)


def _clipped(tokens: int) -> int:
    """Return how many tokens the search for clipping takes: each n-th, at least 512 of them."""
    return ceil(tokens / max(1, tokens // CLIP_TOKENS))


def _gpu_bytes(weights: Weights, variant: VariantSpec, work: int) -> int:
    """Return what is on the GPU at once: what is outside the layers, one layer, and its work."""
    itemsize = _saved(weights, variant)
    inside = sum(one.elements for one in weights.linears)
    layer = sum(one.elements for one in weights.layer)
    return round((weights.elements - inside + layer) * itemsize) + work


def _operations(weights: Weights, variant: VariantSpec, tokens: int) -> float:
    """Return the multiplications of quantizing, as a scale for time."""
    elements = sum(one.elements for one in weights.linears)
    passes = {"awq": AWQ_GRID, "gptaq": 4}.get(variant.method, 2) * tokens * elements
    if variant.method in {"gptq", "gptaq", "smoothquant"}:
        for one in weights.linears:
            passes += tokens * one.inputs**2 + one.inputs**3 + one.inputs**2 * one.outputs
    return float(passes + elements)


def disk_needed(
    source_bytes: int, variants: Iterable[VariantSpec], weights: Weights | None = None
) -> int:
    """Return how many bytes quantizing takes at most while all checkpoints are kept.

    Args:
        source_bytes: of the source's weights.
        variants: those to be made, one after another.
        weights: what the source holds; without it, or without its Linears, a bound is taken.
    """
    sizes, working = [], 0
    for variant in variants:
        if weights is not None and weights.linears:
            size = checkpoint_bytes(weights, variant)
        else:
            size = int(source_bytes * (UNQUANTIZED + (1 - UNQUANTIZED) * _share(variant)))
        sizes.append(size + SMALL_FILES)
        working = max(working, size * (COPIES.get(variant.backend, 1) - 1))
    return sum(sizes) + working


def _share(variant: VariantSpec) -> float:
    """Return a packed weight's bits, with its share of a 16-bit scale and a zero point, per 16."""
    per_weight = (16 + variant.bits) / variant.group_size if variant.group_size > 0 else 0.1
    return (variant.bits + per_weight) / 16


HEADINGS = ("variant", "size", "disk", "memory", "GPU", "time")
"""Of the columns that `row` fills."""


def row(one: Estimate) -> tuple[str, ...]:
    """Return an estimate as the cells of a table."""
    return (
        one.variant,
        human_size(one.size_bytes),
        human_size(one.disk_bytes),
        human_size(one.ram_bytes),
        human_size(one.gpu_bytes + CUDA_CONTEXT) if one.gpu_bytes else "-",
        human_duration(one.seconds) if one.seconds is not None else "not known yet",
    )


def table(estimates: Sequence[Estimate]) -> list[tuple[str, ...]]:
    """Return estimates as rows for printing, under `HEADINGS`."""
    return [row(one) for one in estimates]

"""Packed weights: bits and groups derived from the shapes of tensors, against the configuration.

Standard library only: everything here is read from safetensors headers, but for small integer
tensors (`g_idx`, `weight_shape`).
"""

from __future__ import annotations

import array
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import checkpoint_files
from certify_checks import Fault, Skip, listed
from certify_scheme import VISION, Scheme, canonical, is_excluded, is_packable

WORD = 32
ALLOWED_BITS = (2, 3, 4, 8)
#: Layout -> the tensor that makes a module a packed one.
MARKS = {
    "gptq": ".qweight",
    "gptq_v2": ".qweight",
    "gemm": ".qweight",
    "pack-quantized": ".weight_packed",
    "int-quantized": ".weight_scale",
    "float-quantized": ".weight_scale",
    "naive-quantized": ".weight_scale",
}
#: What belongs to a packed module beside its bias.
PARTS = (
    *("qweight", "qzeros", "scales", "g_idx"),
    *("weight_packed", "weight_scale", "weight_zero_point", "weight_shape", "weight_g_idx"),
    *("weight", "weight_scale_inv", "input_scale"),
)
WEIGHT_DTYPES = {"int-quantized": "I8", "float-quantized": "F8_E4M3"}

Entries = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Packed:
    """A packed module as its shapes say: bits per weight, channels in and out, groups of inputs."""

    name: str
    bits: int
    inputs: int
    outputs: int
    groups: int

    @property
    def group_size(self) -> int:
        """Input channels that share a scale."""
        return math.ceil(self.inputs / self.groups)


class ShapeError(ValueError):
    """The tensors of a module do not belong together."""


def read_entries(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the header entry of every tensor in a model folder, with the file that holds it.

    Raises:
        ValueError: a file is no safetensors file, or a tensor is in two of them.
    """
    found: dict[str, dict[str, Any]] = {}
    for path in checkpoint_files.weight_files(folder):
        for name, entry in checkpoint_files.read_header(path).items():
            if name in found:
                raise ValueError(f"{name} is in more than one weight file")
            found[name] = {**entry, "path": path}
    return found


def packed_names(entries: Entries, layout: str) -> list[str]:
    """Return the names of the packed modules, sorted.

    Raises:
        Skip: the layout is not known.
    """
    if layout not in MARKS:
        raise Skip(f"nothing is known of the layout {layout!r}")
    mark = MARKS[layout]
    return sorted(name.removesuffix(mark) for name in entries if name.endswith(mark))


def read_packed(entries: Entries, layout: str) -> list[Packed]:
    """Return every packed module, its numbers derived from its tensors.

    Args:
        entries: of all tensors, from `read_entries`.
        layout: how they are packed.

    Raises:
        ShapeError: a module's tensors do not belong together.
        Skip: the layout is not known.
    """
    names = packed_names(entries, layout)
    if layout == "gemm":
        return [_awq(name, entries) for name in names]
    if layout in {"gptq", "gptq_v2"}:
        return [_gptq(name, entries) for name in names]
    if layout == "pack-quantized":
        return [_compressed(name, entries) for name in names]
    return [_whole(name, entries, layout) for name in names]


def _shape(entries: Entries, name: str) -> list[int]:
    if name not in entries:
        raise ShapeError(f"{name} is missing")
    return list(entries[name]["shape"])


def _gptq(name: str, entries: Entries) -> Packed:
    """GPTQ: qweight [in * bits/32, out], scales [groups, out], qzeros [groups, out * bits/32]."""
    words, outputs = _shape(entries, f"{name}.qweight")
    groups, channels = _shape(entries, f"{name}.scales")
    zeros = _shape(entries, f"{name}.qzeros")
    bits = _divided(zeros[1] * WORD, channels, f"{name}.qzeros")
    inputs = _divided(words * WORD, bits, f"{name}.qweight")
    order = _shape(entries, f"{name}.g_idx")[0] if f"{name}.g_idx" in entries else inputs
    if outputs != channels or zeros[0] != groups or order != inputs:
        raise ShapeError(
            f"{name}: qweight [{words}, {outputs}], scales [{groups}, {channels}], qzeros {zeros} "
            f"and g_idx [{order}] do not belong together"
        )
    return Packed(name=name, bits=bits, inputs=inputs, outputs=outputs, groups=groups)


def _awq(name: str, entries: Entries) -> Packed:
    """AWQ: qweight [in, out * bits/32], scales [groups, out], qzeros [groups, out * bits/32]."""
    inputs, words = _shape(entries, f"{name}.qweight")
    groups, outputs = _shape(entries, f"{name}.scales")
    zeros = _shape(entries, f"{name}.qzeros")
    bits = _divided(words * WORD, outputs, f"{name}.qweight")
    if zeros != [groups, words]:
        raise ShapeError(
            f"{name}: qweight [{inputs}, {words}], scales [{groups}, {outputs}] and qzeros {zeros} "
            "do not belong together"
        )
    return Packed(name=name, bits=bits, inputs=inputs, outputs=outputs, groups=groups)


def _compressed(name: str, entries: Entries) -> Packed:
    """Pack-quantized: weight_packed [out, in * bits/32], weight_scale [out, groups]."""
    rows, words = _shape(entries, f"{name}.weight_packed")
    outputs, groups = _shape(entries, f"{name}.weight_scale")
    _shape(entries, f"{name}.weight_shape")
    shape = read_integers(entries[f"{name}.weight_shape"])
    bits = words * WORD // shape[1]
    if shape[0] != rows or rows != outputs or math.ceil(shape[1] * bits / WORD) != words:
        raise ShapeError(
            f"{name}: weight_packed [{rows}, {words}], weight_scale [{outputs}, {groups}] and "
            f"weight_shape {list(shape)} do not belong together"
        )
    return Packed(name=name, bits=bits, inputs=shape[1], outputs=rows, groups=groups)


def _whole(name: str, entries: Entries, layout: str) -> Packed:
    """Int- and float-quantized: weight [out, in] of one byte each, weight_scale [out, groups]."""
    outputs, inputs = _shape(entries, f"{name}.weight")
    scale = _shape(entries, f"{name}.weight_scale")
    dtype = entries[f"{name}.weight"]["dtype"]
    if dtype != WEIGHT_DTYPES.get(layout, dtype) or not dtype.startswith(("I8", "F8")):
        raise ShapeError(f"{name}.weight is {dtype}, which is not {layout}")
    if scale[0] not in {1, outputs}:
        raise ShapeError(f"{name}: weight [{outputs}, {inputs}] and weight_scale {scale}")
    groups = scale[1] if len(scale) > 1 else 1
    return Packed(name=name, bits=8, inputs=inputs, outputs=outputs, groups=groups)


def _divided(total: int, parts: int, name: str) -> int:
    if parts == 0 or total % parts:
        raise ShapeError(f"{name} has {total // WORD} words for {parts} channels")
    return total // parts


def scheme_fault(modules: Sequence[Packed], scheme: Scheme) -> Fault | None:
    """Return where the shapes of packed modules are not what the configuration says."""
    for module in modules:
        fault = _module_fault(module, scheme)
        if fault:
            return fault
    return None


def _module_fault(module: Packed, scheme: Scheme) -> Fault | None:
    if module.bits not in ALLOWED_BITS or (scheme.uniform and module.bits != scheme.bits):
        said = f"the shapes of {module.name} say {module.bits} bits, config.json says {scheme.bits}"
        return Fault(finding="bits", said=said)
    size = scheme.group_size
    if size is None or not scheme.uniform:
        return None
    if size > 0 and module.inputs % size:
        said = f"{module.name} has {module.inputs} inputs, which groups of {size} do not divide"
        return Fault(finding="group-not-dividing", said=said)
    expected = module.inputs // size if size > 0 else 1
    if module.groups != expected:
        said = (
            f"the shapes of {module.name} say groups of {module.group_size} ({module.groups} for "
            f"{module.inputs} inputs), config.json says {size}"
        )
        return Fault(finding="group-size", said=said)
    return None


def membership_fault(
    packed: Iterable[str], expected: Iterable[str], scheme: Scheme
) -> Fault | None:
    """Return which module is packed that should not be, or is not that should be.

    Args:
        packed: the packed modules of the checkpoint.
        expected: those that a quantizer packs, as the source (or the checkpoint) names them.
        scheme: the configuration; what it excludes by name need not be packed.
    """
    for name in packed:
        if VISION.search(name):
            said = f"{name} is packed: the vision tower was quantized"
            return Fault(finding="vision-tower-quantized", said=said)
        if not is_packable(name) and not (scheme.lm_head and name.endswith("lm_head")):
            said = f"{name} is packed and is no part of the language model's layers"
            return Fault(finding="packed-outside-layers", said=said)
    there = {canonical(name) for name in packed}
    bare = [
        name
        for name in sorted(expected)
        if canonical(name) not in there
        and not is_excluded(scheme, name)
        and not name.endswith((".gate", ".router", ".shared_expert_gate"))
    ]
    if bare:
        said = f"{listed(bare)}: not packed, {len(there)} modules are"
        return Fault(finding="not-packed", said=said)
    return None


def packable_names(entries: Entries) -> list[str]:
    """Return the modules that a quantizer packs, from the headers of an unquantized model."""
    return sorted(
        name.removesuffix(".weight")
        for name, entry in entries.items()
        if name.endswith(".weight") and len(entry["shape"]) == 2 and is_packable(name)
    )


def order_fault(modules: Sequence[Packed], entries: Entries, scheme: Scheme) -> Fault | None:
    """Return whether the order of input channels is not what `desc_act` says.

    Without act-order, channel i belongs to group i // group_size; with it, somewhere it does not.

    Raises:
        Skip: there is no order of channels.
    """
    ordered = [module for module in modules if f"{module.name}.g_idx" in entries]
    if not ordered:
        raise Skip("the layout has no order of input channels")
    shuffled = False
    for module in ordered:
        order = read_integers(entries[f"{module.name}.g_idx"])
        if min(order) < 0 or max(order) >= module.groups:
            said = f"{module.name}.g_idx names group {max(order)} of {module.groups}"
            return Fault(finding="g-idx", said=said)
        sizes = {module.group_size, max(scheme.group_size or 0, 0)} - {0}
        in_order = any(list(order) == [k // size for k in range(len(order))] for size in sizes)
        shuffled |= not in_order
        if not in_order and not scheme.desc_act:
            said = f"{module.name}.g_idx is not in order, config.json says desc_act is false"
            return Fault(finding="act-order", said=said)
    moving = scheme.desc_act and not scheme.static_groups
    if moving and not shuffled and any(module.groups > 1 for module in ordered):
        said = "config.json says desc_act is true, every g_idx is in order"
        return Fault(finding="act-order", said=said)
    return None


def read_integers(entry: Mapping[str, Any]) -> Sequence[int]:
    """Return the numbers of an integer tensor, flat.

    Raises:
        ValueError: it holds no integers.
    """
    path, dtype = entry["path"], entry["dtype"]
    if dtype not in {"I32", "I64"}:
        raise ValueError(f"{path.name}: {dtype} where integers should be")
    begin, end = entry["data_offsets"]
    numbers = array.array("i" if dtype == "I32" else "q")
    with path.open("rb") as file:
        start = 8 + int.from_bytes(file.read(8), "little")
        file.seek(start + begin)
        numbers.frombytes(file.read(end - begin))
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def scales(entries: Entries) -> dict[str, str]:
    """Return the dtype of every scale of a packed module."""
    return dict(_scales(entries))


def _scales(entries: Entries) -> Iterator[tuple[str, str]]:
    for name, entry in entries.items():
        if name.endswith((".scales", ".weight_scale")):
            yield name, str(entry["dtype"])

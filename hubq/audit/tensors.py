"""Tensors: how modules are quantized, from the names, types and shapes in headers alone.

No byte of a weight is read. Sources of the layouts: AutoGPTQ and gptqmodel pack `32 / bits` codes
of one output into each word of `qweight` along the inputs, and give each input its group in
`g_idx`; AutoAWQ packs along the outputs; compressed-tensors packs along the inputs of rows, MLX
too; bitsandbytes keeps codes flat, with what describes them beside; FP8 is a type of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from hubq.audit.headers import Header
from hubq.audit.kept import kept
from hubq.audit.subject import Subject
from hubq.quantize.headers import Tensor

MODEL = "model.safetensors"
INDEX = "model.safetensors.index.json"
_VISION = re.compile(
    r"(?:^|\.)(?:visual|vision_tower|vision_model|vision_encoder|vision|vpm|image_encoder)\."
)
_LAYER = re.compile(r"^(?P<stack>.*\.\d+)\.(?:[a-z_]+\.)*(?P<last>[a-z0-9_]+)$", re.IGNORECASE)
#: Projections that take what a layer takes.
_INWARD = frozenset(
    (
        *("q_proj", "k_proj", "v_proj", "qkv_proj", "wqkv"),
        *("gate_proj", "up_proj", "gate_up_proj", "w1", "w3"),
    )
)
_NORMS = ("input_layernorm.weight", "attention_norm.weight", "ln_1.weight")
_FLOAT8 = ("F8_E4M3", "F8_E5M2")
_FLOATS = ("F16", "BF16", "F32", "F64")
#: What other methods call a module's codes.
_CODES = {
    "q_weight": "exl2",
    "trellis": "exl3",
    "codes": "aqlm",
    "Qidxs": "quip",
    "W_q": "hqq",
    "weight._data": "quanto",
    "weight_qdata": "torchao",
    "_weight_qdata": "torchao",
    "B": "gptq",
}
_NOT_WEIGHTS = re.compile(r"(?:^|/)(?:adapter|consolidated|optimizer|training|lora)[^/]*$|-mtp\.")

_Parts = Mapping[str, Tensor]


class Module(msgspec.Struct, frozen=True, kw_only=True):
    """A quantized module.

    Attributes:
        name: as its tensors begin: `model.layers.0.self_attn.q_proj`.
        path: of the file.
        method: whose layout it is: `gptq`, `awq`, `compressed-tensors`, `bitsandbytes`, `fp8`,
            `int8`, `nvfp4`, `mxfp4`, `mlx`, ...
        bits: of a weight; none where shapes do not tell.
        inputs: its width; none where shapes do not tell.
        groups: how many groups its inputs are cut into; none where not known.
        words: bits that one output's codes take together: `bits` times `inputs`.
    """

    name: str
    path: str
    method: str
    bits: int | None = None
    inputs: int | None = None
    groups: int | None = None
    words: int | None = None

    @property
    def vision(self) -> bool:
        """Whether it stands in the vision tower."""
        return is_vision(self.name)

    @property
    def last(self) -> str:
        """Its last name: `q_proj`."""
        return self.name.rpartition(".")[2]

    def bits_for(self, group_size: int | None) -> int | None:
        """Return its bits, with a group size where shapes alone do not tell.

        Args:
            group_size: what a configuration says it is.
        """
        if self.bits is not None or not self.words:
            return self.bits
        inputs = self.inputs
        if inputs is None and self.groups and self.groups > 1 and (group_size or 0) > 0:
            inputs = self.groups * (group_size or 0)
        return self.words // inputs if inputs and self.words % inputs == 0 else None

    def group_for(self, bits: int | None) -> int | None:
        """Return its group size, -1 for none, with its bits where shapes alone do not tell.

        Args:
            bits: what a configuration says they are.
        """
        inputs = self.inputs
        if inputs is None and self.words and bits and self.words % bits == 0:
            inputs = self.words // bits
        if not inputs or not self.groups:
            return None
        return -1 if self.groups == 1 else -(-inputs // self.groups)


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """What a repo's weight files hold, as far as their headers were read.

    Attributes:
        files: of which headers were read.
        complete: whether those are all that a loader takes.
        modules: those that are quantized.
        plain: names of the Linears in layers that are not.
    """

    files: tuple[str, ...]
    complete: bool
    modules: tuple[Module, ...] = ()
    plain: tuple[str, ...] = ()

    def of_language(self) -> tuple[Module, ...]:
        """Return the quantized modules of the language model's layers.

        Left out are the vision tower, and the output layer, which people keep at more bits.
        """
        return tuple(
            one for one in self.modules if not one.vision and one.last not in ("lm_head", "output")
        )


def is_vision(name: str) -> bool:
    """Say whether a tensor or module stands in a vision tower."""
    return bool(_VISION.search(name))


def weight_files(subject: Subject) -> tuple[str, ...]:
    """Return the safetensors files that a loader takes: `model.safetensors`, or an index's."""
    known = set(subject.files) | set(subject.gathered.headers)
    if MODEL in known:
        return (MODEL,)
    named = shards_of(subject.json(INDEX))
    if named:
        return tuple(path for path in sorted(set(named.values())) if path in known)
    return tuple(
        sorted(
            path
            for path in known
            if path.endswith(".safetensors") and "/" not in path and not _NOT_WEIGHTS.search(path)
        )
    )


def shards_of(index: Mapping[str, Any] | None) -> dict[str, str]:
    """Return tensor -> file of an index; empty for what is none."""
    named = index.get("weight_map") if index else None
    if not isinstance(named, Mapping):
        return {}
    return {key: path for key, path in named.items() if isinstance(path, str)}


@kept
def weights_of(subject: Subject) -> Weights:
    """Return what a repo's weight files hold."""
    wanted = weight_files(subject)
    headers = subject.gathered.headers
    read = {path: headers[path] for path in wanted if path in headers and not headers[path].problem}
    listed = set(shards_of(subject.json(INDEX)).values()) if MODEL not in wanted else set()
    modules, plain = _modules(read)
    return Weights(
        files=tuple(read),
        complete=bool(read) and set(read) == set(wanted) and listed <= set(wanted),
        modules=modules,
        plain=plain,
    )


def _modules(headers: Mapping[str, Header]) -> tuple[tuple[Module, ...], tuple[str, ...]]:
    parts: dict[str, dict[str, Tensor]] = {}
    paths: dict[str, str] = {}
    for path, header in headers.items():
        for name, tensor in header.tensors.items():
            module, suffix = _split(name)
            parts.setdefault(module, {})[suffix] = tensor
            paths.setdefault(module, path)
    found: list[Module] = []
    plain: list[str] = []
    for name, tensors in parts.items():
        read = _read(name, paths[name], tensors)
        if read:
            found.append(_widened(read, parts))
        elif _is_linear(name, tensors):
            plain.append(name)
    return tuple(found), tuple(plain)


def _split(name: str) -> tuple[str, str]:
    at = name.find(".weight.")
    if at >= 0:
        return name[:at], name[at + 1 :]
    for ending in ("_blocks", "_scales"):
        if name.endswith(ending):
            return name[: -len(ending)], ending
    module, _, suffix = name.rpartition(".")
    return module, suffix


def _is_linear(name: str, parts: _Parts) -> bool:
    weight = parts.get("weight")
    return (
        weight is not None
        and len(weight.shape) == 2
        and weight.dtype in _FLOATS
        and bool(_LAYER.match(name))
        and "norm" not in name
        and "embed" not in name
    )


def _read(name: str, path: str, parts: _Parts) -> Module | None:
    """Return a module from its tensors; none where it is not quantized."""
    for reader in _READERS:
        found = reader(parts)
        if found:
            return Module(name=name, path=path, **found)
    return None


def _gptq_or_awq(parts: _Parts) -> dict[str, Any] | None:
    """Read `qweight`, whose rows or columns are packed; `scales` has as many columns as outputs."""
    codes, scales = parts.get("qweight"), parts.get("scales")
    if codes is None or scales is None:
        return None
    if not _sides(codes, 2) or not _sides(scales, 2) or not codes.bits:
        return {"method": "gptq" if "g_idx" in parts else ""}
    (rows, columns), (groups, outputs) = codes.shape, scales.shape
    if columns == outputs:
        return {"method": "gptq", "groups": groups, **_gptq(parts, rows * codes.bits)}
    if "g_idx" not in parts and outputs and columns * codes.bits % outputs == 0:
        bits = columns * codes.bits // outputs
        if 1 <= bits <= 8:
            return {"method": "awq", "bits": bits, "inputs": rows, "groups": groups}
    return {"method": "gptq" if "g_idx" in parts else "awq"}


def _gptq(parts: _Parts, words: int) -> dict[str, Any]:
    order, zeros, scales = parts.get("g_idx"), parts.get("qzeros"), parts["scales"]
    inputs = order.shape[0] if order is not None and _sides(order, 1) else None
    if inputs is None and zeros is not None and _sides(zeros, 2) and zeros.bits:
        bits, rest = divmod(zeros.shape[1] * zeros.bits, scales.shape[1])
        inputs = words // bits if bits and not rest else None
    exact = inputs and words % inputs == 0
    return {"bits": words // inputs if exact and inputs else None, "inputs": inputs, "words": words}


def _packed(parts: _Parts) -> dict[str, Any] | None:
    """Read compressed-tensors' packed weights; NVFP4 puts two codes into a byte."""
    codes, scales = parts.get("weight_packed"), parts.get("weight_scale")
    if codes is None:
        return None
    groups = scales.shape[1] if scales is not None and _sides(scales, 2) else None
    if not _sides(codes, 2):
        return {"method": "compressed-tensors"}
    if codes.dtype == "U8":
        return {"method": "nvfp4", "bits": 4, "inputs": codes.shape[1] * 2, "groups": groups}
    return {
        "method": "compressed-tensors",
        "groups": groups,
        "words": codes.shape[1] * codes.bits,
    }


def _bitsandbytes(parts: _Parts) -> dict[str, Any] | None:
    if "SCB" in parts:
        return {"method": "bitsandbytes", "bits": 8}
    if any(name.startswith("weight.quant_state.bitsandbytes__") for name in parts):
        return {"method": "bitsandbytes", "bits": 4}
    return None


def _mlx(parts: _Parts) -> dict[str, Any] | None:
    codes, scales = parts.get("weight"), parts.get("scales")
    if codes is None or scales is None or codes.dtype != "U32":
        return None
    groups = scales.shape[-1] if scales.shape else None
    return {"method": "mlx", "groups": groups, "words": codes.shape[-1] * 32 if codes.shape else 0}


def _bytes(parts: _Parts) -> dict[str, Any] | None:
    """Read weights that a type of 8 bits holds, or two of 4 bits in each byte."""
    codes = parts.get("weight")
    if codes is None:
        return None
    if codes.dtype in _FLOAT8:
        return {"method": "fp8", "bits": 8}
    if codes.dtype == "I8" and ("weight_scale" in parts or "scales" in parts):
        return {"method": "int8", "bits": 8}
    scales = parts.get("weight_scale")
    if codes.dtype == "U8" and "weight_scale_2" in parts and _sides(codes, 2):
        groups = scales.shape[1] if scales is not None and _sides(scales, 2) else None
        return {"method": "nvfp4", "bits": 4, "inputs": codes.shape[1] * 2, "groups": groups}
    return None


def _others(parts: _Parts) -> dict[str, Any] | None:
    if "_blocks" in parts and "_scales" in parts:
        return {"method": "mxfp4", "bits": 4}
    for suffix, method in _CODES.items():
        if suffix in parts and len(parts) > 1:
            return {"method": method}
    return None


_READERS: tuple[Callable[[_Parts], dict[str, Any] | None], ...] = (
    *(_gptq_or_awq, _packed, _bitsandbytes, _mlx, _bytes, _others),
)


def _sides(tensor: Tensor, number: int) -> bool:
    return len(tensor.shape) == number and all(tensor.shape)


def _widened(module: Module, parts: Mapping[str, _Parts]) -> Module:
    """Return a module with its width, where its layer's norm tells it."""
    if module.inputs is not None or not module.words:
        return module
    found = _LAYER.match(module.name)
    if found is None or found["last"] not in _INWARD:
        return module
    for width in _widths(found["stack"], parts):
        if module.words % width == 0 and module.words // width <= 8:
            return msgspec.structs.replace(module, inputs=width, bits=module.words // width)
    return module


def _widths(stack: str, parts: Mapping[str, _Parts]) -> Iterator[int]:
    for norm in _NORMS:
        module, _, suffix = f"{stack}.{norm}".rpartition(".")
        tensor = parts.get(module, {}).get(suffix)
        if tensor is not None and _sides(tensor, 1):
            yield tensor.shape[0]

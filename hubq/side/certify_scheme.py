"""What a checkpoint's configuration says of its quantization, and whether that was asked for.

Standard library only. Three families of formats are known: GPTQ's and AWQ's of their own, and
compressed-tensors' (LLM Compressor); of others only the common keys are read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from certify_checks import Fault, Skip, listed

#: Method -> what `quant_method` may be in a checkpoint made with it.
QUANT_METHODS = {
    "gptq": ("gptq", "compressed-tensors"),
    "gptaq": ("gptq",),
    "rtn": ("gptq", "compressed-tensors"),
    "awq": ("awq", "compressed-tensors"),
    "fp8": ("compressed-tensors", "fp8"),
    "smoothquant": ("compressed-tensors",),
}
#: Methods that quantize activations too; their weights have one scale for each output channel.
CHANNEL_METHODS = ("fp8", "smoothquant")
#: Methods that scale the input of a layer's Linears and fold what undoes it into other weights.
FOLDING_METHODS = ("awq", "smoothquant")

#: Method -> the key of its configuration under which loaders find what is not quantized.
_EXCLUSIONS = {"awq": "modules_to_not_convert", "compressed-tensors": "ignore"}

#: Linears that a quantizer may pack: those in the language model's stack of layers.
LAYER = re.compile(r"(^|\.)(layers|h|blocks)\.\d+(\.|$)")
VISION = re.compile(
    r"(^|\.)(visual|vision|vision_tower|vision_model|vision_encoder|vision_backbone|vit|vpm"
    r"|image_encoder|audio_tower|audio_encoder|multi_modal_projector|mm_projector|connector"
    r"|resampler)(\.|$)"
)
#: Leading parts of a tensor's name by which versions of one model differ.
_NESTING = ("model", "language_model", "text_model", "transformer")
_NAMED_BITS = re.compile(
    r"(?<![a-z0-9])u?int([2348])(?!\d)|(?<![a-z0-9])w([2348])a\d+|(?<![a-z0-9])w([2348])(?:g|-|_|$)"
    r"|(?<![a-z0-9])([2348])[-_]?bits?(?![a-z])|(?<![a-z])fp(8)",
    re.IGNORECASE,
)
_NAMED_GROUP = re.compile(
    r"(?<![a-z0-9])(?:g|gs|group(?:[-_]?size)?[-_]?)(16|32|64|128|256|512|1024)(?!\d)"
    r"|(?<![a-z0-9])(16|32|64|128|256|512|1024)g(?![a-z0-9])",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """A quantization as its configuration says it is.

    Attributes:
        quant_method: `gptq`, `awq`, `compressed-tensors`, `fp8` or another; empty for none.
        layout: how tensors are packed: `gptq`, `gptq_v2`, `gemm`, `pack-quantized`,
            `int-quantized`, `float-quantized`; another name is not known here.
        bits: per weight.
        group_size: input channels that share a scale; -1 is one scale per output channel.
        sym, desc_act: symmetric; act-order; none where it does not say.
        targets: what it says is quantized; empty where it does not say.
        excluded: what it says is not: `modules_to_not_convert` or `ignore`.
        lm_head: whether the output layer is quantized too.
        static_groups: whether groups keep the order of their inputs under act-order too.
        uniform: false when some modules are quantized otherwise than the rest.
    """

    quant_method: str = ""
    layout: str = ""
    bits: int | None = None
    group_size: int | None = None
    sym: bool | None = None
    desc_act: bool | None = None
    targets: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    lm_head: bool = False
    static_groups: bool = False
    uniform: bool = True


def is_packable(name: str) -> bool:
    """Return whether a module belongs to the language model's layers."""
    return bool(LAYER.search(name)) and not VISION.search(name)


def canonical(name: str) -> str:
    """Return a tensor's or module's name without the nesting by which model versions differ."""
    parts = name.split(".")
    while len(parts) > 1 and parts[0] in _NESTING:
        parts = parts[1:]
    return ".".join(parts)


def read_config(folder: Path) -> dict[str, Any]:
    """Return a checkpoint's config.json."""
    config: dict[str, Any] = json.loads((folder / "config.json").read_bytes())
    return config


def read_scheme(config: Mapping[str, Any]) -> Scheme:
    """Return what a model configuration says of its quantization; an empty scheme for none."""
    said = config.get("quantization_config")
    if not isinstance(said, dict):
        return Scheme()
    if said.get("quant_method") == "compressed-tensors" or "config_groups" in said:
        return _compressed(said)
    method = str(said.get("quant_method", ""))
    layout = str(said.get("checkpoint_format") or said.get("format") or "")
    if method == "awq":
        layout = str(said.get("version") or layout or "gemm").lower()
    if method == "gptq":
        layout = layout or "gptq"
    zero_point = said.get("zero_point")
    return Scheme(
        quant_method=method,
        layout=layout,
        bits=said.get("bits", said.get("w_bit", 8 if method == "fp8" else None)),
        group_size=said.get("group_size", said.get("q_group_size")),
        sym=said.get("sym", None if zero_point is None else not zero_point),
        desc_act=said.get("desc_act"),
        excluded=tuple(said.get("modules_to_not_convert") or ()),
        lm_head=bool(said.get("lm_head")),
        static_groups=bool(said.get("static_groups") or _meta(said).get("static_groups")),
        uniform=not said.get("dynamic"),
    )


def _meta(said: Mapping[str, Any]) -> Mapping[str, Any]:
    meta = said.get("meta")
    return meta if isinstance(meta, dict) else {}


def _compressed(said: Mapping[str, Any]) -> Scheme:
    groups = [group for group in said.get("config_groups", {}).values() if group.get("weights")]
    weights = groups[0]["weights"] if groups else {}
    strategy = weights.get("strategy")
    order = weights.get("actorder")
    return Scheme(
        quant_method="compressed-tensors",
        layout=str((groups[0].get("format") if groups else None) or said.get("format") or ""),
        bits=weights.get("num_bits"),
        group_size=weights.get("group_size") if strategy == "group" else -1,
        sym=weights.get("symmetric"),
        desc_act=order is not None,
        targets=tuple(target for group in groups for target in group.get("targets", ())),
        excluded=tuple(said.get("ignore") or ()),
        uniform=len(groups) == 1 and strategy in {"group", "channel"},
    )


def asked_fault(config: Mapping[str, Any], settings: Mapping[str, Any]) -> Fault | None:
    """Return where a quantization configuration is not what was asked for.

    Args:
        config: config.json.
        settings: `method`, `bits`, `group_size`, `desc_act`, `sym`, `backend`; those that are
            missing were not asked for. `derived` says that nothing was.
    """
    scheme = read_scheme(config)
    if not scheme.quant_method:
        return Fault(finding="not-quantized", said="config.json has no quantization_config")
    if settings.get("derived"):
        return None
    for name, value, allowed in _asked(settings):
        found = getattr(scheme, name)
        if found not in allowed:
            return Fault(finding=name, said=f"{name} is {found!r}, asked for was {value!r}")
    return None


def _asked(settings: Mapping[str, Any]) -> Iterable[tuple[str, Any, tuple[Any, ...]]]:
    """Yield the scheme's field, what was asked for, and all values that are as good."""
    method = settings["method"]
    allowed = QUANT_METHODS[method]
    if settings.get("backend"):
        compressed = settings["backend"] == "llmcompressor"
        allowed = tuple(name for name in allowed if (name not in {"gptq", "awq"}) == compressed)
        allowed = allowed or QUANT_METHODS[method]
    yield "quant_method", allowed[0], allowed
    yield "bits", settings["bits"], (settings["bits"],)
    size = -1 if method in CHANNEL_METHODS else settings["group_size"]
    yield "group_size", size, (size,)
    for name in ("desc_act", "sym"):
        if name in settings and not (name == "desc_act" and method != "gptq"):
            yield name, settings[name], (settings[name], None)


def twin_fault(folder: Path) -> Fault | None:
    """Return whether quantize_config.json says anything else than config.json."""
    twin = folder / "quantize_config.json"
    if not twin.is_file():
        return None
    quantization = read_config(folder).get("quantization_config")
    if json.loads(twin.read_bytes()) != quantization:
        said = "config.json and quantize_config.json differ"
        return Fault(finding="two-configurations", said=said)
    return None


def exclusion_fault(scheme: Scheme, plain: Iterable[str]) -> Fault | None:
    """Return which modules a loader would convert although their weights are not quantized.

    Args:
        scheme: the configuration.
        plain: the Linears that are not quantized, as transformers names them once loaded; without
            the output layer, which loaders leave alone by themselves.

    Raises:
        Skip: the format's loaders go by the tensors.
    """
    names = sorted(plain)
    if scheme.targets:
        hit = (any(_is_ignored(target, name) for target in scheme.targets) for name in names)
        names = [name for name, targeted in zip(names, hit, strict=True) if targeted]
    if scheme.quant_method not in _EXCLUSIONS:
        raise Skip(f"loaders of {scheme.quant_method or 'plain weights'} go by the tensors")
    key = _EXCLUSIONS[scheme.quant_method]
    bare = [name for name in names if not is_excluded(scheme, name)]
    if not bare:
        return None
    said = f"{key} does not name {listed(bare)}: loaders would take them for quantized"
    if not scheme.excluded:
        said = f"{key} is missing: loaders would take {listed(bare)} for quantized"
    return Fault(finding=key.replace("_", "-"), said=said)


def is_excluded(scheme: Scheme, name: str) -> bool:
    """Return whether a configuration says that a Linear is not quantized."""
    compressed = scheme.quant_method == "compressed-tensors"
    covers = _is_ignored if compressed else _is_converted_not
    return any(covers(entry, name) for entry in scheme.excluded)


def _is_converted_not(entry: str, name: str) -> bool:
    """Return whether transformers' rule for modules_to_not_convert (5.23) spares a module."""
    boundary = r"(?:(?<=\.)|(?=\.|$))"
    return bool(re.match(rf"(?:{entry}){boundary}", name)) or name.endswith(entry)


def _is_ignored(entry: str, name: str) -> bool:
    """Return whether compressed-tensors' rule for `ignore` (0.19) spares a Linear."""
    if entry.startswith("re:"):
        return bool(re.match(entry[3:], name))
    return entry in {name, "Linear"}


def name_fault(name: str, scheme: Scheme, bits: int | None) -> Fault | None:
    """Return where a variant's name says something else than its files.

    Args:
        name: of the variant, the repo or the folder.
        scheme: the configuration.
        bits: per weight, derived from the tensors' shapes.
    """
    for match in _NAMED_BITS.finditer(name):
        named = int(next(group for group in match.groups() if group))
        if bits is not None and named != bits:
            said = f"{name} says {named} bits, the tensors have {bits}"
            return Fault(finding="name", said=said)
    for match in _NAMED_GROUP.finditer(name):
        size = int(match[1] or match[2])
        if scheme.group_size not in {None, size}:
            said = f"{name} says groups of {size}, they are of {scheme.group_size}"
            return Fault(finding="name", said=said)
    words = {word for word in ("gptq", "awq") if word in name.lower()}
    other = {"gptq": "awq", "awq": "gptq"}.get(scheme.quant_method)
    if words == {other}:
        said = f"{name} says {other}, the files are {scheme.quant_method}'s"
        return Fault(finding="name", said=said)
    return None


def dtype_fault(config: Mapping[str, Any], scales: Mapping[str, str]) -> Fault | None:
    """Return where the precision that loaders choose does not fit the scales of an AWQ checkpoint.

    AWQ's own kernels take float16 alone, and no kernel takes scales of another precision than the
    activations.

    Args:
        config: config.json.
        scales: tensor -> safetensors dtype, of every scale.
    """
    if read_scheme(config).quant_method != "awq":
        return None
    said = configured_dtype(config)
    known = {"float16": "F16", "bfloat16": "BF16", "float32": "F32"}
    wrong = [name for name, dtype in scales.items() if dtype != known.get(said, dtype)]
    if not wrong:
        return None
    kind = {"F16": "float16", "BF16": "bfloat16", "F32": "float32"}[scales[min(wrong)]]
    text = f"config.json says {said}, {min(wrong)} is {kind}"
    needs = ": the AWQ kernel needs float16" if kind == "float16" else ""
    return Fault(finding="awq-dtype", said=text + needs)


def configured_dtype(config: Mapping[str, Any]) -> str:
    """Return the precision that loaders choose for a model; empty when it does not say."""
    return str(config.get("dtype") or config.get("torch_dtype") or "").removeprefix("torch.")

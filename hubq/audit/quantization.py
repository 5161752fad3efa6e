"""Quantization: what a repo's own files say of how its weights were quantized.

Each tool writes that down in its own words; here they are one. `config.json` holds it for
transformers and vLLM; AutoGPTQ and gptqmodel write `quantize_config.json` beside it, AutoAWQ
`quant_config.json`, NVIDIA's ModelOpt `hf_quant_config.json`. GGUF files say it in their names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from hubq.audit import dialects
from hubq.audit.naming import read_name
from hubq.audit.parts import NOWHERE, Spot
from hubq.audit.subject import Subject

CONFIG = "config.json"
#: Files beside `config.json` that say it, in the order in which they are looked at.
OTHERS = ("quantize_config.json", "quant_config.json", "hf_quant_config.json")
_GGUF_TYPE = re.compile(r"(?:^|[-_.])(I?Q[1-8]_[A-Z0-9_]+|TQ[12]_0|MXFP4[A-Z_]*)(?=[-_.])")
_SHARD = re.compile(r"-\d{5}-of-\d{5}\.gguf$")


class Quantization(msgspec.Struct, frozen=True, kw_only=True):
    """What one file says; what it does not say is empty or none.

    Attributes:
        path: the file.
        key: where in it: `quantization_config`; empty for the whole file, and for a name.
        method: `gptq`, `awq`, `compressed-tensors`, `bitsandbytes`, `fp8`, `hqq`, `torchao`,
            `modelopt`, `auto-round`, `gguf`, `mlx`, or another tool's own word in lower case.
        bits: of a quantized weight; none where several precisions are mixed, too.
        every_bits: all that are named, the smallest first.
        activation_bits: of activations where those are quantized or said to be.
        kv_bits: of the KV cache, where that is quantized.
        floating: whether weights are floating-point numbers of few bits: fp8, fp4, nf4.
        group_size: weights that share a scale; -1 where a whole row or tensor does; none too where
            several are mixed, or blocks have two sides.
        desc_act, sym, zero_point: whether columns are ordered by activations, codes are symmetric,
            zero points are stored.
        format: of the checkpoint: `gptq`, `gptq_v2`, `gemm`, `pack-quantized`, `Q4_K_M`, ...
        kept: modules that were left as they are: names, or patterns.
        mixed: whether modules differ in bits, group size or type.
        raw: what the file says, as it stands.
    """

    path: str
    key: str = ""
    method: str = ""
    bits: int | None = None
    every_bits: tuple[int, ...] = ()
    activation_bits: int | None = None
    kv_bits: int | None = None
    floating: bool = False
    group_size: int | None = None
    desc_act: bool | None = None
    sym: bool | None = None
    zero_point: bool | None = None
    format: str = ""
    kept: tuple[str, ...] = ()
    mixed: bool = False
    raw: dict[str, Any] = {}


def quantization_of(subject: Subject) -> tuple[Quantization, ...]:
    """Return what each file says of the quantization, `config.json` first.

    GGUF files count where no other file says anything, by the types in their names.
    """
    return tuple(_said(subject)) or tuple(_ggufs(subject.files))


def declared(subject: Subject) -> Quantization | None:
    """Return what loaders go by: the first file that says anything, GGUF's names apart."""
    return next(_said(subject), None)


def spot_of(subject: Subject, path: str, *keys: str) -> Spot:
    """Return where the last of some keys stands in a JSON file, each sought behind the one before.

    Zeros where they do not stand there.
    """
    text = subject.gathered.texts.get(path, "")
    at = -1
    for key in keys:
        at = text.find(f'"{key}"', at + 1)
        if at < 0:
            return NOWHERE
    if at < 0:
        return NOWHERE
    return Spot(text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))


def words(one: Quantization) -> str:
    """Return what a file says as words: `GPTQ, 4 bits, groups of 128`."""
    parts = [one.method.upper() if one.method in ("gptq", "awq", "fp8") else one.method]
    if one.bits:
        parts.append(f"{one.bits} bits")
    if one.group_size:
        parts.append(f"groups of {one.group_size}" if one.group_size > 0 else "no groups")
    return ", ".join(part for part in parts if part)


def read_quantization(raw: Mapping[str, Any], path: str, key: str = "") -> Quantization:
    """Return what a mapping says, in one vocabulary.

    Args:
        raw: the value of `quantization_config`, or a whole file that says it.
        path: where it stands.
        key: where in that.
    """
    found = dialects.read(raw)
    every = tuple(sorted({bits for bits in found.pop("every_bits", ()) if 0 < bits <= 64}))
    bits = found.pop("bits", None)
    bits = bits if bits and 0 < bits <= 64 else None
    mixed = bool(found.pop("mixed", False)) or len(every) > 1
    return Quantization(
        path=path,
        key=key,
        bits=None if mixed else bits or (every[0] if every else None),
        every_bits=every or ((bits,) if bits else ()),
        mixed=mixed,
        raw=dict(raw),
        **found,
    )


def _said(subject: Subject) -> Iterator[Quantization]:
    if not subject.gathered.texts:
        return
    config = subject.config or {}
    inner = config.get("text_config")
    for key, raw in (
        ("quantization_config", config.get("quantization_config")),
        ("compression_config", config.get("compression_config")),
        ("quantization", config.get("quantization")),
        (
            "quantization_config",
            inner.get("quantization_config") if isinstance(inner, dict) else None,
        ),
    ):
        if isinstance(raw, Mapping) and raw:
            yield read_quantization(raw, CONFIG, key)
            break
    for path in OTHERS:
        other = subject.json(path)
        if other:
            yield read_quantization(other, path)


def _ggufs(files: Iterable[str]) -> Iterator[Quantization]:
    """Yield what the names of GGUF files say; of one in parts, the first alone."""
    for path in files:
        if not path.endswith(".gguf") or (_SHARD.search(path) and "-00001-of-" not in path):
            continue
        found = _GGUF_TYPE.search(path.rpartition("/")[2])
        name = found[1] if found else ""
        facts = read_name(name)
        yield Quantization(
            path=path,
            method="gguf",
            bits=facts.bits,
            every_bits=(facts.bits,) if facts.bits else (),
            format=name,
        )

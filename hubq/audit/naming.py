"""Naming: what a repo's name says of its weights, in the ways that people name quantized models."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

_LONGEST = 300
"""Characters of a name that are looked at; the Hub allows 96."""
#: A word of a name begins after one of these, and ends before one.
_EDGE = r"(?:(?<=^)|(?<=[-_. /(]))"
_END = r"(?=$|[-_. /)])"

_METHODS: tuple[tuple[str, str], ...] = (
    ("gptq", r"gptq(?:model|v2)?|gptaq|autogptq"),
    ("awq", r"(?:auto)?awq"),
    ("auto-round", r"auto-?round|autoround"),
    ("bitsandbytes", r"bnb|bitsandbytes"),
    ("hqq", r"hqq\+?"),
    ("torchao", r"torchao"),
    ("exl2", r"exl2|exllamav2"),
    ("exl3", r"exl3|exllamav3"),
    ("aqlm", r"aqlm"),
    ("quip", r"quip(?:-?sharp|#)?"),
    ("vptq", r"vptq"),
    ("eetq", r"eetq"),
    ("quanto", r"quanto"),
    ("spqr", r"spqr"),
    ("higgs", r"higgs"),
    ("gguf", r"i?gguf|i?ggml"),
    ("mlx", r"mlx"),
)
_OF_METHODS = tuple(
    (method, re.compile(f"{_EDGE}(?:{pattern}){_END}", re.IGNORECASE))
    for method, pattern in _METHODS
)
_FORMATS = tuple(
    (name, re.compile(f"{_EDGE}(?:{pattern}){_END}", re.IGNORECASE))
    for name, pattern in (
        ("gguf", "i?gguf"),
        ("ggml", "ggml"),
        ("mlx", "mlx"),
        ("exl2", "exl2"),
        ("exl3", "exl3"),
        ("onnx", "onnx(?:web)?"),
        ("openvino", "openvino|ov"),
        ("coreml", "coreml"),
        ("tensorrt", "trt|tensorrt(?:[-_]llm)?"),
        ("ctranslate2", "ct2|ctranslate2"),
        ("marlin", "marlin"),
    )
)
#: Of the cache; `FP8-KV` tells of weights too, as AMD names its repos.
_KV = re.compile(rf"{_EDGE}kv(?:cache)?[-_]?(?:fp8|int8|int4|[48](?:bit)?)?{_END}", re.IGNORECASE)
_ACTIVATIONS = re.compile(
    rf"{_EDGE}w(?P<bits>\d{{1,2}})a(?:(?P<a>\d{{1,2}})|fp(?P<fp>\d))(?:kv\d{{1,2}})?{_END}",
    re.IGNORECASE,
)
_BITS = tuple(
    re.compile(f"{_EDGE}{pattern}{_END}", re.IGNORECASE)
    for pattern in (
        r"u?int[-_]?(\d{1,2})",
        r"(?<!\d\.)(\d{1,2})(?:\.0)?[-_ ]?bits?(?:mode|gs\d{2,4})?",
        r"(?:mx|nv|bnb)?(?:fp|nf)(\d{1,2})(?:a\d{1,2})?",
        r"i?q(\d)(?:_[a-z0-9]+){0,3}",
        r"(\d)(?:\.0)?[-_]?bpw",
        r"tq(\d)_\d",
    )
)
_FP8 = re.compile(rf"{_EDGE}fp8{_END}", re.IGNORECASE)
_MIXED = re.compile(
    rf"{_EDGE}(?:mixed(?:[-_]\d[-_]\d[-_]?bits?)?|mix|hybrid|dwq|ud|dynamic[-_]?(?:quant|v\d)"
    rf"|\d+\.\d*[1-9]\d*[-_]?(?:bpw|bits?)){_END}|int\d[-_]?int\d|mix{_END}",
    re.IGNORECASE,
)
_GROUP = re.compile(
    rf"{_EDGE}(?:(-1|16|32|64|128|256|512|1024)g"
    rf"|(?:gs|g|group[-_]?(?:size)?)[-_]?(-1|16|32|64|128|256|512|1024)){_END}"
    rf"|(?<=bit)gs(16|32|64|128|256|512|1024){_END}",
    re.IGNORECASE,
)
_SIZE = re.compile(
    r"(?<![a-z0-9.])(?:(?P<experts>\d{1,3})x)?(?P<number>\d{1,4}(?:\.\d{1,3})?)(?P<unit>[bm])"
    r"(?![a-z0-9])",
    re.IGNORECASE,
)
_FILLERS = re.compile(
    rf"{_EDGE}(?:quantized|quant|native|vllm|sglang|dynamic|static|gemm|gemv|marlin|block|channel"
    rf"|tensor|calib|ov|onnx|ct2|imatrix|i\d|symmetric|sym|asym|act[-_]?order|safetensors){_END}",
    re.IGNORECASE,
)
_ABOUT = (
    _KV,
    _ACTIVATIONS,
    _MIXED,
    *(pattern for _, pattern in _OF_METHODS),
    *(pattern for _, pattern in _FORMATS),
    *_BITS,
    _GROUP,
)
_JOINTS = re.compile(r"([-_. ])[-_. ]+")


class NameFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a name says; what it does not say is empty or none.

    Attributes:
        bits: of a weight, at most 8; none where the name says nothing or several things.
        said: the piece that says the bits, as written.
        activation_bits: `16` of `w4a16`.
        method: as `Quantization.method` has it: `gptq`, `awq`, `bitsandbytes`, `gguf`, `mlx`, ...;
            empty where the name tells of no method, as `w4a16` and `FP8` do not.
        group_size: -1 for none.
        format: of files, where they are not safetensors of transformers: `gguf`, `mlx`, `exl2`,
            `onnx`, ...
        floating: whether it names a floating-point type: `FP8`, `NVFP4`, `nf4`.
        mixed: whether it tells of several precisions.
        size_b: billions of parameters: 0.5 of `500M`, 56 of `8x7B`.
        family: what stands before the size, in lower case: `qwen2-vl`.
        base_guess: the name without all that: what the model was made from may be called so.
        quantized: whether it tells of quantization at all.
    """

    bits: int | None = None
    said: str = ""
    activation_bits: int | None = None
    method: str = ""
    group_size: int | None = None
    format: str = ""
    floating: bool = False
    mixed: bool = False
    size_b: float | None = None
    family: str = ""
    base_guess: str = ""
    quantized: bool = False


@lru_cache(maxsize=4096)
def read_name(model: str) -> NameFacts:
    """Return what a name says.

    Args:
        model: a repo's name, with or without its owner.
    """
    name = model.rpartition("/")[2][:_LONGEST]
    rest = _KV.sub("", name)
    found = _bits_in(rest)
    several = len({bits for bits, _ in found}) > 1
    activations = _ACTIVATIONS.search(rest)
    mixed = bool(_MIXED.search(rest)) or several
    bits, said = found[0] if found and not mixed else (None, "")
    group = _GROUP.search(rest)
    method = next((key for key, pattern in _OF_METHODS if pattern.search(rest)), "")
    base = _without(name)
    size = _SIZE.search(name)
    return NameFacts(
        bits=bits,
        said=said,
        activation_bits=_activation_bits(activations),
        method=method,
        group_size=int(group[1] or group[2] or group[3]) if group else None,
        format=next((key for key, pattern in _FORMATS if pattern.search(rest)), ""),
        floating=bool(re.search(r"(?:fp|nf)[468]", said, re.IGNORECASE) or _FP8.search(rest)),
        mixed=mixed,
        size_b=_size(size),
        family=name[: size.start()].strip("-_. ").lower() if size else "",
        base_guess=base,
        quantized=bool(found or method or activations or group or mixed),
    )


def _bits_in(name: str) -> list[tuple[int, str]]:
    """Return (bits, what says so) over a name; weights and activations together come alone."""
    both = _ACTIVATIONS.search(name)
    if both and int(both["bits"]) <= 8:
        return [(int(both["bits"]), both[0])]
    found = [(one.start(), int(one[1]), one[0]) for way in _BITS for one in way.finditer(name)]
    return [(bits, said) for _, bits, said in sorted(found) if 1 <= bits <= 8]


def _activation_bits(found: re.Match[str] | None) -> int | None:
    return int(found["a"] or found["fp"]) if found else None


def _size(found: re.Match[str] | None) -> float | None:
    if found is None:
        return None
    number = float(found["number"]) / (1000 if found["unit"] in "mM" else 1)
    return number * int(found["experts"] or 1)


def _without(name: str) -> str:
    """Return a name without what tells of quantization."""
    rest = name
    for pattern in _ABOUT:
        rest = pattern.sub("", rest)
    if rest != name:
        rest = _FILLERS.sub("", rest)
    return _JOINTS.sub(r"\1", rest).strip("-_. ")

"""Dialects: how each tool writes down what it did to the weights, read into the same words.

Everything here takes what JSON may hold, and never fails.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

_METHODS = {
    "gptq": "gptq",
    "gptqmodel": "gptq",
    "marlin": "gptq",
    "gptq_marlin": "gptq",
    "awq": "awq",
    "awq_marlin": "awq",
    "gemm": "awq",
    "compressed_tensors": "compressed-tensors",
    "sparseml": "compressed-tensors",
    "bitsandbytes": "bitsandbytes",
    "bitsandbytes_4bit": "bitsandbytes",
    "bitsandbytes_8bit": "bitsandbytes",
    "fp8": "fp8",
    "fbgemm_fp8": "fp8",
    "finegrained_fp8": "fp8",
    "hqq": "hqq",
    "torchao": "torchao",
    "modelopt": "modelopt",
    "modelopt_fp4": "modelopt",
    "modelopt_fp8": "modelopt",
    "nvfp4": "modelopt",
    "auto_round": "auto-round",
    "autoround": "auto-round",
    "intel/auto_round": "auto-round",
}
_LARGEST = 1 << 20
_KEPT = (
    *("modules_to_not_convert", "ignore", "ignored_layers", "llm_int8_skip_modules"),
    *("skip_modules", "exclude_modules", "modules_not_to_convert", "exclude"),
)
#: How many bits of a weight the types have that torchao, quanto, ModelOpt and Quark name.
_TYPE = re.compile(
    r"(?<![a-z])w?(?P<kind>u?int|nvfp|mxfp|mx_fp|fp|float|nf|w)_?(?P<bits>\d)(?!\d)", re.IGNORECASE
)
#: Keys that give a method away where none is named, the surest first.
_TELLTALE = (
    ("bitsandbytes", ("load_in_4bit", "load_in_8bit", "bnb_4bit_quant_type")),
    ("compressed-tensors", ("config_groups",)),
    ("awq", ("w_bit", "q_group_size", "zero_point")),
    ("gptq", ("damp_percent", "desc_act", "true_sequential")),
    ("mlx", ("group_size",)),
)


def read(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a mapping says, by the names that `Quantization` has for it.

    `every_bits` is a list of all bits that are named, in any order.
    """
    method = method_of(raw)
    return {"method": method, "kept": _kept(raw), **_READERS.get(method, _flat)(raw)}


def method_of(raw: Mapping[str, Any]) -> str:
    """Return the method that a mapping names, or that its keys give away; empty for none."""
    said = raw.get("quant_method") or raw.get("method") or _producer(raw)
    if isinstance(said, str) and said.strip():
        plain = said.strip().lower().replace("-", "_")
        return _METHODS.get(plain, plain.replace("_", "-"))
    return next((method for method, keys in _TELLTALE if any(key in raw for key in keys)), "")


def _producer(raw: Mapping[str, Any]) -> str:
    producer = raw.get("producer")
    name = producer.get("name") if _is(producer) else None
    return "modelopt" if name == "modelopt" or "quant_algo" in raw else ""


def _flat(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Read what says its settings by their usual names, as GPTQ and most others do."""
    named = next((raw[key] for key in ("bits", "w_bit", "nbits", "weights") if key in raw), None)
    bits = _int(named) or (_type_bits(named)[0] if isinstance(named, str) else None)
    group = _int(raw.get("group_size", raw.get("q_group_size")))
    overrides = [one for key in ("dynamic", "extra_config") for one in _values(raw.get(key))]
    every = [bits] if bits else []
    every += [found for one in overrides if (found := _int(one.get("bits"))) and found <= 8]
    groups = {_int(one["group_size"]) for one in overrides if "group_size" in one} | {group}
    return {
        "bits": bits,
        "every_bits": every,
        "mixed": len(groups) > 1 or (isinstance(named, float) and bits is None),
        "group_size": group if len(groups) == 1 else None,
        "desc_act": _flag(raw.get("desc_act")),
        "sym": _flag(raw.get("sym")),
        "zero_point": _flag(raw.get("zero_point")),
        "format": _text(
            raw.get("checkpoint_format")
            or raw.get("format")
            or raw.get("packing_format")
            or raw.get("version")
        ).lower(),
        "activation_bits": _int(raw.get("act_bits")),
        "floating": "fp" in _text(raw.get("data_type")),
    }


def _compressed(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Read the groups of compressed-tensors, which ModelOpt writes into `config.json` too."""
    groups = _values(raw.get("config_groups"))
    weights = [one["weights"] for one in groups if _is(one.get("weights"))]
    inputs = [one["input_activations"] for one in groups if _is(one.get("input_activations"))]
    cache = raw.get("kv_cache_scheme")
    sizes = {_compressed_group(one) for one in weights}
    types = {_text(one.get("type")) for one in weights}
    return {
        "every_bits": [bits for one in weights if (bits := _int(one.get("num_bits")))],
        "activation_bits": next((_int(one.get("num_bits")) for one in inputs), None),
        "kv_bits": _int(cache.get("num_bits")) if _is(cache) else None,
        "floating": bool(types) and types == {"float"},
        "group_size": next(iter(sizes)) if len(sizes) == 1 else None,
        "sym": _flag(weights[0].get("symmetric")) if weights else None,
        "format": _text(raw.get("format")),
        "mixed": len(sizes) > 1 or len(types) > 1,
    }


def _compressed_group(weights: Mapping[str, Any]) -> int | None:
    strategy = _text(weights.get("strategy"))
    if strategy in ("channel", "tensor"):
        return -1
    return None if strategy == "block" else _int(weights.get("group_size"))


def _bitsandbytes(raw: Mapping[str, Any]) -> dict[str, Any]:
    four = raw.get("load_in_4bit", raw.get("_load_in_4bit")) is True
    eight = raw.get("load_in_8bit", raw.get("_load_in_8bit")) is True
    kind = _text(raw.get("bnb_4bit_quant_type")) if four else ""
    return {"bits": 4 if four else 8 if eight else None, "floating": four, "format": kind}


def _fp8(raw: Mapping[str, Any]) -> dict[str, Any]:
    cache = raw.get("kv_cache_scheme") or raw.get("kv_cache_quant_method")
    return {
        "bits": 8,
        "floating": True,
        "activation_bits": 8,
        "kv_bits": 8 if cache else None,
        "format": _text(raw.get("activation_scheme")),
        "group_size": None if raw.get("weight_block_size") else -1,
    }


def _mxfp4(_: Mapping[str, Any]) -> dict[str, Any]:
    return {"bits": 4, "floating": True, "group_size": 32}


def _hqq(raw: Mapping[str, Any]) -> dict[str, Any]:
    inner = raw.get("quant_config", raw)
    inner = inner if _is(inner) else {}
    plain = inner.get("weight_quant_params")
    found = [plain] if _is(plain) else []
    for one in _values(inner) if not found else ():
        nested = one.get("weight_quant_params", one)
        found += [nested] if _is(nested) and "nbits" in nested else []
    sizes = {_int(one.get("group_size")) for one in found}
    return {
        "every_bits": [bits for one in found if (bits := _int(one.get("nbits")))]
        or [bits for bits in (_int(raw.get("nbits")),) if bits],
        "group_size": next(iter(sizes)) if len(sizes) == 1 else None,
        "mixed": len(sizes) > 1,
    }


def _torchao(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Read torchao's, which names a configuration class, or in old files a function."""
    kind: Any = raw.get("quant_type")
    settings = raw.get("quant_type_kwargs")
    if _is(kind):
        kind = kind.get("default", kind)
        settings = kind.get("_data") if _is(kind) else None
        kind = kind.get("_type") if _is(kind) else None
    name, known = _text(kind), settings if _is(settings) else {}
    if not name or "fqn" in name.lower():
        return {"mixed": bool(name)}
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    activation, _, weight = snake.rpartition("activation")
    typed = known.get("weight_dtype")
    typed = typed.get("_data") if _is(typed) else typed
    bits, floating = _type_bits(weight)
    if bits is None:
        bits, floating = _type_bits(_text(typed).rpartition(".")[2])
    return {
        "bits": bits,
        "floating": floating,
        "activation_bits": _type_bits(activation)[0],
        "group_size": _int(known.get("group_size")),
        "format": name,
    }


def _modelopt(raw: Mapping[str, Any]) -> dict[str, Any]:
    inner = raw.get("quantization")
    said = inner if _is(inner) else raw
    algorithm = _text(said.get("quant_algo")).upper()
    cache = _text(said.get("kv_cache_quant_algo"))
    groups = _compressed(raw) if _is(raw.get("config_groups")) else {}
    bits, floating = _type_bits(algorithm)
    inputs = re.search(r"W\dA(\d+)", algorithm)
    found = {
        "bits": bits,
        "floating": floating,
        "activation_bits": int(inputs[1]) if inputs else None,
        "kv_bits": _type_bits(cache)[0],
        "group_size": _int(said.get("group_size")),
        "mixed": "MIXED" in algorithm,
        "format": algorithm,
        "kept": _kept(said),
    }
    return found | {key: value for key, value in groups.items() if value and key != "format"}


def _mlx(raw: Mapping[str, Any]) -> dict[str, Any]:
    own = [one for one in _values(raw) if "bits" in one or "group_size" in one]
    bits, group = _int(raw.get("bits")), _int(raw.get("group_size"))
    every = [bits, *(_int(one.get("bits", bits)) for one in own)]
    groups = {group, *(_int(one.get("group_size", group)) for one in own)}
    kept = tuple(str(key) for key, value in raw.items() if value is False)
    return {
        "every_bits": [one for one in every if one],
        "group_size": group if len(groups) == 1 else None,
        "mixed": len(groups) > 1,
        "format": _text(raw.get("mode")),
        "floating": "fp" in _text(raw.get("mode")),
        "kept": kept,
    }


def _quark(raw: Mapping[str, Any]) -> dict[str, Any]:
    inner = raw.get("global_quant_config")
    weight = inner.get("weight") if _is(inner) else None
    inputs = inner.get("input_tensors") if _is(inner) else None
    bits, floating = _type_bits(_text(weight.get("dtype")) if _is(weight) else "")
    return {
        "bits": bits,
        "floating": floating,
        "group_size": _int(weight.get("group_size")) if _is(weight) else None,
        "activation_bits": _type_bits(_text(inputs.get("dtype")) if _is(inputs) else "")[0],
        "mixed": bool(raw.get("layer_quant_config") or raw.get("layer_type_quant_config")),
    }


_READERS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "compressed-tensors": _compressed,
    "bitsandbytes": _bitsandbytes,
    "fp8": _fp8,
    "mxfp4": _mxfp4,
    "hqq": _hqq,
    "torchao": _torchao,
    "modelopt": _modelopt,
    "mlx": _mlx,
    "quark": _quark,
}


def _kept(raw: Mapping[str, Any]) -> tuple[str, ...]:
    names = [one for key in _KEPT if isinstance(raw.get(key), list) for one in raw[key]]
    dynamic = raw.get("dynamic")
    names += [key[2:] for key in dynamic if key.startswith("-:")] if _is(dynamic) else []
    return tuple(dict.fromkeys(str(name) for name in names))


def _type_bits(name: str) -> tuple[int | None, bool]:
    """Return the bits that a type's name says, and whether it is of floating-point numbers."""
    found = _TYPE.search(name)
    if found is None or not 1 <= int(found["bits"]) <= 8:
        return None, False
    return int(found["bits"]), found["kind"].lower() not in ("int", "uint", "w")


def _values(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value.values() if _is(one)] if _is(value) else []


def _is(value: Any) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping)


def _int(value: Any) -> int | None:
    """Return a whole number that can be one of bits or of a group; -1 is for no groups."""
    digits = isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,6}", value)
    if digits or (isinstance(value, float) and value.is_integer()):
        value = int(value)
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and (value == -1 or 0 < value <= _LARGEST) else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""

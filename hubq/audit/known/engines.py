"""Engines: which quantization methods vLLM has, since when and on which GPUs."""

from __future__ import annotations

import re
from functools import lru_cache

from hubq.audit.known.tables import Span, vllm
from hubq.audit.known.versions import Version, readable

#: Methods of vLLM that load checkpoints of a `quant_method`; what is refused stands in neither.
_LOADS: dict[str, frozenset[str]] = {
    "gptq": frozenset(
        {"gptq", "auto_gptq", "gptq_marlin", "gptq_marlin_24", "gptq_bitblas", "marlin", "bitblas"}
        | {"moe_wna16", "ipex", "cpu_gptq", "inc", "auto-round", "humming"}
    ),
    "awq": frozenset(
        {"awq", "auto_awq", "awq_marlin", "moe_wna16", "ipex", "cpu_awq", "inc", "humming"}
    ),
}
_BOUND = re.compile(r"(==|>=|<=|~=|!=|<|>)\s*([\w.+!-]+)")


def method(name: str) -> Span | None:
    """Return the vLLM releases that have a quantization method; none for an unknown one."""
    return vllm().methods.get(name)


def loads(method: str, quantized: str) -> bool | None:
    """Return whether `--quantization METHOD` loads a checkpoint; none where that is not known.

    Args:
        method: given to vLLM.
        quantized: the checkpoint's `quant_method`.
    """
    known = _LOADS.get(quantized)
    others = frozenset().union(*_LOADS.values())
    if known is None or (method not in others and method not in _FIXED):
        return None
    return method in known


#: Methods that load only checkpoints of their own.
_FIXED = frozenset({"aqlm", "bitsandbytes", "compressed-tensors", "gguf", "squeezellm", "hqq"})


def least_capability(name: str) -> int:
    """Return the least compute capability, times ten, that any vLLM release asked for.

    0 where that is not known for all releases.
    """
    values = vllm().capabilities.get(name, {}).values()
    return min(values, default=0)


def pinned(version: str, package: str) -> str:
    """Return what a vLLM release needs of another package: `==2.4.0`; empty without a need."""
    return vllm().needs.get(version, {}).get(package, "")


@lru_cache(maxsize=512)
def allows(wanted: str, version: Version) -> bool:
    """Return whether a requirement allows a version; what cannot be read allows all.

    Args:
        wanted: bounds between commas: `>=4.45,<5`.
        version: of the package.
    """
    for operator, bound in _BOUND.findall(wanted):
        if readable(bound) and not _within(operator, Version.of(bound), version):
            return False
    return True


def _within(operator: str, bound: Version, version: Version) -> bool:
    if operator == "==":
        return bound in (version, version.base)
    if operator == ">=":
        return version.base >= bound
    if operator in ("<", "<="):
        return version <= bound
    return True

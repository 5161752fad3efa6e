"""Engines: which quantization methods vLLM and SGLang have, since when and on which GPUs."""

from __future__ import annotations

import re
from functools import lru_cache

from hubq.audit.known.tables import Span, engine
from hubq.audit.known.versions import Version, readable

#: Methods of vLLM that load checkpoints of a `quant_method`.
_LOADS: dict[str, frozenset[str]] = {
    "gptq": frozenset(
        {"gptq", "auto_gptq", "gptq_marlin", "gptq_marlin_24", "gptq_bitblas", "marlin", "bitblas"}
        | {"moe_wna16", "ipex", "cpu_gptq", "inc", "auto-round", "humming"}
    ),
    "awq": frozenset(
        {"awq", "auto_awq", "awq_marlin", "moe_wna16", "ipex", "cpu_awq", "inc", "humming"}
    ),
    "compressed-tensors": frozenset({"compressed-tensors", "sparseml", "humming", "inc"}),
}
#: Methods that load only what they made; a checkpoint of another method is refused.
_STRICT = frozenset(
    {"gptq", "gptq_marlin", "awq", "awq_marlin", "compressed-tensors", "aqlm", "bitsandbytes"}
    | {"gguf", "squeezellm", "hqq", "fp8"}
)
_BOUND = re.compile(r"(==|>=|<=|~=|!=|<|>)\s*([\w.+!-]+)")


def method(name: str, package: str = "vllm") -> Span | None:
    """Return the releases that have a quantization method; none for an unknown one.

    Args:
        name: of the method, as the engine is told.
        package: the engine, `vllm` or `sglang`.
    """
    return engine(package).methods.get(name)


def loads(method: str, quantized: str) -> bool | None:
    """Return whether `--quantization METHOD` loads a checkpoint; none where that is not known.

    Args:
        method: given to vLLM.
        quantized: the checkpoint's `quant_method`.
    """
    known = _LOADS.get(quantized)
    if known is None or (method not in known and method not in _STRICT):
        return None
    return method in known


def least_capability(name: str) -> int:
    """Return the least compute capability, times ten, that any vLLM release asked for.

    0 where that is not known for all releases.
    """
    values = engine("vllm").capabilities.get(name, {}).values()
    return min(values, default=0)


def pinned(version: str, package: str) -> str:
    """Return what a vLLM release needs of another package: `==2.4.0`; empty without a need."""
    return engine("vllm").needs.get(version, {}).get(package, "")


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

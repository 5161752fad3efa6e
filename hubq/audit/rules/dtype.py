"""The type of the weights that were left, against the configuration's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from hubq.audit.quantization import Quantization, declared, spot_of
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.audit.tensors import weights_of
from hubq.model.finding import Finding

_NAMES = {"bfloat16": "BF16", "float16": "F16", "float32": "F32"}
_MOST = 0.9


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding where the configuration names a type that no or hardly any tensor has."""
    config, one = subject.config or {}, declared(subject)
    key = "dtype" if "dtype" in config else "torch_dtype"
    said = str(config.get(key, "")).removeprefix("torch.")
    if said not in _NAMES:
        return
    held = _held(subject)
    total = sum(held.values())
    if total and held[_NAMES[said]] < (1 - _MOST) * total:
        kind, count = held.most_common(1)[0]
        yield finding(
            subject,
            RULE.id,
            f"of the {total:,} weights that are not quantized {count:,} are {kind}",
            severity="info",
            at=spot_of(subject, "config.json", key),
            path="config.json",
            said=f"{key}: {said}",
            remedy="Say the type that the tensors have, or cast them before they are saved.",
        )
    elif said == "bfloat16" and one is not None and _plain_awq(one):
        yield finding(
            subject,
            RULE.id,
            "vLLM's own AWQ kernels take float16 alone; its Marlin kernels take bfloat16 too",
            severity="info",
            at=spot_of(subject, "config.json", key),
            path="config.json",
            said=f"{key}: {said}",
            remedy="Say on the card which engines were tried, or publish in float16.",
        )


def _plain_awq(one: Quantization) -> bool:
    return one.method == "awq" and one.format in ("", "gemm", "gemv")


def _held(subject: Subject) -> Counter[str]:
    """Return how many plain weights there are of each type; biases and norms do not count."""
    weights = weights_of(subject)
    quantized = {module.name for module in weights.modules}
    found: Counter[str] = Counter()
    if not weights.complete:
        return found
    for path in weights.files:
        for name, tensor in subject.gathered.headers[path].tensors.items():
            module, _, last = name.rpartition(".")
            if last == "weight" and len(tensor.shape) > 1 and module not in quantized:
                found[tensor.dtype] += tensor.elements
    return found


RULE = Rule(
    id="dtype",
    group="weights",
    title="The configuration's type is not that of the tensors, or not one that kernels take",
    severity="info",
    why="Loaders cast what is not quantized to the type that `config.json` names. Another one than "
    "the tensors have costs precision or range without a word; AWQ's first kernels take float16 "
    "alone, and engines stop where the configuration asks for bfloat16.",
    example='`"torch_dtype": "bfloat16"` in the `config.json` of an AWQ checkpoint.',
    fix="Say the type of the tensors; publish AWQ in float16 where older engines shall load it.",
    check=check,
    needs=("config",),
    sources=("https://docs.vllm.ai/en/latest/features/quantization/",),
)

"""The layout of the tensors against the method in the configuration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from hubq.audit.quantization import declared, spot_of
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.audit.tensors import weights_of
from hubq.model.finding import Finding

_LAYOUTS = {
    "gptq": {"gptq"},
    "awq": {"awq"},
    "bitsandbytes": {"bitsandbytes"},
    "compressed-tensors": {"compressed-tensors", "fp8", "int8", "nvfp4"},
    "fp8": {"fp8"},
    "mlx": {"mlx"},
}


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding where tensors are laid out as another method does it."""
    one = declared(subject)
    expected = _LAYOUTS.get(one.method) if one is not None else None
    if one is None or expected is None:
        return
    found = Counter(part.method for part in weights_of(subject).modules if part.method)
    if not found or expected & set(found):
        return
    method, count = found.most_common(1)[0]
    yield finding(
        subject,
        RULE.id,
        f"the tensors of {count} modules are laid out as {method} does it",
        severity=RULE.severity,
        at=spot_of(subject, one.path, "quant_method"),
        path=one.path,
        said=str(one.raw.get("quant_method", one.method)),
        remedy="Upload weights and configuration of the same variant.",
    )


RULE = Rule(
    id="method-tensors",
    group="weights",
    title="The tensors are laid out as another method than the configuration's does it",
    severity="error",
    why="Loaders choose kernels by the method in the configuration; with tensors of another layout "
    "they stop, or leave modules with random weights.",
    example='`"quant_method": "awq"`, and tensors with `g_idx` that are packed along the inputs.',
    fix="Upload the weights that belong to the configuration, or the other way round.",
    check=check,
    needs=("headers",),
    sources=("https://huggingface.co/docs/transformers/quantization/overview",),
)

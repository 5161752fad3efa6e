"""Repos that say that they are quantized, and are not."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.naming import read_name
from hubq.audit.quantization import OTHERS, declared
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.audit.tensors import weights_of
from hubq.model.finding import Finding

_METHODS = frozenset({"gptq", "awq", "compressed-tensors", "bitsandbytes", "fp8", "mlx"})
_FLOATS = frozenset({"F16", "BF16", "F32", "F64"})
_OTHER_WEIGHTS = (".gguf", ".bin", ".pt", ".pth", ".onnx", ".npz", ".mlmodel", ".xml", ".engine")


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding where all weights have full precision, or nothing says how to load them."""
    one, name = declared(subject), read_name(subject.model)
    said = f"{one.method} ({one.path})" if one is not None else ""
    if one is None and name.quantized and not name.format:
        said = f"{name.method or name.said} (the repo's name)"
    if one is not None and one.method not in _METHODS:
        return
    if said and _all_floats(subject):
        yield finding(
            subject,
            RULE.id,
            "every weight has full precision: no tensor is quantized",
            severity="error",
            path=next(iter(weights_of(subject).files)),
            said=said,
            remedy="Upload the quantized weights.",
        )
    elif one is None and not name.format and name.method in ("gptq", "awq", "bitsandbytes"):
        yield from _undeclared(subject, name.method)


def _all_floats(subject: Subject) -> bool:
    weights = weights_of(subject)
    if not weights.complete or weights.modules or not weights.plain:
        return False
    if any(path.endswith(_OTHER_WEIGHTS) for path in subject.files):
        return False
    types = {
        tensor.dtype
        for path in weights.files
        for tensor in subject.gathered.headers[path].tensors.values()
        if len(tensor.shape) > 1
    }
    return types <= _FLOATS


def _undeclared(subject: Subject, method: str) -> Iterator[Finding]:
    """Yield a finding where no file says how the weights were quantized."""
    if subject.config is None or not subject.has_files:
        return
    if any(path.rpartition("/")[2] in OTHERS for path in subject.files):
        return
    if not any(path.endswith(".safetensors") for path in subject.files):
        return
    yield finding(
        subject,
        RULE.id,
        f"no file says how the weights were quantized: config.json has no quantization_config, and "
        f"there is no {OTHERS[0]}; loaders take them for weights of full precision",
        severity="warning",
        path="config.json",
        said=f"{method} (the repo's name)",
        remedy="Add quantization_config to config.json.",
    )


RULE = Rule(
    id="not-quantized",
    group="weights",
    title="Weights that are said to be quantized have full precision, or nothing says how to load "
    "them",
    severity="error",
    why="Whoever downloads the repo gets a model of two to four times the size that was "
    "promised, or "
    "one that no engine can load.",
    example="`acme/Model-AWQ`, whose `config.json` says `awq` and whose tensors are all `BF16`.",
    fix="Upload the quantized checkpoint, with the configuration that its tool wrote.",
    check=check,
    needs=("files",),
    sources=("https://huggingface.co/docs/transformers/quantization/overview",),
)

"""Bits in the repo's name against those in its configuration."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.naming import read_name
from hubq.audit.quantization import declared, spot_of
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.model.finding import Finding

_OTHER_FILES = ("gguf", "ggml", "onnx", "openvino", "coreml", "tensorrt", "ctranslate2")


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding where name and configuration tell of different bits."""
    name, one = read_name(subject.model), declared(subject)
    if one is None or name.bits is None or one.bits is None or name.format in _OTHER_FILES:
        return
    if name.bits != one.bits:
        yield finding(
            subject,
            RULE.id,
            f"{one.path} says that weights have {one.bits} bits, the repo's name says {name.bits}",
            severity=RULE.severity,
            at=spot_of(subject, one.path, one.key or "bits", *(["bits"] if one.key else [])),
            path=one.path,
            said=name.said,
            remedy="Rename the repo, or upload the weights and the configuration that belong here.",
        )


RULE = Rule(
    id="bits-name",
    group="weights",
    title="The repo's name and its configuration tell of different bits",
    severity="error",
    why="People choose a repo by its name, for its size and its quality. Loaders go by the "
    "configuration. Where the two differ, either the wrong weights were uploaded, or everybody who "
    "chose by the name got something else.",
    example='`acme/Model-GPTQ-Int8` with `"bits": 4` in `config.json`: "config.json says that '
    "weights "
    "have 4 bits, the repo's name says 8\".",
    fix="Find out which of the two the weights are (`bits-tensors` reads it from their "
    "shapes), and "
    "mend the other one.",
    check=check,
    needs=("repo",),
    sources=("https://huggingface.co/docs/transformers/main_classes/quantization",),
)

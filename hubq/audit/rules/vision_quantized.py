"""Vision towers that were quantized without a word about it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hubq.audit.quantization import declared
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.audit.tensors import weights_of
from hubq.model.finding import Finding

_TOLD = re.compile(
    r"(?:vision|visual|image)[- ](?:tower|encoder|model|backbone|transformer|part)", re.IGNORECASE
)
_KEPT = re.compile(r"visual|vision|vpm|image_encoder", re.IGNORECASE)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding where modules of the vision tower are quantized, and nothing says so."""
    quantized = [one for one in weights_of(subject).modules if one.vision]
    if not quantized:
        return
    one = declared(subject)
    kept = [name for name in one.kept if _KEPT.search(name)] if one is not None else []
    found = (
        f"{len(quantized)} modules of the vision tower are quantized ({quantized[0].name}"
        f"{', ...' if len(quantized) > 1 else ''})"
    )
    if kept and one is not None:
        yield finding(
            subject,
            RULE.id,
            f"{found}; {one.path} says that it was left as it is: {', '.join(kept[:3])}",
            severity="warning",
            path=quantized[0].path,
            remedy="Upload weights and configuration of the same variant.",
        )
    elif not _TOLD.search(subject.document.body):
        yield finding(
            subject,
            RULE.id,
            f"{found}; the card does not say so",
            severity="info",
            path=quantized[0].path,
            remedy="Say on the card that the vision tower is quantized too.",
        )


RULE = Rule(
    id="vision-quantized",
    group="weights",
    title="The vision tower is quantized, and the card does not say so",
    severity="warning",
    why="Most tools leave a vision tower at full precision, and readers expect it: quantizing it "
    "costs reading of charts and documents first, where it is hardly looked for. Some engines "
    "cannot load such a tower at all.",
    example="`visual.blocks.0.attn.qkv.qweight` in a repo whose card does not mention the tower.",
    fix="Say it on the card, or leave the tower out of the quantization.",
    check=check,
    needs=("headers",),
    sources=("https://github.com/vllm-project/llm-compressor/tree/main/examples",),
)

"""Vision towers that were quantized without a word about it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hubq.audit.parts import Spot
from hubq.audit.quantization import declared
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.audit.tensors import weights_of
from hubq.model.finding import Finding

_TOLD = re.compile(
    r"(?:vision|visual|image)[- ](?:tower|encoder|model|backbone|transformer|part)", re.IGNORECASE
)
#: Words of a sentence by which the tower was left as it was.
_LEFT = re.compile(
    r"\b(?:keeps?|kept|stays?|left|remains?|unquantized|untouched|unchanged|not|excluded|only"
    r"|full precision|original precision|16[- ]bits?|bf16|fp16|bfloat16|float16)\b",
    re.IGNORECASE,
)
_NEAR = 300
"""Characters around the tower's name that its sentence is looked for in."""
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
        return
    line = _left(subject)
    told = _TOLD.search(subject.document.body)
    if line or not told:
        yield finding(
            subject,
            RULE.id,
            f"{found}; the card {'says that the tower was left' if line else 'does not say so'}",
            severity="warning" if line else "info",
            at=Spot(line),
            path="" if line else quantized[0].path,
            remedy="Say on the card that the vision tower is quantized too.",
        )


def _left(subject: Subject) -> int:
    """Return the line of the card that says that the tower was left as it was; 0 for none."""
    for passage in subject.document.passages:
        for found in _TOLD.finditer(passage.text):
            start = passage.text.rfind(". ", max(found.start() - _NEAR, 0), found.start())
            end = passage.text.find(". ", found.end(), found.end() + _NEAR)
            last = end if end >= 0 else found.end() + _NEAR
            if _LEFT.search(passage.text, max(start, found.start() - _NEAR, 0), last):
                return passage.line_of(found.start())
    return 0


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

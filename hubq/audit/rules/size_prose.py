"""The model's size in the card's sentences against the repo's name."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.audit.wording import named, said_in
from hubq.model.finding import Finding

_NEAR = 1.35
"""People round: a model of 7.6 billion is called 7B and 8B."""


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each sentence that calls this model larger or smaller than it is."""
    name, source = named(subject)
    size = name.size_b
    if not size:
        return
    for one in said_in(subject.document):
        if one.topic != "size" or not isinstance(one.value, (int, float)):
            continue
        if max(one.value, size) > _NEAR * min(one.value, size):
            yield finding(
                subject,
                RULE.id,
                f"{source} says {size:g}B",
                severity=RULE.severity,
                at=one.spot,
                said=one.text,
                remedy="Say the size of this model.",
            )


RULE = Rule(
    id="size-prose",
    group="weights",
    title="The card calls the model larger or smaller than the repo's name does",
    severity="warning",
    why="A sentence copied from a sibling's card: whoever reads it plans for the wrong memory, and "
    "doubts the rest.",
    example="> This repo contains the AWQ-quantized 4-bit instruction-tuned 72B model.\n\non "
    "the card of "
    "`acme/Model-14B-Instruct-AWQ`.",
    fix="Mend the sentence.",
    check=check,
    sources=("https://huggingface.co/docs/hub/model-cards",),
)

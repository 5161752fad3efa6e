"""The method in the card's sentences against name and configuration."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.quantization import declared
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.audit.wording import named, said_in
from hubq.model.finding import Finding

_SURE = frozenset({"gptq", "awq", "bitsandbytes", "hqq"})


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each sentence that tells of another method than was used."""
    said = [one for one in said_in(subject.document) if one.topic == "method"]
    if not said:
        return
    (name, label), one = named(subject), declared(subject)
    known = {name.method: f"{label} says"} if name.method in _SURE else {}
    if one is not None and one.method in _SURE:
        alone = one.method not in known
        known[one.method] = f"{one.path} says" if alone else f"{label} and {one.path} say"
    if len(known) != 1:
        return
    method, source = next(iter(known.items()))
    for told in said:
        if told.value in _SURE and told.value != method:
            yield finding(
                subject,
                RULE.id,
                f"the method is {method}, as {source}",
                severity=RULE.severity,
                at=told.spot,
                said=told.text,
                remedy="Name the tool and the method that were used.",
            )


RULE = Rule(
    id="method-prose",
    group="weights",
    title="The card says another method than was used",
    severity="warning",
    why="A sentence copied from the card of another variant tells readers to install the wrong "
    "package, and to expect another quality.",
    example="> This repo contains the AWQ-quantized 4-bit model.\n\non the card of "
    "`acme/Model-GPTQ`.",
    fix="Mend the sentence.",
    check=check,
    sources=("https://huggingface.co/docs/hub/model-cards",),
)

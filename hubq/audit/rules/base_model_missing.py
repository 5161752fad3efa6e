"""A quantized repo that does not say what it was made from."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.bases import certain_base, is_quantized, linked_base
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.model.finding import Finding


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for quantized weights without `base_model`."""
    document = subject.document
    if document.front.data.get("base_model") or document.front.problem:
        return
    if not is_quantized(subject):
        return
    linked, spot = linked_base(subject)
    base = certain_base(subject) or linked
    where = f"; line {spot.line} links to {linked}" if linked and spot.line else ""
    yield finding(
        subject,
        RULE.id,
        f"base_model is not said{where}",
        severity=RULE.severity,
        at=(1, 1) if document.front.present else (0, 0),
        remedy=f"Add `base_model: {base}`." if base else "Add base_model: the id of the original.",
        sources=RULE.sources,
    )


RULE = Rule(
    id="base-model-missing",
    group="metadata",
    title="A quantized model does not name its base model",
    severity="warning",
    why="The Hub lists a quantized model on the page of the original, and counts it there, by "
    "`base_model` alone. A link in the text does not do it, so nobody finds the model from the "
    "original, and no tool can hold it against the original.",
    example="A repo `acme/Qwen2-7B-Instruct-AWQ` whose front matter has `license` and `tags` and "
    "no `base_model`, though its text links to the original.",
    fix="Add `base_model: namespace/name` with the id of the original, and "
    "`base_model_relation: quantized`.",
    check=check,
    sources=("https://huggingface.co/docs/hub/model-cards#specifying-a-base-model",),
)

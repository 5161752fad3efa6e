"""A base model without the relation to it, or with one that the weights contradict."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.bases import is_quantized
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.markdown.vocabulary import RELATIONS
from hubq.model.finding import Finding


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for quantized weights that are not said to be so."""
    document = subject.document
    front = document.front
    if not front.data.get("base_model") or not is_quantized(subject):
        return
    relation = front.data.get("base_model_relation")
    if not relation:
        yield finding(
            subject,
            RULE.id,
            "base_model_relation is not said, and the Hub has to guess how this came from its base",
            severity="info",
            at=document.key_spot("base_model"),
            remedy="Add `base_model_relation: quantized`.",
            sources=RULE.sources,
        )
    elif relation in RELATIONS and relation != "quantized":
        yield finding(
            subject,
            RULE.id,
            f"the weights are quantized, and the relation is said to be {relation}",
            severity="warning",
            at=document.key_spot("base_model_relation"),
            said=str(relation),
            remedy="Write `base_model_relation: quantized`; for a quantized fine-tune, name the "
            "fine-tune as base_model.",
            sources=RULE.sources,
        )


RULE = Rule(
    id="base-relation",
    group="metadata",
    title="The relation to the base model is not said, or is not `quantized`",
    severity="warning",
    why="The Hub shows quantized models in a list of their own on the base model's page. Without "
    "`base_model_relation` it guesses, and a guess of `finetune` puts the repo among models whose "
    "weights were trained further.",
    example="`base_model: acme/x` and nothing else in the front matter of `acme/x-GPTQ-Int4`.",
    fix="Add `base_model_relation: quantized`.",
    check=check,
    sources=("https://huggingface.co/docs/hub/model-cards#specifying-a-base-model",),
)

"""A model given to everybody whose base model is given only to those who accept its terms."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.bases import stated_bases
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.model.finding import Finding


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for an open copy of a gated model."""
    base = subject.base
    gated = base is not None and base.gathered.gated
    if not gated or subject.gathered.gated is not False or base is None:
        return
    if base.repo not in stated_bases(subject):
        return
    yield finding(
        subject,
        RULE.id,
        f"the base model {base.repo} is given only to those who accept its terms; this repo is "
        "given to everybody",
        severity="info",
        at=subject.document.key_spot("base_model"),
        said=base.repo,
        remedy="Read whether the terms let you; where they ask for it, gate the repo too.",
        sources=RULE.sources,
    )


RULE = Rule(
    id="gated-base",
    group="metadata",
    title="The base model is gated, and this copy is not",
    severity="info",
    why="A gate makes people accept terms before they get the files. A quantized copy without one "
    "hands the same model to people who never saw them. Some licenses allow that, some do not.",
    example="`acme/x-AWQ` without a gate, made from a gated `meta-llama/x`.",
    fix="Gate the repo with the base model's terms, or check that its license lets you do without.",
    check=check,
    needs=("card", "base"),
    sources=("https://huggingface.co/docs/hub/models-gated",),
)

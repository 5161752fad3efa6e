"""A repo without a README."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.model.finding import Finding


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for a repo whose files are known and hold no README."""
    card = subject.gathered.card
    if card is None and subject.has_files:
        yield finding(subject, RULE.id, "the repo has no README.md", severity=RULE.severity)
    elif card is not None and not subject.document.body.strip():
        yield finding(
            subject, RULE.id, "the README says nothing", severity=RULE.severity, at=(1, 1)
        )


RULE = Rule(
    id="no-card",
    group="metadata",
    title="The repo has no README, or an empty one",
    severity="warning",
    why="Nobody can tell what was quantized, how, and whether it still works.",
    example="A repo with `config.json` and `model.safetensors`, and nothing else.",
    fix="Write a model card: what it was made from, how, and what was measured.",
    check=check,
    needs=(),
    sources=("https://huggingface.co/docs/hub/model-cards",),
)

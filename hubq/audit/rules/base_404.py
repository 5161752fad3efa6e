"""A base model that is not on the Hub."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.bases import stated_bases
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.model.finding import Finding


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for every base model that was looked up and is not there."""
    gone = frozenset(subject.gathered.gone)
    several = isinstance(subject.document.front.data.get("base_model"), list)
    stated = subject.document.front.items("base_model") if gone else []
    for at, base in enumerate(stated):
        if base.strip() in gone and base.strip() in stated_bases(subject):
            yield finding(
                subject,
                RULE.id,
                "the Hub shows no such model: there is none, or it is private",
                severity=RULE.severity,
                at=subject.document.key_spot("base_model", *((at,) if several else ())),
                said=base,
                remedy="Write the id of the model as the Hub has it now.",
                sources=RULE.sources,
                part=base,
            )


RULE = Rule(
    id="base-404",
    group="metadata",
    title="The base model is not on the Hub",
    severity="error",
    why="Where `base_model` names nothing, the repo stands on no model's page, and nobody can hold "
    "it against the original. Ids are mistyped, or their repos are deleted and made private.",
    example="`base_model: acme/Zeta-7b-instruct` where the Hub answers that there is no such repo.",
    fix="Write the id of the original as it is now; where it was deleted, name the model that it "
    "came from.",
    check=check,
    sources=("https://huggingface.co/docs/hub/model-cards#specifying-a-base-model",),
)

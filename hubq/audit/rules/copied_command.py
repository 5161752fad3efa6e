"""A command on a card that runs another model."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.loads import called, foreign
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.model.finding import Finding


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each command that takes a model that is not this card's."""
    for load, surely, why in foreign(subject, "command"):
        yield finding(
            subject,
            RULE.id,
            f"the command takes {load.repo}, {why}; this card is of {called(subject)}",
            severity="warning" if surely else "info",
            at=load.spot,
            said=f"{load.call} {load.repo}",
            remedy=f"Give the command that was run on {called(subject)}.",
            part=load.repo,
        )


RULE = Rule(
    id="copied-command",
    group="prose",
    title="A command serves, downloads or evaluates another model",
    severity="warning",
    why="An evaluation command that names another model says that the scores of this card cannot "
    "be repeated with it, and leaves open which model they were measured on.",
    example="""On the card of `acme/Tern-VL-7B-quantized.w4a16`:

```
vllm serve acme/otter-12b-quantized.w8a8 --max_model_len 25000
```

`the command takes acme/otter-12b-quantized.w8a8, a model of another family`""",
    fix="Give the command that was run. If scores were copied too, measure them.",
    check=check,
    sources=("https://huggingface.co/docs/hub/model-cards",),
)

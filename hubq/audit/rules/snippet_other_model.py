"""Python on a card that loads another model."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.loads import called, foreign
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.model.finding import Finding


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each place where code takes a model that is not this card's."""
    for load, surely, why in foreign(subject, "code"):
        yield finding(
            subject,
            RULE.id,
            f"the code loads {load.repo}, {why}; this card is of {called(subject)}",
            severity="warning" if surely else "info",
            at=load.spot,
            said=load.repo,
            remedy=f"Load {called(subject)}, or say why this one is loaded.",
            part=load.repo,
        )


RULE = Rule(
    id="snippet-other-model",
    group="prose",
    title="A snippet loads another model than the card's",
    severity="warning",
    why="Readers run what the card shows and take the answers for this model's. Cards are mostly "
    "made from one another, and an id that was left standing is what gives that away.",
    example="""On the card of `acme/Tern-7B-Instruct-AWQ`:

```python
model = AutoModelForCausalLM.from_pretrained("acme/Tern-7B-AWQ")
```

`the code loads acme/Tern-7B-AWQ, another model of the family`

The base model, adapters, draft models and training scripts are no error. It is a warning only for a
repo of another family, or another quantized repo; anything else is `info`.""",
    fix="Put the card's own id there. If another model is meant, say so in the sentence above.",
    check=check,
    sources=("https://huggingface.co/docs/hub/model-cards",),
)

"""Python on a card that uses a name which nothing on the card defines."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.bindings import undefined
from hubq.audit.rule import Rule, finding
from hubq.audit.snippets import snippets, spot_in
from hubq.audit.subject import Subject
from hubq.model.finding import Finding


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each name that is used before any code on the card defines it."""
    document = subject.document
    for snippet, node in undefined(snippets(document)):
        if f"`{node.id}`" in document.text:
            continue
        spot = spot_in(document, snippet, node.lineno, node.id)
        yield finding(
            subject,
            RULE.id,
            f"`{node.id}` is used here; neither this snippet nor one above defines or imports it",
            severity="warning",
            at=spot,
            said=document.quote(spot.line).strip()[:120],
            remedy=f"Define or import `{node.id}`, or use the name that was meant.",
            part=node.id,
        )


RULE = Rule(
    id="snippet-undefined",
    group="prose",
    title="A snippet uses a name that nothing defines",
    severity="warning",
    why="Run from the top to the bottom, the code of the card ends in a `NameError`: an import was "
    "forgotten, or a variable was renamed in one place and not in the other.",
    example="""```python
from transformers import AutoModelForCausalLM

model = AutoModelForCausalLM.from_pretrained("acme/Tern-7B-AWQ", torch_dtype=torch.float16)
```

`` `torch` is used here; neither this snippet nor one above defines or imports it ``

Code above counts, whatever heading it stands under, and so does code that cannot be read. Names
that the prose speaks of, in backticks, are the reader's to define.""",
    fix="Run the snippets of the card in one fresh interpreter, in their order.",
    check=check,
    sources=("https://docs.python.org/3/library/exceptions.html#NameError",),
)

"""A line that a license wants to be shown, and that the card does not show."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hubq.audit import licenses
from hubq.audit.bases import is_quantized, stated_bases
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.model.finding import Finding


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for a card without its license's `Built with`."""
    document = subject.document
    stated = licenses.stated(document.front)
    stated = stated or next(map(licenses.of_model, stated_bases(subject)), "")
    terms = licenses.TERMS.get(stated)
    if terms is None or not terms.shown or not is_quantized(subject):
        return
    if subject.owner.lower() in terms.owners:
        return
    if any(_shows(document.body, phrase) for phrase in terms.phrases):
        return
    phrases = " or ".join(f"“{phrase}”" for phrase in terms.phrases)
    yield finding(
        subject,
        RULE.id,
        f"the {terms.name} (section {terms.shown}) asks for {phrases} on a page or in the "
        "documentation of the model; this card does not show it",
        severity="info",
        at=document.key_spot("license" if document.front.data.get("license") else "base_model"),
        said=terms.id,
        remedy=f"Write {phrases} on the card, unless another page of yours shows it.",
        sources=(terms.source,),
    )


def _shows(body: str, phrase: str) -> bool:
    """Return whether a text holds a phrase, over line ends and in any case."""
    return bool(re.search(r"\W+".join(map(re.escape, phrase.split())), body, re.IGNORECASE))


RULE = Rule(
    id="license-display",
    group="metadata",
    title="The license asks for a line that the card does not show",
    severity="info",
    why="Since Llama 3, Meta's licenses ask whoever passes a model on to display “Built with "
    "Llama” prominently; those of some Qwen models ask for “Built with Qwen” or “Improved using "
    "Qwen”. The model card is the page that everybody sees. Whether another page shows the line "
    "cannot be known from the repo, so this is no more than information.",
    example="A card with `license: llama3.1` and no “Built with Llama” in its text.",
    fix="Add the line to the card.",
    check=check,
    sources=tuple(one.source for one in licenses.TERMS.values() if one.shown),
)

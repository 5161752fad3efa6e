"""A sentence that takes itself back."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hubq.audit.lowered import holds_any
from hubq.audit.parts import Spot
from hubq.audit.prose import sentences
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.model.finding import Finding

_LITERALS = ("wait", "scratch that", "let me re", "hmm", "actually, no", "language model, i")
_TURN = re.compile(
    r"(?:[—–(;,]|(?<=\s)-|\.\.\.|…)\s*(?:no,? |oh,? )?wait\b(?=\s*[,:;.!—–-])"
    r"|\bactually,? (?:no\b,|scratch that|wait\b)|\bscratch that\b"
    r"|\blet me (?:re-?(?:check|calculate|compute|count|do)|correct (?:that|this|myself))\b"
    r"|\bhmm+\b,|\bas an? (?:ai|large) language model, i\b",
    re.IGNORECASE,
)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each sentence of a card's own prose that corrects itself midway."""
    low = subject.document.text.lower()
    if not holds_any(low, _LITERALS):
        return
    for sentence in sentences(subject.document):
        found = _TURN.search(sentence.written)
        if found is None or _is_quoted(sentence.written, found.start()):
            continue
        line = sentence.line_of(found.start())
        if subject.document.quote(line).lstrip().startswith(">"):
            continue
        spot = subject.document.find(found[0].strip(), line, line)
        yield finding(
            subject,
            RULE.id,
            "the sentence takes back in its middle what it says; nobody has read it again",
            severity="info",
            at=spot if spot.line else Spot(line, 1),
            said=sentence.text[:200],
            remedy="Write the sentence again from the numbers.",
        )


def _is_quoted(text: str, at: int) -> bool:
    """Say whether a place in a text stands between quotation marks or in a code span."""
    before = text[:at]
    odd = any(before.count(mark) % 2 for mark in ('"', "`"))
    return odd or before.count("“") > before.count("”")


RULE = Rule(
    id="self-correction",
    group="prose",
    title="A sentence corrects itself midway",
    severity="info",
    why='"A leads on X (70.9 vs 71.6 - wait, B leads here)" is text that was written by a model '
    "or in a hurry and read by nobody. What stands around it deserves the same doubt.",
    example="""`Int4 keeps more than AWQ on Reading (70.87 vs 71.64 — wait, AWQ leads here).`

A quoted answer of a model and code are left alone.""",
    fix="Decide which half is true, and write that one.",
    check=check,
)

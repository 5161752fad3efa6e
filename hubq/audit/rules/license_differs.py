"""A license that is not the base model's, or not the one of which the card's text speaks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hubq.audit import licenses
from hubq.audit.bases import stated_bases
from hubq.audit.parts import Passage
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.model.finding import Finding

_LABEL = re.compile(
    r"\W*licen[sc]es?(?:\(s\))?\W*:\W*(?P<name>[^\n]{2,300})|"
    r"\W*released under the (?P<under>[^\n,.;()]{2,40}(?:\.\d)?[^\n,.;()]{0,40}?) licen[sc]e\W*$",
    re.IGNORECASE,
)
_SENTENCE = re.compile(
    r"\b(?:model|weights|checkpoints?|it|this)\b[^.\n]{0,30}? (?:is|are) "
    r"(?:licensed|released|distributed|published|available|provided) under (?:the |an? )?"
    r"(?P<under>[^\n,;()]{2,40}?) licen[sc]e\b(?P<rest>[^\n]{0,40})",
    re.IGNORECASE,
)
_CODE = re.compile(r"\b(?:code|data|datasets?|scripts?|repository|documentation)\b", re.IGNORECASE)
_NOT_SOLD = re.compile(r"\bnon-?\s?commercial\b|\bresearch[- ]only\b", re.IGNORECASE)
#: Licenses under which models may be sold or used in business.
_SOLD = frozenset(
    {
        *("apache-2.0", "mit", "bsd", "bsd-2-clause", "bsd-3-clause", "cc-by-4.0", "cc0-1.0"),
        *("llama2", "llama3", "llama3.1", "llama3.2", "llama3.3", "llama4", "gemma", "unlicense"),
    }
)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for a license that the base model or the text contradicts."""
    front = subject.document.front
    if not front.data.get("license"):
        return
    ours = licenses.stated(front)
    yield from _against_base(subject, ours)
    yield from _against_text(subject, ours)


def _against_base(subject: Subject, ours: str) -> Iterator[Finding]:
    bases = stated_bases(subject)
    if not ours or len(bases) != 1:
        return
    (base,) = bases
    looked_up = subject.base is not None and subject.base.repo == base
    theirs = licenses.of_model(base)
    if looked_up and subject.base is not None:
        theirs = licenses.stated(subject.base.document.front) or theirs
    if theirs and not licenses.agree(ours, theirs):
        yield finding(
            subject,
            RULE.id,
            f"the base model {base} is under {theirs}",
            severity="warning",
            at=subject.document.key_spot("license"),
            said=ours,
            remedy="State the base model's license: quantizing a model does not change it.",
            sources=_sources(base, theirs),
            part="base",
        )


def _against_text(subject: Subject, ours: str) -> Iterator[Finding]:
    if not ours or "icen" not in subject.document.body:
        return
    for passage in subject.document.passages:
        if passage.kind == "heading" or len(passage.text) > 1000:
            continue
        why = _contradiction(passage, ours)
        if why:
            yield finding(
                subject,
                RULE.id,
                why,
                severity="info",
                at=(passage.line, passage.column),
                said=passage.text.strip()[:200],
                remedy="Say the same license in the front matter and in the text.",
                sources=RULE.sources,
                part="text",
            )
            return


def _contradiction(passage: Passage, ours: str) -> str:
    """Return how a passage that names the license contradicts the one stated; empty if not."""
    found = _LABEL.match(passage.text)
    said = (found["name"] or found["under"] or "") if found else _in_sentence(passage.text)
    said = said.strip(" *_`.")
    if not said or _CODE.search(said):
        return ""
    named = licenses.read(said) or licenses.read(said.replace("License", "").strip())
    if named:
        agreed = licenses.agree(named, ours)
        return "" if agreed else f"the front matter says {ours}, the text {said}"
    if ours in _SOLD and _NOT_SOLD.search(said):
        return f"the front matter says {ours}, the text a license that forbids commercial use"
    return ""


def _in_sentence(text: str) -> str:
    """Return the license under which a sentence says that the model is; empty for none."""
    found = _SENTENCE.search(text) if " under " in text else None
    return found["under"] if found and not _CODE.search(found[0]) else ""


def _sources(base: str, license_: str) -> tuple[str, ...]:
    terms = licenses.TERMS.get(license_)
    return (f"https://huggingface.co/{base}", *((terms.source,) if terms else ()))


RULE = Rule(
    id="license-differs",
    group="metadata",
    title="The license is not that of the base model, or not that of the text",
    severity="warning",
    why="A quantized model is a copy of its base model in other numbers, so the base model's "
    "license holds for it. A card that states another one tells people that they may do what they "
    "may not.",
    example="`license: apache-2.0` on a repo whose `base_model` is under `llama3.1`.",
    fix="State the base model's license, with `license_name` and `license_link` where it has them, "
    "and say the same in the text.",
    check=check,
    sources=("https://huggingface.co/docs/hub/repositories-licenses",),
)

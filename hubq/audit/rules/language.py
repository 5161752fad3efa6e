"""Languages that are no codes, or fewer than the card's own text names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hubq.audit.parts import Passage
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.cards.inheritance import is_language
from hubq.model.finding import Finding

_SUPPORTED = re.compile(
    r"\W*supported languages?\W*[:\-]\W*(?P<names>[^\n.]{3,400})", re.IGNORECASE
)
_LISTED = """
arabic:ar chinese:zh czech:cs danish:da dutch:nl english:en finnish:fi french:fr german:de
greek:el hebrew:he hindi:hi hungarian:hu indonesian:id italian:it japanese:ja korean:ko
malay:ms norwegian:no persian:fa polish:pl portuguese:pt romanian:ro russian:ru spanish:es
swedish:sv thai:th turkish:tr ukrainian:uk vietnamese:vi
"""
_NAMES = dict(pair.split(":") for pair in _LISTED.split())
_WORD = re.compile(r"[A-Za-z]+")
_FEWEST = 2
"""Languages that must be missing before it is worth saying."""


def check(subject: Subject) -> Iterator[Finding]:
    """Yield findings for codes that are none, and for languages that only the text names."""
    document = subject.document
    front = document.front
    codes = [code.lower() for code in front.items("language")]
    several = isinstance(front.data.get("language"), list)
    for at, code in enumerate(front.items("language")):
        if not is_language(code):
            yield finding(
                subject,
                RULE.id,
                f"{code!r} is no code of ISO 639-1, 639-2 or 639-3",
                severity="error",
                at=document.key_spot("language", *((at,) if several else ())),
                said=code,
                remedy="Write two or three small letters; `zh-CN` and the like go into "
                "language_bcp47, no natural language is `code`, many are `multilingual`.",
                sources=RULE.sources,
            )
            return
    if codes and "multilingual" not in codes:
        yield from _named(subject, set(codes))


def _named(subject: Subject, codes: set[str]) -> Iterator[Finding]:
    document = subject.document
    if "upported " not in document.body:
        return
    for passage in document.passages:
        names = _names(passage)
        absent = [name for name in names if _NAMES[name.lower()] not in codes]
        if len(absent) >= _FEWEST:
            yield finding(
                subject,
                RULE.id,
                f"line {passage.line} names {len(names)} supported languages, {', '.join(absent)} "
                "among them",
                severity="info",
                at=document.key_spot("language"),
                said=", ".join(sorted(codes)),
                remedy="List the codes of all of them.",
                sources=RULE.sources,
            )
            return


def _names(passage: Passage) -> list[str]:
    """Return the languages that a passage names as those of the model."""
    found = _SUPPORTED.match(passage.text) if passage.kind != "heading" else None
    words = _WORD.findall(found["names"]) if found else []
    return list(dict.fromkeys(word for word in words if word.lower() in _NAMES))


RULE = Rule(
    id="language",
    group="metadata",
    title="The languages are no codes, or fewer than the text names",
    severity="error",
    why="People filter by language. The Hub reads codes of ISO 639 alone, and refuses a README "
    "with others.",
    example="`language: english`, or `language: en` over a text with “Supported languages: "
    "English, German, French”.",
    fix="List the ISO 639 codes of the languages that the model was made for.",
    check=check,
    sources=("https://huggingface.co/docs/hub/model-cards#model-card-metadata",),
)

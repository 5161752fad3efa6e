"""Quantized variants that are slower than their baseline, without a word about it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hubq.audit.held import plainly, rounded, where
from hubq.audit.lowered import fold, holds_any, lowered
from hubq.audit.rule import Rule, finding
from hubq.audit.speeds import Slower, slower
from hubq.audit.subject import Subject
from hubq.model.finding import Finding

_SAID = re.compile(
    r"\bslow(er|s|down)?\b|slow[- ]down|not (any )?faster|no faster|overhead|trade-?off"
    r"|speed (loss|penalty)|\u6162",
    re.IGNORECASE,
)
#: One of these is in each text that it finds.
_SAID_WORDS = ("slow", "faster", "overhead", "trade", "speed loss", "speed penalty", "\u6162")


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each block of a speed table with slower variants that no text names."""
    for sheet in subject.document.sheets:
        for block in sheet.blocks:
            found = list(slower(block))
            if not found or _disclosed(subject, found):
                continue
            worst = min(found, key=lambda one: one.ratio)
            yield finding(
                subject,
                RULE.id,
                f"{where(block, sheet=sheet) or 'the table'}: quantized variants are slower than "
                f"{_base(worst)}, and the text does not say so: "
                f"{plainly([_text(one) for one in found], 12, '; ')}",
                severity="info",
                at=worst.own.found.at,
                said=worst.own.found.shown,
                remedy="Say where the variant is slower than the original, and why.",
                part=f"{block.title} {worst.variant} {worst.workload}",
            )


def _disclosed(subject: Subject, found: list[Slower]) -> bool:
    if not holds_any(lowered(subject.document), _SAID_WORDS):
        return False
    passages = [
        one.text
        for one in subject.document.passages
        if holds_any(fold(one.text), _SAID_WORDS) and _SAID.search(one.text)
    ]
    names = {part for one in found for part in _names(one.variant)}
    return any(
        any(name in text.lower() for name in names) or "quantiz" in text.lower()
        for text in passages
    )


def _names(variant: str) -> set[str]:
    """Return how prose may call a variant: `GPTQ-Int8` also `int8`."""
    parts = re.split(r"[\s/()_-]+", variant.lower())
    return {part for part in parts if len(part) > 2}


def _base(one: Slower) -> str:
    return one.base.found.variant.rpartition(" / ")[2] or "the baseline"


def _text(one: Slower) -> str:
    at = f" at {one.workload}" if one.workload else ""
    shown = one.own.found.shown, one.base.found.shown
    return f"{one.variant}{at} {shown[0]} against {shown[1]} ({rounded(one.ratio, 2)}×)"


RULE = Rule(
    id="slower-than-baseline",
    group="scores",
    title="A quantized variant is slower than its baseline, and the text does not say so",
    severity="info",
    why=(
        "People expect a quantized model to be faster. Weight-only kernels often are not, at "
        "some batch sizes or input lengths, and a reader of the text alone cannot know."
    ),
    example="`| GPTQ-Int8 | 28.59 |` tokens/s under a BF16 of 35.29: 0.81× of its speed.",
    fix="Say in the text where the variant is slower, and under which workload.",
    check=check,
)

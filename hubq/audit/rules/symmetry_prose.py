"""Symmetric or not, in the card's sentences against its code and configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hubq.audit.quantization import declared
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.audit.wording import said_in
from hubq.model.finding import Finding

_IN_CODE = re.compile(r"(?<!\w)(sym|zero_point)['\"]?\s*[=:]\s*(true|false)\b", re.IGNORECASE)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding where a sentence and the settings differ."""
    said = [one for one in said_in(subject.document) if one.topic == "symmetric"]
    if not said:
        return
    truth, source = _settings(subject)
    for one in said if truth is not None else ():
        if bool(one.value) != truth:
            yield finding(
                subject,
                RULE.id,
                f"the quantization is {'symmetric' if truth else 'asymmetric'}: {source}",
                severity=RULE.severity,
                at=one.spot,
                said=one.text,
                remedy="Say what was done.",
            )


def _settings(subject: Subject) -> tuple[bool | None, str]:
    """Return whether codes are symmetric, and what says so."""
    one = declared(subject)
    if one is not None and one.sym is not None:
        return one.sym, f'{one.path} says "sym": {str(one.sym).lower()}'
    if one is not None and one.zero_point is not None:
        return not one.zero_point, f'{one.path} says "zero_point": {str(one.zero_point).lower()}'
    found: dict[bool, str] = {}
    for code in subject.document.codes:
        for setting in _IN_CODE.finditer(code.text):
            line = code.line + code.text.count("\n", 0, setting.start())
            symmetric = (setting[2].lower() == "true") == (setting[1].lower() == "sym")
            found.setdefault(symmetric, f"line {line} of the card sets {setting[0]}")
    return next(iter(found.items())) if len(found) == 1 else (None, "")


RULE = Rule(
    id="symmetry-prose",
    group="weights",
    title="The card calls symmetric quantization zero-point quantization, or the other way round",
    severity="warning",
    why="Symmetric codes have no zero point; kernels support one or the other. The sentence was "
    "copied from the card of another method.",
    example="> quantized using AutoGPTQ to INT4, performing zero-point quantization\n\non a "
    "card whose "
    "own script sets `sym=True`.",
    fix="Mend the sentence, or the script.",
    check=check,
    needs=("card",),
    sources=("https://huggingface.co/docs/transformers/main_classes/quantization",),
)

"""Bits in the card's sentences against name, configuration and tensors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from hubq.audit.parts import Spot
from hubq.audit.quantization import declared
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.audit.tensors import weights_of
from hubq.audit.wording import Said, named, said_in
from hubq.model.finding import Finding

_REMEDY = "Say the bits that the weights have."


_SCHEME = re.compile("[wW][2-8][aA]")
#: `W4A16 (INT4 weights`: what is said of weights twice.
_TWICE = re.compile(
    r"\bw(?P<first>[2-8])a\d{1,2}\b\s?[(=:]\s?(?:u?int|fp)?-?(?P<second>[2-8])(?:[ -]?bits?)?\s+"
    r"weights?\b",
    re.IGNORECASE,
)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each sentence that tells of other bits than the weights have."""
    yield from _twice(subject)
    told = said_in(subject.document)
    said = [one for one in told if one.topic == "bits"]
    yield from _activations(subject, [one for one in told if one.topic == "activation-bits"])
    truth = _truth(subject) if said else None
    if truth:
        bits, why = truth
        for one in said:
            if one.value != bits:
                yield _finding(subject, one, f"the weights have {bits} bits: {why}", "warning")
    elif said and _unsettled(subject):
        yield from _against_one_another(subject, said)
    yield from _types(subject, said)


def _twice(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for words that name two numbers of bits for the same weights."""
    for passage in subject.document.passages if "weights" in subject.document.text else ():
        for found in _TWICE.finditer(passage.text) if _SCHEME.search(passage.text) else ():
            if found["first"] != found["second"]:
                line = passage.line_of(found.start())
                spot = subject.document.find(found[0], line, line)
                yield finding(
                    subject,
                    RULE.id,
                    f"it names both {found['first']} and {found['second']} bits for the weights",
                    severity="warning",
                    at=spot if spot.line else Spot(line),
                    said=found[0],
                    remedy=_REMEDY,
                )


def _activations(subject: Subject, said: Sequence[Said]) -> Iterator[Finding]:
    """Yield a finding for sentences that tell of other bits of activations than there are."""
    (name, _), one = named(subject), declared(subject)
    configured = one.activation_bits if one is not None else None
    known = {bits for bits in (configured, name.activation_bits) if bits}
    for told in said if len(known) == 1 and not name.mixed else ():
        bits = next(iter(known))
        if told.value != bits:
            yield _finding(subject, told, f"the activations have {bits} bits", "warning")
    if not known:
        yield from _against_one_another(subject, said)


def _truth(subject: Subject) -> tuple[int, str] | None:
    """Return the bits of the weights, and what says so; none where things are mixed or differ."""
    (name, source), one = named(subject), declared(subject)
    if name.mixed or name.format == "gguf" or (one is not None and one.mixed):
        return None
    found: dict[str, int] = {}
    if name.bits:
        found[source] = name.bits
    if one is not None and one.bits:
        found[one.path] = one.bits
    group = one.group_size if one is not None else None
    held = {bits for part in weights_of(subject).of_language() if (bits := part.bits_for(group))}
    if len(held) == 1:
        found["the tensors"] = held.pop()
    if len(set(found.values())) != 1:
        return None
    return next(iter(found.values())), f"{' and '.join(found)} say{'s' * (len(found) == 1)} so"


def _unsettled(subject: Subject) -> bool:
    """Say whether sentences about one model may be held against one another."""
    name, _ = named(subject)
    return not (name.mixed or name.format == "gguf" or subject.has_files)


def _against_one_another(subject: Subject, said: Sequence[Said]) -> Iterator[Finding]:
    """Yield a finding for sentences that differ, where nothing tells which is right."""
    for one in said[1:]:
        if one.value != said[0].value:
            found = f"line {said[0].line} of the card says {said[0].text}"
            yield _finding(subject, one, found, "info")


def _types(subject: Subject, said: Sequence[Said]) -> Iterator[Finding]:
    """Yield a finding for `INT8` about weights in FP8, and the other way round."""
    (name, _), one = named(subject), declared(subject)
    if one is not None:
        floating: bool | None = one.floating if one.bits and one.method != "bitsandbytes" else None
    else:
        integer = name.said.lower().startswith("int")
        floating = True if name.floating else False if integer else None
    if floating is None:
        return
    kind = "floating-point numbers" if floating else "integers"
    for told in said:
        bits = one.bits if one is not None else name.bits
        if told.floating is not None and told.floating != floating and told.value == bits:
            yield _finding(subject, told, f"the weights are {kind} of {bits} bits", "warning")


def _finding(subject: Subject, one: Said, found: str, severity: str) -> Finding:
    return finding(
        subject,
        RULE.id,
        found,
        severity="warning" if severity == "warning" else "info",
        at=one.spot,
        said=one.text,
        remedy=_REMEDY,
        part=f"{one.topic} {one.value}",
    )


RULE = Rule(
    id="bits-prose",
    group="weights",
    title="The card says other bits than the weights have",
    severity="warning",
    why="Cards are copied from one variant to the next, and a sentence about the other one stays. "
    "Readers then cannot tell what they get. Sentences about other variants, about activations and "
    "the cache, lists and comparisons are not read.",
    example="> This model was obtained by quantizing the weights of Base to INT8 data type.\n\n"
    'on the card of `Base-quantized.w4a16`: "the weights have 4 bits: the repo\'s name says so".',
    fix="Mend the sentence. Where it is right, the name or the configuration is wrong.",
    check=check,
    sources=("https://huggingface.co/docs/hub/model-cards",),
)

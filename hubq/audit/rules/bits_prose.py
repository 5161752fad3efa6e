"""Bits in the card's sentences against name, configuration and tensors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hubq.audit.naming import read_name
from hubq.audit.quantization import declared
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.audit.tensors import weights_of
from hubq.audit.wording import Said, said_in
from hubq.model.finding import Finding

_REMEDY = "Say the bits that the weights have."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each sentence that tells of other bits than the weights have."""
    said = [one for one in said_in(subject.document) if one.topic == "bits"]
    if not said:
        return
    truth = _truth(subject)
    if truth:
        bits, why = truth
        wrong = [one for one in said if one.value != bits]
        for one in wrong:
            yield _finding(subject, one, f"the weights have {bits} bits: {why}", "warning")
    else:
        yield from _against_one_another(subject, said)
    yield from _types(subject, said)


def _truth(subject: Subject) -> tuple[int, str] | None:
    """Return the bits of the weights, and what says so; none where things are mixed or differ."""
    name, one = read_name(subject.model), declared(subject)
    if name.mixed or name.format == "gguf" or (one is not None and one.mixed):
        return None
    found: dict[str, int] = {}
    if name.bits:
        found["the repo's name"] = name.bits
    if one is not None and one.bits:
        found[one.path] = one.bits
    group = one.group_size if one is not None else None
    held = {bits for part in weights_of(subject).of_language() if (bits := part.bits_for(group))}
    if len(held) == 1:
        found["the tensors"] = held.pop()
    if len(set(found.values())) != 1:
        return None
    return next(iter(found.values())), f"{' and '.join(found)} say{'s' * (len(found) == 1)} so"


def _against_one_another(subject: Subject, said: Sequence[Said]) -> Iterator[Finding]:
    """Yield a finding for sentences that differ, where nothing tells which is right."""
    first = said[0]
    name = read_name(subject.model)
    if name.mixed or name.format == "gguf" or subject.has_files:
        return
    for one in said[1:]:
        if one.value != first.value:
            found = f"line {first.line} of the card says {first.text}"
            yield _finding(subject, one, found, "info")


def _types(subject: Subject, said: Sequence[Said]) -> Iterator[Finding]:
    """Yield a finding for `INT8` about weights in FP8, and the other way round."""
    one = declared(subject)
    if one is not None:
        floating: bool | None = one.floating if one.bits and one.method != "bitsandbytes" else None
    else:
        name = read_name(subject.model)
        named = name.said.lower()
        floating = True if name.floating else False if named.startswith("int") else None
    if floating is None:
        return
    kind = "floating-point numbers" if floating else "integers"
    for told in said:
        bits = one.bits if one is not None else read_name(subject.model).bits
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
        part=str(one.value),
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
    needs=("card", "repo"),
    sources=("https://huggingface.co/docs/hub/model-cards",),
)

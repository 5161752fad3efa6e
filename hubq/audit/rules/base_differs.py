"""A base model that is not the one of which the repo's own name speaks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hubq.audit.bases import stated_bases
from hubq.audit.naming import read_name
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.model.finding import Finding

_TUNED = re.compile(r"(?<![a-z])(instruct|chat|it)(?![a-z])", re.IGNORECASE)
_BASE = re.compile(r"(?<![a-z])(?:base|pt)(?![a-z])", re.IGNORECASE)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for one base whose size or tuning is another than the name says."""
    bases = stated_bases(subject)
    name = subject.model
    if len(bases) != 1 or not read_name(name).quantized or bases[0] == subject.repo:
        return
    why, certain = _contradiction(name, bases[0].rpartition("/")[2])
    if why:
        yield finding(
            subject,
            RULE.id,
            why,
            severity="warning" if certain else "info",
            at=subject.document.key_spot("base_model"),
            said=bases[0],
            remedy="Name the model that was quantized.",
            sources=RULE.sources,
        )


def _contradiction(name: str, base: str) -> tuple[str, bool]:
    """Return what sets a repo's name against its base's, in words, and whether it is certain."""
    ours, theirs = read_name(name), read_name(base)
    if ours.size_b and theirs.size_b and abs(ours.size_b - theirs.size_b) > 0.01:
        return f"the repo's name says {ours.size_b:g}B, its base model's {theirs.size_b:g}B", True
    if not ours.family or ours.family != theirs.family:
        return "", False
    rest, other = ours.base_guess, theirs.base_guess
    said, base_said = _TUNED.search(rest), _TUNED.search(other)
    if said and not base_said and rest.lower().startswith(other.lower()):
        return f"the repo's name says {said[1]}, and its base model is the one without", True
    if base_said and not said and other.lower().startswith(_BASE.sub("", rest).lower().strip("-")):
        return f"the base model is {base_said[1]}, and the repo's name does not say so", False
    return "", False


RULE = Rule(
    id="base-differs",
    group="metadata",
    title="The base model is another one than the repo's name says",
    severity="warning",
    why="Quantizing changes neither a model's size nor its tuning. Where the name says 8B Instruct "
    "and `base_model` is the 70B, or the one that was never tuned, one of them was copied from "
    "another card, and people compare with the wrong original.",
    example="`acme/Llama-3.1-8B-Instruct-bnb-4bit` with `base_model: acme/Llama-3.1-8B`.",
    fix="Write the id of the model that was quantized.",
    check=check,
    sources=("https://huggingface.co/docs/hub/model-cards#specifying-a-base-model",),
)

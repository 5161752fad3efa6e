"""A base model that is not the one of which the repo's own name speaks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from hubq.audit.bases import stated_bases
from hubq.audit.naming import read_name
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.model.finding import Finding

#: Families, and the versions that their models have: `Qwen2.5`, `Llama-3.1`, `phi-2`.
_FAMILY = re.compile(
    r"(?<![a-z])(?P<name>llama|qwen|mistral|mixtral|gemma|phi|falcon|bloom|deepseek|internlm|baichuan"
    r"|chatglm|starcoder|pythia|olmo|granite|smollm|mpt|opt)"
    r"(?:[-_ ]?v?(?P<version>\d(?:\.\d{1,2})?)(?![\d.]*[a-z]|\d))?(?![a-z])"
)
_SAME = {"mixtral": "mistral"}
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


@lru_cache(maxsize=4096)
def _contradiction(name: str, base: str) -> tuple[str, bool]:
    """Return what sets a repo's name against its base's, in words, and whether it is certain."""
    ours, theirs = read_name(name), read_name(base)
    kin, other_kin = _kin(name), _kin(base)
    if kin and other_kin and not any(_alike(one, two) for one in kin for two in other_kin):
        text = f"the repo's name speaks of {_listed(kin)}, its base model's of {_listed(other_kin)}"
        return text, True
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


def _kin(name: str) -> frozenset[tuple[str, str]]:
    """Return (family, version) of every family of which a name speaks."""
    found = _FAMILY.finditer(name.lower())
    return frozenset((_SAME.get(one["name"], one["name"]), one["version"] or "") for one in found)


def _alike(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Return whether two may be one family; a name need not say the version."""
    return one[0] == other[0] and (one[1] == other[1] or not one[1] or not other[1])


def _listed(names: frozenset[tuple[str, str]]) -> str:
    return " and ".join(f"{name} {version}".strip() for name, version in sorted(names))


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

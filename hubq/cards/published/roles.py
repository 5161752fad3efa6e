"""Roles: what the names in a published table say that its numbers are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from hubq.evaluate.formats.known import plain
from hubq.evaluate.formats.remembering import remembered

Role = Literal[
    "score",
    "average",
    "recovery",
    "delta",
    "relative",
    "speed",
    "memory",
    "gpus",
    "per-item",
    "time",
    "setting",
    "other",
]
LabelRole = Literal["model", "workload", "hardware", "regime", "variant"]

_ROLES: tuple[tuple[Role, str], ...] = (
    ("average", r"^(avg|average|mean)\b[^()]*\(\s*recover"),
    ("recovery", r"recover"),
    ("delta", r"Δ|\bdelta|\bdiff|\bgap\b|\b(?-i:[Dd]rop)\b|change|degrad"),
    ("relative", r"speed-?\s?ups?\b|(speed|time|latency|throughput)\b.*\b(vs|relative|ratio)\b"),
    ("gpus", r"gpus?\s*(num|count)|(num\w*|#|n)\s*(of\s*)?gpus?\b|^gpus?$"),
    ("speed", r"tok(en)?s?\s*/\s*s|speed|throughput|\btps\b|req\w*\s*/\s*s|samples\s*/\s*s"),
    ("memory", r"memory|\bv?ram\b|\(gi?b\)"),
    ("per-item", r"\bm?s\s*/\s*\w|per[ -](item|token|request|image|sample)"),
    ("time", r"\bwall\b|\btime\b|hours?\b|duration|runtime|latency"),
    ("average", r"\bavg\b|\baverage\b|\bmean\b|^overall\b"),
)
_OF_NAMES = tuple((role, re.compile(pattern, re.IGNORECASE)) for role, pattern in _ROLES)
_LABELS: tuple[tuple[LabelRole, str], ...] = (
    ("hardware", r"\bgpus?\b|hardware|device|accelerator|\bcard\b"),
    ("regime", r"regime|deployment|\bmode\b|setting|latency|stream"),
    ("workload", r"workload|use[ -]?case|input|length|context|prompt|batch|scenario"),
    ("model", r"model|\bsize\b|network|checkpoint|family"),
)
_OF_LABELS = tuple((role, re.compile(pattern, re.IGNORECASE)) for role, pattern in _LABELS)
_RATE = re.compile(r"req(uest)?s?\s*/\s*s|requests? (per|rate)|\bqps\b|\brps\b", re.IGNORECASE)
#: What somebody chose, and did not measure.
_SETTING = re.compile(
    r"\bratio|\bbits?\b|group|\bgs\b|samples\b|\brows\b|damp|param|\bseq|length|layers?\b|^α|alpha",
    re.IGNORECASE,
)
_QUANTIZED = re.compile(
    r"w\d+a\d+|\bint\s?\d|\bfp[48]\b|\bnf4\b|gpta?q|\bawq\b|(?<!\d)\d[- ]?bit|quant|\bq\d_"
    r"|gguf|\bsq\b",
    re.IGNORECASE,
)
_BASELINE = re.compile(
    r"^(bf16|fp16|fp32|float\d*|fp|full|full[- ]?prec\w*|original|unquantized|base|native"
    r"|16[- ]?bit)\b"
    r"|\bbaseline\b|[ (/_-](bf16|fp16|fp32)\)?$",
    re.IGNORECASE,
)
#: `sq-ph − sq`: a minus sign between two names, with room around it.
_MINUS = re.compile(r"^(?P<first>.+?)\s+[−–-]\s+(?P<second>.+)$")
_BITS = (
    re.compile(r"w(\d+)a\d+", re.IGNORECASE),
    re.compile(r"int[ -]?(\d+)", re.IGNORECASE),
    re.compile(r"(?<!\d)(\d{1,2})[- ]?bits?\b", re.IGNORECASE),
    re.compile(r"\b(?:nf|fp)(\d)\b", re.IGNORECASE),
    re.compile(r"\bi?q(\d)_", re.IGNORECASE),
)
_AWQ = re.compile(r"\bawq\b", re.IGNORECASE)
#: AWQ's published kernels hold 4 bits (Lin et al., arXiv:2306.00978), so its name alone says it.
_AWQ_BITS = 4


def role_of(name: str, *, score: bool) -> Role:
    """Return what the numbers under a name are.

    Args:
        name: of a column or row.
        score: whether the importer took its numbers for scores.
    """
    return _role_of_scores(name) if score else _role_of_others(name)


@remembered
def _role_of_scores(name: str) -> Role:
    return _role(name, score=True)


@remembered
def _role_of_others(name: str) -> Role:
    return _role(name, score=False)


def _role(name: str, *, score: bool) -> Role:
    if minus_of(name):
        return "delta"
    for role, pattern in _OF_NAMES:
        if pattern.search(name) and (score or role != "average"):
            return role
    if _SETTING.search(name):
        return "setting"
    return "score" if score else "other"


def label_roles(heads: Sequence[str]) -> tuple[LabelRole, ...]:
    """Return what each column of labels names; the last one names variants.

    A column without a heading in front of others names models, as rows that were grouped do.
    """
    found = [_label_role(head) for head in heads]
    if found and "variant" not in found:
        found[-1] = "variant"
    return tuple(found)


def _label_role(head: str) -> LabelRole:
    if not head.strip():
        return "model"
    for role, pattern in _OF_LABELS:
        if pattern.search(head):
            return role
    return "variant"


def is_rate(name: str) -> bool:
    """Say whether a name is that of request rates."""
    return bool(_RATE.search(name))


@remembered
def minus_of(name: str) -> tuple[str, str] | None:
    """Return the two names whose difference a column is, such as `sq-ph − sq`."""
    found = _MINUS.match(name)
    if found is None or found["first"].count("(") != found["first"].count(")"):
        return None
    return found["first"], found["second"]


@remembered
def is_quantized(name: str) -> bool:
    """Say whether a name tells of fewer bits or of a method of quantizing."""
    return bool(_QUANTIZED.search(name))


@remembered
def is_baseline(name: str) -> bool:
    """Say whether a name tells of full precision."""
    return bool(_BASELINE.search(name)) and not is_quantized(name)


def baseline_of(names: Sequence[str], reference: str = "") -> str:
    """Return the name that the others are held against; empty when none can be told.

    Args:
        names: of variants, in the table's order.
        reference: the one that the table itself shows without a difference, or with a ratio of 1.
    """
    said = [name for name in names if is_baseline(name)]
    if said:
        return said[0]
    if reference:
        return reference
    short = {name: plain(name.rpartition("/")[2]) for name in names}
    shortest = min(short.values(), key=len, default="")
    if len(short) < 2 or not shortest or not all(shortest in other for other in short.values()):
        return ""
    own = (name for name in names if short[name] == shortest and not is_quantized(name))
    return next(own, "")


@remembered
def bits_of(name: str) -> int | None:
    """Return how many bits a variant's name says its weights have; none where it does not."""
    for pattern in _BITS:
        found = pattern.search(name)
        if found and int(found[1]) <= 8:
            return int(found[1])
    return _AWQ_BITS if _AWQ.search(name) else None

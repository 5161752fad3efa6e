"""Numbers that cannot be what their column says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from statistics import median

from hubq.audit.held import where
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.cards.published import roles
from hubq.cards.published.sheets import Block, Place
from hubq.evaluate.formats.remembering import remembered
from hubq.model.finding import Finding, Severity

#: Benchmarks whose scores are shares: from 0 to 1, or from 0 to 100.
_SHARES = re.compile(
    r"\b(mmmu|docvqa|infovqa|mmbench|mathvista|mathvision|mmlu|cmmlu|gsm-?8k|hellaswag|arc([-_ ]"
    r"?(c|e)\b|[-_ ]?challenge|[-_ ]?easy)|winogrande|truthfulqa|ifeval|chartqa|textvqa|scienceqa"
    r"|gpqa|humaneval|mbpp|bbh|musr|mgsm|boolq|piqa|openbookqa|obqa|lambada|ai2d|c-?eval|mmstar"
    r"|realworldqa|accuracy|acc_norm|acc)(?![a-z])",
    re.IGNORECASE,
)
_NO_SHARE = re.compile(
    r"ppl|perplex|time|speed|token|loss|rank|count|#|\bn\b|score$", re.IGNORECASE
)
_PERPLEXITY = re.compile(r"\bppl\b|perplexity", re.IGNORECASE)
_LOG = re.compile(r"log|ratio|Δ|delta|diff|change|%|increase|degrad|rel", re.IGNORECASE)
_COUNTS = re.compile(
    r"\bn\b|^#|questions?|items?\b|samples?\b|prompts?\b|\b(right|wrong|total|count|chance|size|rows|"
    r"rank|number|shots?)\b",
    re.IGNORECASE,
)
_MEASURED = ("speed", "memory", "time", "per-item")
_Odd = tuple[Place, str, Severity]


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each number outside of what its column can hold."""
    for sheet in subject.document.sheets:
        for block in sheet.blocks:
            lines = [line.name for line in block.variants if not _is_counts(block, line.name)]
            cells = block.cells
            averaged = bool(block.of("average")) or len(block.of("score")) > 2
            for task in block.tasks:
                places = [
                    place
                    for name in lines
                    if (place := cells.get((name, task))) is not None
                    and place.found.value is not None
                ]
                for odd in _odd(block, task, places, averaged=averaged):
                    variant = odd[0].found.variant
                    yield _finding(subject, where(block, variant, task, sheet=sheet), odd)


def _is_counts(block: Block, name: str) -> bool:
    """Say whether a line holds numbers of questions, or something else that is no score."""
    if _names_counts(name) or roles.minus_of(name):
        return True
    cells, high = block.cells, 0
    for task in block.of("score", "average", "other"):
        place = cells.get((name, task))
        high += place is not None and (place.found.value or 0) > 100
    return high > 1


@remembered
def _names_counts(name: str) -> bool:
    return bool(_COUNTS.search(name))


@remembered
def _holds(task: str) -> str:
    """Return what a column holds by its name: `share`, `any` score, or `no share` at all."""
    if _NO_SHARE.search(task):
        return "no share"
    return "share" if _SHARES.search(task) else "any"


def _odd(block: Block, task: str, places: Sequence[Place], *, averaged: bool) -> Iterator[_Odd]:
    role = block.roles.get(task)
    holds = _holds(task)
    if role in ("score", "average", "other") and holds == "share":
        yield from _shares(places)
    elif role in {"score", "other"} and averaged and holds != "no share":
        yield from _alone(places)
    elif role in _MEASURED:
        for place in places:
            if (place.found.value or 0) < 0 and place.found.unit != "%":
                yield place, f"{role} cannot be less than nothing", "error"
    elif _PERPLEXITY.search(task) and not _LOG.search(task):
        for place in places:
            if (place.found.value or 1) < 1 and place.found.value != 0 and not place.found.unit:
                yield place, "a perplexity is never less than 1", "error"


def _shares(places: Sequence[Place]) -> Iterator[_Odd]:
    """Find what is no share among scores that are shares."""
    plain = [one for one in places if one.found.unit in ("", "%") and not one.found.bound]
    values = [one.found.value or 0.0 for one in plain]
    if not values or any("+" in one.found.shown[:1] for one in plain):
        return
    high = [value for value in values if value > 100]
    # A column that is mostly above 100 holds sums of points.
    if 2 * len(high) > len(values) and len(values) > 1:
        return
    if not high and min(values) > 1.5:
        return
    middle = median([value for value in values if value <= 100] or [0])
    for place, value in zip(plain, values, strict=True):
        if value > 100:
            yield place, "a score of this benchmark is at most 100", "error"
        elif value < 0 and not all(one <= 0 for one in values):
            yield place, "a score of this benchmark is at least 0", "error"
        elif middle > 1.5 and 0 < value <= 1 and len(values) > 1 and place.found.decimals > 1:
            yield place, f"the others of its column are percents, around {middle:g}", "warning"
        elif middle <= 1 and value > 1.5 and len(values) > 1 and max(places_decimals(plain)) > 1:
            yield place, f"the others of its column are fractions, around {middle:g}", "warning"


def _alone(places: Sequence[Place]) -> Iterator[_Odd]:
    """Find the one number that is no share in a column of a table of scores."""
    plain = [one for one in places if one.found.unit in {"", "%"} and not one.found.bound]
    values = [one.found.value or 0.0 for one in plain]
    odd = [one for one, value in zip(plain, values, strict=True) if not 0 <= value <= 100]
    if len(odd) != 1 or len(values) < 3 or not max(one.found.decimals for one in plain):
        return
    rest = [value for value in values if 0 <= value <= 100]
    value = odd[0].found.value or 0.0
    if min(rest) > 1 and (value < 0 or value < 250):
        text = f"the others of its column lie between {min(rest):g} and {max(rest):g}"
        yield odd[0], text, "warning"


def places_decimals(places: Sequence[Place]) -> list[int]:
    """Return how many decimals some cells print."""
    return [one.found.decimals for one in places]


def _finding(subject: Subject, name: str, odd: _Odd) -> Finding:
    place, why, severity = odd
    found = place.found
    return finding(
        subject,
        RULE.id,
        f"{name}: {found.shown} is printed, and {why}",
        severity=severity,
        at=found.at,
        said=found.shown,
        remedy="Check the number; a point or a digit has probably slipped.",
        part=f"{found.variant} {found.task}",
    )


RULE = Rule(
    id="out-of-range",
    group="scores",
    title="A number is outside of what its column can hold",
    severity="error",
    why=(
        "Accuracies are shares, perplexities are at least 1, speeds and memory are not negative. "
        "A number beyond that was typed wrong or stands on another scale than its neighbours."
    ),
    example="`| MMLU | 683.2 |`, or 0.683 in a column of 66.6, 67.1 and 65.9.",
    fix="Correct the number, and print a column on one scale.",
    check=check,
)

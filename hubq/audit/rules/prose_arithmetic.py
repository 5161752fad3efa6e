"""Sentences with two numbers and a third that the two do not give."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from hubq.audit.figures import Figure, figures
from hubq.audit.held import rounded
from hubq.audit.prose import Sentence, sentences, start_of
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.model.finding import Finding

_FROM = re.compile(r"\bfrom\b", re.IGNORECASE)
_TO = re.compile(r"^\s*(?:→|->|to|down to|up to)\s*(?:about |around |just |only )?$", re.IGNORECASE)
#: What may stand between the two numbers and the third, so that it is about them.
_THIRD = re.compile(
    r"^[\s,:;(\[–—-]*(?:which is |that is |i\.e\.,? |or |by |for |reducing \w+ \w+ by )?"
    r"(?:an? |the )?(?:(?:\w+[- ]){0,5}?(?:drop|loss|decrease|reduction|increase|gain|saving|"
    r"speed-?up|improvement|difference|less|more|smaller|faster|lower|higher)\s(?:of\s|by\s)?)?"
    r"(?:about |around |approximately |roughly |nearly |almost |over |up to |~|≈)?$",
    re.IGNORECASE,
)
_DISK = re.compile(
    r"bits per \w+ from (\d+) to (\d+), reducing [^.]{0,80}? by (?:approximately |about |around |~"
    r"|roughly )?(\d+(?:\.\d+)?) ?%",
    re.IGNORECASE,
)
#: Two numbers with a word that goes from one to the other.
_RUN = re.compile(r"\b[Ff]rom\s+\S{1,20}\s")
_ROUND = re.compile(r"about|around|approx|roughly|nearly|almost|over|up to|~|≈", re.IGNORECASE)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each sentence whose change is not that of its two numbers."""
    if not any(_may(passage.text) for passage in subject.document.passages):
        return
    for one in sentences(subject.document):
        if "from" not in one.text and "From" not in one.text and "bits" not in one.text:
            continue
        yield from _bits(subject, one)
        if _FROM.search(one.text):
            yield from _changes(subject, one)


def _may(text: str) -> bool:
    changes = "%" in text or "x" in text or "\u00d7" in text or "point" in text
    return changes and ("from" in text or "From" in text) and _RUN.search(text) is not None


def _bits(subject: Subject, one: Sentence) -> Iterator[Finding]:
    found = _DISK.search(one.text)
    if found is None or not int(found[1]):
        return
    saved = 100 * (1 - Decimal(found[2]) / Decimal(found[1]))
    # Zero points, scales and layers that are left out make it less, by some percent.
    if abs(saved - Decimal(found[3])) > 15:
        yield _finding(
            subject,
            one,
            found[3],
            f"{found[2]} bits instead of {found[1]} are {rounded(saved, 0)}% less, not {found[3]}%",
        )


def _changes(subject: Subject, one: Sentence) -> Iterator[Finding]:
    every = figures(one.text)
    for first, second, third in zip(every, every[1:], every[2:], strict=False):
        before = one.text[max(0, first.start - 12) : first.start].lower()
        between, after = one.text[first.end : second.start], one.text[second.end : third.start]
        if "from" not in before or not _TO.match(between) or not _THIRD.match(after):
            continue
        if third.unit not in ("%", "x", "points") or second.value <= 0 or first.value <= 0:
            continue
        ways = _ways(first, second, third.unit)
        loose = Decimal(2) if _ROUND.search(after) else Decimal(1)
        unit = Decimal(1).scaleb(-third.decimals) * loose
        if all(abs(abs(third.value) - way) > unit + slack for way, slack in ways):
            nearest = min((way for way, _ in ways), key=lambda way: abs(way - abs(third.value)))
            digits = max(third.decimals, 1)
            yield _finding(
                subject,
                one,
                third.text,
                f"from {first.text} to {second.text} is {rounded(nearest, digits)}"
                f"{'%' if third.unit == '%' else ' ' + third.unit}, not {third.text}",
            )


def _ways(first: Figure, second: Figure, unit: str) -> list[tuple[Decimal, Decimal]]:
    """Return what a change may be meant as, each with how far rounding may put it off."""
    one, two = first.value, second.value
    half = Decimal(1).scaleb(-max(first.decimals, 0)) / 2
    other = Decimal(1).scaleb(-max(second.decimals, 0)) / 2
    off = half / one + other / two
    gap = (abs(one - two), half + other)
    ratios = [(one / two, off * one / two), (two / one, off * two / one)]
    if unit == "points":
        return [gap, (gap[0] * 100, gap[1] * 100)]
    if unit == "x":
        return ratios
    shares = [(abs(way - 1) * 100, slack * 100) for way, slack in ratios]
    return [*shares, gap, (gap[0] * 100, gap[1] * 100), *((w * 100, s * 100) for w, s in ratios)]


def _finding(subject: Subject, one: Sentence, said: str, found: str) -> Finding:
    spot = subject.document.find(said.lstrip("+-"), one.line, one.line + 8)
    return finding(
        subject,
        RULE.id,
        found,
        severity="warning",
        at=spot if spot.line else start_of(subject.document, one),
        said=one.text[:200],
        remedy="Work the change out again, and check the two numbers.",
        part=said,
    )


RULE = Rule(
    id="prose-arithmetic",
    group="arithmetic",
    title="A change in the text is not that of the two numbers beside it",
    severity="warning",
    why=(
        '"from 4.68 GB to 2.91 GB (38 % less)" can be checked by anybody and seldom is. Shares, '
        "factors and points are tried, both ways round, with the rounding of all three numbers."
    ),
    example='"memory falls from 4.68 GB to 2.91 GB (48%)": it falls by 37.8%.',
    fix="Work the change out again.",
    check=check,
)

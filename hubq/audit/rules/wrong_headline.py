"""Numbers in prose that the card's own tables do not have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from hubq.audit.figures import Figure, figures
from hubq.audit.held import plainly
from hubq.audit.lowered import holds_any
from hubq.audit.printed import (
    Column,
    all_numbers,
    columns,
    explains,
    implied,
    means,
    recoveries,
)
from hubq.audit.prose import Sentence, sentences, start_of
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.evaluate.formats.known import plain
from hubq.model.finding import Finding, Severity

_AVERAGE = re.compile(
    r"\baverage(?:d)? (?:\w+ ){0,2}?(?:score|accuracy)\b|\baverages?\b", re.IGNORECASE
)
_RECOVERY = re.compile(r"recover(?:y|s|ed|ing)\b", re.IGNORECASE)
_OVERALL = re.compile(r"\baverages?\b|\boverall\b|\bmean\b", re.IGNORECASE)
_HEDGE = re.compile(
    r"(?:over|above|under|below|than|least|most|up to|about|around|approx\w*|roughly|nearly|almost"
    r"|between|within|[<>≥≤~≈])\s*$",
    re.IGNORECASE,
)
#: Such a sentence may speak of numbers that stand elsewhere.
_ELSEWHERE = re.compile(
    r"leaderboard v?2|reported (by|in)|other (model|card|repo)|\bcost|\bgb\b|\bms\b",
    re.IGNORECASE,
)
_ELSEWHERE_WORDS = (
    *("http:", "https:", "paper", "previous", "official", "latency", "token", "speed", "param"),
    *("per-dollar", "per dollar", "length", "size", "epoch", "learning", "threshold"),
)
#: One of these is in each text that the pattern finds.
_ELSEWHERE_PARTS = ("leaderboard", "reported", "other ", "cost", "gb", "ms")
_POINT = re.compile(r"\d\.\d")
_MOST = 400


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each number in prose that its table says otherwise."""
    document = subject.document
    if not document.sheets:
        return
    every: Sequence[Column] | None = None
    for one in sentences(document):
        if "." not in one.text or not _POINT.search(one.text) or _is_elsewhere(one):
            continue
        found = [figure for figure in figures(one.text) if _is_score(figure)]
        if not found:
            continue
        every = columns(document) if every is None else every
        if not every or len(every) > _MOST:
            return
        if "recover" in one.lower and _RECOVERY.search(one.text):
            yield from _recoveries(subject, one, found)
        elif "average" in one.lower and _AVERAGE.search(one.text):
            yield from _averages(subject, one, found)
        else:
            yield from _scores(subject, one, found, every)


def _is_elsewhere(one: Sentence) -> bool:
    lower = one.lower
    if holds_any(lower, _ELSEWHERE_WORDS):
        return True
    return holds_any(lower, _ELSEWHERE_PARTS) and bool(_ELSEWHERE.search(one.text))


def _is_score(figure: Figure) -> bool:
    return figure.decimals > 0 and figure.unit in ("", "%", "points")


def _averages(subject: Subject, one: Sentence, found: Sequence[Figure]) -> Iterator[Finding]:
    """Hold "an average score of 68.22" against the tables' averages."""
    known = means(subject.document)
    if not known:
        return
    said = [figure for figure in found if figure.start > _start(_AVERAGE, one.text)][:2]
    every = all_numbers(subject.document)
    wrong = [
        figure
        for figure in said
        if not explains(figure.value, figure.decimals, known)
        and not explains(figure.value, figure.decimals, every)
        and not _hedged(one.text, figure)
    ]
    averages = [column for column in columns(subject.document) if column.average]
    printed = sorted({value for column in averages for value in column.values})
    severity: Severity = "warning" if len(printed) <= 4 else "info"
    for figure in wrong:
        yield _finding(
            subject, one, figure, f"the averages in the tables are {_listed(printed)}", severity
        )


def _recoveries(subject: Subject, one: Sentence, found: Sequence[Figure]) -> Iterator[Finding]:
    """Hold "98.47 % recovery" against the tables' recoveries."""
    overall = bool(_OVERALL.search(one.text))
    shown, known = recoveries(subject.document, averages=overall)
    for figure in found if shown else ():
        if figure.unit != "%" or _hedged(one.text, figure):
            continue
        if not explains(figure.value, figure.decimals, known):
            what = f"the recoveries in the tables are {_listed(shown)}"
            yield _finding(subject, one, figure, what, "info")


def _scores(
    subject: Subject, one: Sentence, found: Sequence[Figure], every: Sequence[Column]
) -> Iterator[Finding]:
    """Hold numbers beside a benchmark's name against its column, where another of them is in it."""
    if len(found) < 2:
        return
    short = plain(one.text)
    named = [column for column in every if any(name in short for name in column.names)]
    tasks = {column.names[-1] for column in named if column.names}
    if len(tasks) != 1:
        return
    values = {value for column in named for value in column.values}
    known = {value for column in named for value in implied(column)}
    exactly = [figure for figure in found if figure.value in values]
    if not exactly:
        return
    elsewhere = all_numbers(subject.document)
    for figure in found:
        if figure.decimals < exactly[0].decimals or _hedged(one.text, figure):
            continue
        if explains(figure.value, figure.decimals, known) or figure.value in elsewhere:
            continue
        yield _finding(
            subject,
            one,
            figure,
            f"{named[0].task} in the tables is {_listed(sorted(values))}",
            "warning" if len(found) - len(exactly) == 1 else "info",
        )


def _start(pattern: re.Pattern[str], text: str) -> int:
    found = pattern.search(text)
    return found.start() if found else 0


def _hedged(text: str, figure: Figure) -> bool:
    return bool(_HEDGE.search(text[max(0, figure.start - 20) : figure.start]))


def _listed(values: Sequence[Decimal]) -> str:
    return plainly([str(value) for value in values], 8)


def _finding(
    subject: Subject, one: Sentence, figure: Figure, what: str, severity: Severity
) -> Finding:
    spot = subject.document.find(figure.text.lstrip("+-"), one.line, one.line + 8)
    return finding(
        subject,
        RULE.id,
        f"the text says {figure.text}{'%' if figure.unit == '%' else ''}, and {what}",
        severity=severity,
        at=spot if spot.line else start_of(subject.document, one),
        said=one.text[:200],
        remedy="Say the number that the table has, or say where the other one is from.",
        part=figure.text,
    )


RULE = Rule(
    id="wrong-headline",
    group="arithmetic",
    title="A number in the text is not in the card's tables",
    severity="warning",
    why=(
        "The sentence at the top of a card is what gets quoted. It is often written for one "
        "version of a table and left as it was for the next, or copied from a sibling's card."
    ),
    example=(
        '"achieves an average score of 75.95, whereas the unquantized model achieves 76.79" '
        "over a table with averages of 75.95 and 74.79."
    ),
    fix="Take the number from the table.",
    check=check,
)

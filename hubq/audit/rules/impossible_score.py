"""Scores that no number of right answers gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hubq.audit.held import plainly, where
from hubq.audit.rule import Rule, finding
from hubq.audit.scores import Score, scores
from hubq.audit.subject import Subject
from hubq.model.finding import Finding

#: So many other scores of a column must fit, and so few of all printed numbers may.
_FITTING, _SHARE = 3, 0.35


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each score, or each column, that no count of right answers gives."""
    columns: dict[tuple[int, str], list[Score]] = {}
    for one in scores(subject.document):
        if one.size.what == "count" and one.read is not None:
            columns.setdefault((id(one.sheet), one.task), []).append(one)
    for column in columns.values():
        wrong = [one for one in column if not one.counted]
        if 2 * len(wrong) > len(column) and len(wrong) > 1:
            yield _whole(subject, column, wrong)
        else:
            for one in wrong:
                yield _single(subject, one, len(column) - len(wrong))


def _single(subject: Subject, one: Score, fitting: int) -> Finding:
    sure = fitting >= _FITTING and _share(one) <= _SHARE
    low, high = _near(one)
    return finding(
        subject,
        RULE.id,
        f"{where(one.block, one.line.name, one.task, sheet=one.sheet)}: no number of right answers "
        f"to {one.size.n} questions ({one.size.said}) is printed as {one.shown}; "
        f"the nearest are {low} and {high}"
        + (f", and the other {fitting} scores of the column fit" if fitting else ""),
        severity="warning" if sure else "info",
        at=one.place.found.at,
        said=one.place.found.shown,
        remedy="Check the score, or say over how many questions or runs it is.",
        part=f"{one.line.name} {one.task}",
    )


def _whole(subject: Subject, column: Sequence[Score], wrong: Sequence[Score]) -> Finding:
    one = wrong[0]
    said = plainly([score.shown for score in wrong])
    return finding(
        subject,
        RULE.id,
        f"{where(one.block, one.task, sheet=one.sheet)}: {len(wrong)} of {len(column)} scores "
        f"({said}) are no number of right answers to {one.size.n} questions ({one.size.said}), so "
        "that they are over other questions, or the mean of several runs or parts",
        severity="info",
        at=one.place.found.at,
        said=one.place.found.shown,
        remedy="Say over how many questions or runs the scores are.",
        part=one.task,
    )


def _share(one: Score) -> float:
    """Return about which share of all printed numbers fit so many questions, rounded or cut."""
    found = one.place.found
    steps = 10.0**found.decimals * (100 if found.scale == "percent" else 1)
    return min(1.0, 2 * one.size.n / float(steps))


def _near(one: Score) -> tuple[str, str]:
    found, n = one.place.found, one.size.n
    scale = 100 if found.scale == "percent" else 1
    count = int((found.value or 0) / scale * n)
    return tuple(  # type: ignore[return-value]
        f"{k / n * scale:.{found.decimals}f} ({k})" for k in (count, min(count + 1, n))
    )


RULE = Rule(
    id="impossible-score",
    group="scores",
    title="A score is no number of right answers",
    severity="warning",
    why=(
        "A benchmark of n questions that are right or wrong has only n + 1 scores. A printed score "
        "that none of them rounds to, or is cut to, was typed wrong, was made over other "
        "questions, or is a mean of something else. (The idea is the GRIM test's.)"
    ),
    example=(
        "`| GPTQ-Int4 | 39.25 |` on MMMU validation: of 900 questions, 353 give 39.22 and 354 give "
        "39.33."
    ),
    fix="Check the score against the harness's output, or say over how many questions it is.",
    check=check,
    sources=("https://doi.org/10.1177/1948550616673876",),
)

"""Averages that put two variants in another order than their cells do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from hubq.audit.arithmetic import held
from hubq.audit.held import Held, plainly
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.cards.published import exact
from hubq.model.finding import Finding

_MOST = 40


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each column whose printed averages change the order of two lines."""
    columns: dict[tuple[int, str, str], list[Held]] = {}
    for one in held(subject.document):
        if one.kind == "average":
            title = one.where.removesuffix(one.task)
            title = title.rpartition(one.variant)[0] if one.variant else title
            columns.setdefault((one.place.table, title, one.task), []).append(one)
    for column in columns.values():
        if len(column) <= _MOST and any(not one.agrees for one in column):
            pairs = list(_turned(column))
            if pairs:
                yield _finding(subject, column, pairs)


def _turned(column: Sequence[Held]) -> Iterator[tuple[Held, Held]]:
    """Yield (ahead by their cells, behind by their cells) of what is printed the other way."""
    for position, first in enumerate(column):
        for second in column[position + 1 :]:
            printed = _printed(first) - _printed(second)
            if not printed or (first.agrees and second.agrees):
                continue
            ahead, behind = (first, second) if printed < 0 else (second, first)
            # The cells' rounding must not explain it.
            if ahead.right.low > behind.right.high:
                yield ahead, behind


def _printed(one: Held) -> Decimal:
    return exact.decimal_of(one.place.found)


def _finding(
    subject: Subject, column: Sequence[Held], pairs: Sequence[tuple[Held, Held]]
) -> Finding:
    texts = [
        f"{behind.variant} ({behind.shown}) is printed before {ahead.variant} ({ahead.shown}), and "
        f"their cells give {behind.right_text} and {ahead.right_text}"
        for ahead, behind in pairs
    ]
    ahead, behind = pairs[0]
    sure = all(one.severity == "error" for one in column)
    return finding(
        subject,
        RULE.id,
        f"{ahead.where}: {plainly(texts, 6, '; ')}",
        severity="error" if sure else "warning",
        at=behind.at,
        said=behind.shown,
        remedy="Work the averages out again; the ranking changes with them.",
        part=f"{behind.where} {ahead.variant}",
    )


RULE = Rule(
    id="reversed-ranking",
    group="arithmetic",
    title="The printed averages rank two variants the wrong way round",
    severity="error",
    why=(
        "A wrong average is bad; one that changes which method looks best is the result that "
        "people quote. Pairs whose order the rounding of the cells could explain are left alone."
    ),
    example=(
        "`VLMQ 74.31` before `GPTQ 74.20`, over cells whose means are 66.75 and 66.77: GPTQ is "
        "ahead."
    ),
    fix="Work the averages out again from the cells, and the ranking with them.",
    check=check,
)

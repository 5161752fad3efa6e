"""Scores that were cut, not rounded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from hubq.audit.held import plainly, rounded
from hubq.audit.pairing import base_of
from hubq.audit.rule import Rule, finding
from hubq.audit.scores import Score, scores
from hubq.audit.subject import Subject
from hubq.model.finding import Finding


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each table with scores that only cutting their digits explains."""
    tables: dict[tuple[int, str], list[Score]] = {}
    for one in scores(subject.document):
        if one.counted:
            tables.setdefault((id(one.sheet), one.block.title), []).append(one)
    for table in tables.values():
        cut = [one for one in table if one.read is not None and _only_cut(one)]
        if cut:
            yield _finding(subject, table, cut)


def _only_cut(one: Score) -> bool:
    return one.read is not None and not one.read.rounded and len(one.read.cut) == 1


def _finding(subject: Subject, table: Sequence[Score], cut: Sequence[Score]) -> Finding:
    alone = [one for one in table if one.read is not None and one.read.rounded and not one.read.cut]
    texts = [
        f"{one.line.name} on {one.task} prints {one.shown} for {one.read.cut[0]} of {one.size.n}, "
        f"which is {_whole(one)}{_delta(one, table)}"
        for one in cut
        if one.read is not None
    ]
    mixed = (
        f"; {plainly([f'{one.shown} ({one.line.name}, {one.task})' for one in alone])} can "
        "only have been rounded, so that one table has numbers of both kinds"
        if alone
        else ""
    )
    title = f"{cut[0].block.title}: " if cut[0].block.title else ""
    return finding(
        subject,
        RULE.id,
        f"{title}{len(cut)} of {len(table)} scores can only be counts of right answers whose "
        f"digits were cut, not rounded: {plainly(texts, 12, '; ')}{mixed}",
        severity="info",
        at=cut[0].place.found.at,
        said=plainly([one.shown for one in cut], 12),
        remedy="Round scores, all in one way; differences of cut scores are off in the last digit.",
        part=f"{cut[0].block.title} {cut[0].task}",
    )


def _true(one: Score) -> Decimal:
    count = one.read.counts[0] if one.read is not None else 0
    scale = 100 if one.place.found.scale == "percent" else 1
    return Decimal(count) * scale / one.size.n


def _whole(one: Score) -> str:
    return rounded(_true(one), one.place.found.decimals)


def _delta(one: Score, table: Sequence[Score]) -> str:
    """Say what the difference to the baseline is, where the printed one is another."""
    name = base_of(one.block, one.line.name)
    base = next((two for two in table if two.line.name == name and two.task == one.task), None)
    if base is None or base is one or len(base.read.counts if base.read else ()) != 1:
        return ""
    digits = one.place.found.decimals
    printed = Decimal(one.shown.rstrip("%")) - Decimal(base.shown.rstrip("%"))
    true = rounded(_true(one) - _true(base), digits)
    if Decimal(true) == printed:
        return ""
    return f" (to {name} the difference is {true}, not {rounded(printed, digits)})"


RULE = Rule(
    id="cut-score",
    group="scores",
    title="Scores were cut, not rounded",
    severity="info",
    why=(
        "A score of a benchmark with a known number of questions gives its count back. Where only "
        "cutting the digits gives it, the printed score is up to one in its last digit too low, "
        "and so are the differences made of it. A table with cut and rounded scores was put "
        "together from several sources."
    ),
    example=(
        "`| GPTQ-Int4 | 41.69 |` on MathVista testmini: 417 of 1000 is 41.70, and floating point "
        "makes 41.699999999999996 of it. The difference to 44.40 is -2.70, not -2.71."
    ),
    fix="Round the scores again from the counts.",
    check=check,
    sources=("https://docs.python.org/3/tutorial/floatingpoint.html",),
)

"""Words: how every report says numbers of findings, and what printed scores still tell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from hubq.model.audit import Audited, Recovered, Report, Told
from hubq.model.finding import SEVERITIES, Finding

TOLD: dict[Told, str] = {
    "always": "more than chance",
    "sometimes": "perhaps",
    "never": "within chance",
    "unknown": "not known",
}
"""What is said of a difference."""

CARRIED: dict[Told, str] = {
    "always": "the numbers carry it",
    "sometimes": "the numbers may carry it",
    "never": "the numbers do not carry it",
    "unknown": "nothing can be told",
}
"""What is said of a statement."""


def number(count: int) -> str:
    """Return a count with commas: `1,204`."""
    return f"{count:,}"


def counted(count: int, noun: str) -> str:
    """Return a count with its noun: `1 error`, `1,204 warnings`, `no repos`."""
    said = f"{count:,}" if count else "no"
    return f"{said} {noun}" if count == 1 else f"{said} {noun}s"


def severities(findings: Iterable[Finding]) -> str:
    """Return how many findings of each severity: `2 errors, 1 info`; `nothing found` for none."""
    found = list(findings)
    counts = [(kind, sum(one.severity == kind for one in found)) for kind in SEVERITIES]
    said = [_of(kind, count) for kind, count in counts if count]
    return ", ".join(said) or "nothing found"


def _of(kind: str, count: int) -> str:
    return f"{count:,} info" if kind == "info" else counted(count, kind)


def fails(report: Report, finding: Finding) -> bool:
    """Say whether a finding makes the audit fail."""
    order: tuple[str, ...] = SEVERITIES
    limit = order.index(report.fail_on) if report.fail_on in order else -1
    return order.index(finding.severity) <= limit


def summary(report: Report) -> str:
    """Return a whole report in one line."""
    audited = report.audited
    found = severities(one for repo in audited for one in repo.findings)
    parts = [f"{counted(len(audited), 'repo')}: {found}"]
    checked = sum(repo.checked for repo in audited)
    accepted = sum(len(repo.accepted) for repo in audited)
    recovered = sum(one.low is not None for repo in audited for one in repo.recovered)
    parts += [f"{counted(checked, 'number')} worked out again"] if checked else []
    parts += [f"{counted(recovered, 'interval')} recovered"] if recovered else []
    parts += [f"{number(accepted)} accepted"] if accepted else []
    parts += [f"{number(len(report.missed))} not looked at"] if report.missed else []
    return "; ".join(parts)


def skipped(audited: Audited) -> str:
    """Return which rules could not be applied, by reason; empty for none."""
    why: dict[str, list[str]] = {}
    for one in audited.skipped:
        why.setdefault(one.why, []).append(one.rule)
    return "; ".join(f"{reason}: {', '.join(rules)}" for reason, rules in why.items())


def reasons(audited: Iterable[Audited]) -> str:
    """Return how many rules could not be applied for which reason: `its files are not known (9)`.

    A rule counts once for each reason, however many repos it is.
    """
    why: dict[str, set[str]] = {}
    for repo in audited:
        for one in repo.skipped:
            why.setdefault(one.why, set()).add(one.rule)
    return ", ".join(f"{reason} ({len(rules)})" for reason, rules in why.items())


class Row(NamedTuple):
    """What one printed score still tells, in words; every text may be empty.

    Attributes:
        group: what the variants are of; empty where there is just one on the card.
        variant: its name.
        task: what was measured.
        shown: as printed.
        right: right answers of all: `375 of 900`.
        interval: Wilson's, in percent: `38.5 to 44.9`.
        detectable: differences that so many answers tell from chance: `2.9 if 10 % differ`.
        delta: to the baseline, in points: `-2.70`.
        told: whether that is more than chance; verdict: the same as one word.
        line: where it is printed.
    """

    group: str
    variant: str
    task: str
    shown: str
    right: str
    interval: str
    detectable: str
    delta: str
    told: str
    verdict: Told
    line: int

    @property
    def name(self) -> str:
        """The variant with its group."""
        return f"{self.group} / {self.variant}" if self.group else self.variant


def rows(recovered: Sequence[Recovered]) -> list[Row]:
    """Return what printed scores still tell, by table and line."""
    placed = sorted(recovered, key=lambda one: (one.table, one.line, one.column))
    groups = len({one.group for one in placed}) > 1
    return [_row(one, one.group if groups else "") for one in placed]


def _row(one: Recovered, group: str) -> Row:
    interval = ""
    if one.low is not None and one.high is not None:
        interval = f"{100 * one.low:.1f} to {100 * one.high:.1f}"
    delta = "" if one.delta is None else f"{100 * one.delta:+.2f}".replace("-", "\N{MINUS SIGN}")
    return Row(
        group=group,
        variant=one.variant,
        task=one.task,
        shown=f"{one.shown} (cut)" if one.cut else one.shown,
        right=_count(one),
        interval=interval,
        detectable=_detectable(one),
        delta=delta,
        verdict=one.told,
        told=_told(one) if one.delta is not None else "",
        line=one.line,
    )


def _count(one: Recovered) -> str:
    if not one.counts:
        return f"of {one.n:,}" if one.n else ""
    low, high = min(one.counts), max(one.counts)
    right = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    return f"{right} of {one.n:,}"


def _detectable(one: Recovered) -> str:
    """Return the smallest difference found for the middle one of the shares that were tried."""
    if not one.detectable:
        return ""
    share, least = one.detectable[len(one.detectable) // 2]
    return f"{100 * least:.1f} if {100 * share:.0f} % differ"


def _told(one: Recovered) -> str:
    if one.told == "sometimes" and one.limit is not None:
        return f"if under {100 * one.limit:.1f} % changed"
    return TOLD[one.told]


def finest(recovered: Iterable[Recovered]) -> str:
    """Return which differences so many questions tell from chance, for every number of questions.

    For the middle one of the shares that were tried, which is the same on a whole card.
    """
    least = {one.n: one.detectable[len(one.detectable) // 2] for one in recovered if one.detectable}
    if not least:
        return ""
    shares = {share for share, _ in least.values()}
    found = ", ".join(f"{100 * delta:.1f} with {n:,}" for n, (_, delta) in sorted(least.items()))
    return (
        f"differences that so many questions tell from chance, if {100 * max(shares):.0f} % of the "
        f"answers differ: {found}"
    )


def scores(repo: Audited) -> str:
    """Return in one line what a repo's printed scores still tell; empty for nothing."""
    known = [one for one in repo.recovered if one.low is not None]
    if not known:
        return ""
    said = f"What {number(len(known))} of {number(len(repo.recovered))} printed scores still tell"
    return "; ".join(filter(None, (said, deltas(known))))


def deltas(recovered: Iterable[Recovered]) -> str:
    """Return in one line how many differences are more than chance; empty where there are none."""
    held = [one for one in recovered if one.delta is not None and one.told != "unknown"]
    if not held:
        return ""
    sure = sum(one.told == "always" for one in held)
    perhaps = sum(one.told == "sometimes" for one in held)
    said = f"{number(sure)} of {counted(len(held), 'difference')} to a baseline"
    verb = "is" if sure == 1 else "are"
    return f"{said} {verb} more than chance" + (f", {number(perhaps)} perhaps" if perhaps else "")

"""Audits: what was found of published repos, as people and machines read it."""

from __future__ import annotations

from typing import Literal

import msgspec

from hubq.model.finding import Finding

SCHEMA = 1
"""Of a report as JSON."""

Told = Literal["always", "sometimes", "never", "unknown"]


class Recovered(msgspec.Struct, frozen=True, kw_only=True):
    """What a printed score still tells, though its items were never published.

    Attributes:
        table: its table's number on the card, from 1.
        line, column: where it is printed, from 1; zeros where not known.
        group, variant, task: its names.
        shown: the number as printed.
        n: how many questions; said: where that is from.
        counts: the right answers that are printed so; empty where none is, or where the score is no
            count.
        cut: whether it was cut, not rounded.
        low, high: Wilson's 95 % interval over those counts, as fractions; none without counts.
        detectable: (share of answers that differ, smallest difference found with a power of 80 %),
            as fractions.
        baseline: the variant that it is held against; empty for none.
        delta: printed difference to the baseline, as a fraction; none without.
        told: whether the difference is more than chance; `sometimes` if fewer than `limit` of the
            answers changed.
    """

    table: int
    variant: str
    task: str
    shown: str
    n: int
    said: str
    line: int = 0
    column: int = 0
    group: str = ""
    counts: tuple[int, ...] = ()
    cut: bool = False
    low: float | None = None
    high: float | None = None
    detectable: tuple[tuple[float, float], ...] = ()
    baseline: str = ""
    delta: float | None = None
    told: Told = "unknown"
    limit: float | None = None


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence of a card's prose held against its own numbers.

    Attributes:
        line, column: where it begins.
        text: the sentence.
        told: whether the numbers carry it: `always`; `sometimes`, if few enough answers changed;
            `never`; `unknown` where nothing can be told.
        why: one sentence.
    """

    line: int
    text: str
    told: Told
    why: str
    column: int = 0


class Skipped(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that could not be applied.

    Attributes:
        rule: its id.
        why: what was not at hand.
    """

    rule: str
    why: str


class Audited(msgspec.Struct, frozen=True, kw_only=True):
    """One repo, folder or file, audited.

    Attributes:
        name: what to call it: the repo's id, or the path that was given.
        repo, commit: on a hub; empty elsewhere.
        url: of the repo's page; empty elsewhere.
        title: the card's first heading.
        findings: by severity, file and line.
        accepted: findings that a baseline accepts; they do not count.
        recovered: what its printed scores still tell.
        statements: its prose held against its numbers.
        applied: the ids of the rules that were applied; skipped: those that could not be.
        checked: how many printed numbers were worked out again.
        problems: what could not be read, in words.
    """

    name: str
    repo: str = ""
    commit: str = ""
    url: str = ""
    title: str = ""
    findings: tuple[Finding, ...] = ()
    accepted: tuple[Finding, ...] = ()
    recovered: tuple[Recovered, ...] = ()
    statements: tuple[Statement, ...] = ()
    applied: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    checked: int = 0
    problems: tuple[str, ...] = ()


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What an audit found.

    Attributes:
        version: hubq's.
        made: when, UTC, ISO 8601.
        audited: what was looked at, in order.
        missed: (target, why) of what could not be looked at at all.
        fail_on: the severity from which a finding makes the audit fail; empty for never.
        schema: of this value as JSON.
    """

    version: str
    made: str
    audited: tuple[Audited, ...]
    missed: tuple[tuple[str, str], ...] = ()
    fail_on: str = "warning"
    schema: int = SCHEMA

    def count(self, severity: str) -> int:
        """Return how many findings of a severity there are."""
        return sum(one.severity == severity for repo in self.audited for one in repo.findings)

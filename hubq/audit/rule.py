"""Rules: what a check is called, why it matters, what it needs, and how it looks."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Literal

import msgspec

from hubq.audit import rules
from hubq.audit.parts import NOWHERE, Spot
from hubq.audit.subject import Subject
from hubq.model.finding import Finding, Severity

Need = Literal["card", "repo", "files", "config", "headers", "base", "siblings", "evidence"]
"""What a rule cannot do without: a README; the repo's id; the list of files; `config.json`;
safetensors headers; the base model; other repos of the family; hubq's own evidence."""

Group = Literal[
    "arithmetic", "scores", "weights", "environment", "prose", "siblings", "metadata", "evidence"
]


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One check.

    Attributes:
        id: in lower case with hyphens, unique: `wrong-average`.
        group: of rules, for the reader.
        title: one line: what is wrong when it reports.
        severity: of its findings at most; a finding that is not certain is `info`.
        why: why it matters, Markdown, one paragraph or more.
        example: what it reports, Markdown: a piece of a card and the finding.
        fix: how it is mended, Markdown.
        check: yields what is wrong with a subject. It never raises for anything a README, a file or
            a header may hold.
        needs: what must be at hand; the rule is skipped, and says so, where it is not.
        sources: addresses: papers, specifications, documentation.
    """

    id: str
    group: Group
    title: str
    severity: Severity
    why: str
    example: str
    fix: str
    check: Callable[[Subject], Iterable[Finding]]
    needs: tuple[Need, ...] = ("card",)
    sources: tuple[str, ...] = ()


def finding(
    subject: Subject,
    rule: str,
    found: str,
    *,
    severity: Severity = "error",
    at: Spot | tuple[int, int] = NOWHERE,
    path: str = "",
    said: str = "",
    remedy: str = "",
    sources: tuple[str, ...] = (),
    part: str = "",
) -> Finding:
    """Return a finding about a subject.

    Args:
        subject: what it is about.
        rule: the id.
        found: what is so instead.
        severity: as `Finding` has it.
        at: line and column; zeros for none.
        path: the file; the card without one.
        said: what the file says.
        remedy: what to do.
        sources: addresses that it rests on.
        part: what tells findings of one place apart.
    """
    line, column = at
    quote = "" if path else subject.document.quote(line)
    return Finding(
        rule=rule,
        severity=severity,
        repo=subject.repo,
        path=path or subject.gathered.card_path,
        line=line,
        column=column,
        said=said,
        found=found,
        remedy=remedy,
        quote=quote,
        sources=sources,
        part=part,
    )


@cache
def all_rules() -> tuple[Rule, ...]:
    """Return every rule, by group and id."""
    names = [found.name for found in pkgutil.iter_modules(rules.__path__)]
    found = [importlib.import_module(f"{rules.__name__}.{name}").RULE for name in names]
    return tuple(sorted(found, key=lambda one: (_GROUPS.index(one.group), one.id)))


_GROUPS: Sequence[str] = (
    *("arithmetic", "scores", "weights", "environment"),
    *("prose", "siblings", "metadata", "evidence"),
)


_AT_HAND: dict[Need, tuple[Callable[[Subject], bool], str]] = {
    "card": (lambda one: one.gathered.card is not None, "there is no README"),
    "repo": (lambda one: bool(one.repo), "its repo is not known"),
    "files": (lambda one: one.has_files, "its files are not known"),
    "config": (lambda one: one.config is not None, "no config.json was read"),
    "headers": (lambda one: bool(one.gathered.headers), "no headers of weights were read"),
    "base": (lambda one: one.base is not None, "its base model was not looked up"),
    "siblings": (lambda one: bool(one.siblings), "no sibling was looked up"),
    "evidence": (lambda one: "hubq.json" in one.gathered.texts, "it was not published by hubq"),
}


def every_lack(subject: Subject, rules: Iterable[Rule]) -> list[str]:
    """Return `lacking` for what each of some rules needs; each kind of needs is asked for once."""
    known: dict[tuple[Need, ...], str] = {}
    found: list[str] = []
    for rule in rules:
        needs = rule.needs
        why = known.get(needs)
        if why is None:
            why = known[needs] = lacking(subject, needs)
        found.append(why)
    return found


def lacking(subject: Subject, needs: Sequence[Need]) -> str:
    """Return what of a rule's needs is not at hand, in words; empty when all is."""
    for need in needs:
        is_there, why = _AT_HAND[need]
        if not is_there(subject):
            return why
    return ""

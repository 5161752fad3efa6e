"""Places: how reports name a finding's file, its address on the web, and the finding itself."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from posixpath import join, normpath
from typing import NamedTuple
from urllib.parse import quote

from hubq.audit.rule import Rule, all_rules
from hubq.model.audit import Audited
from hubq.model.finding import SEVERITIES, Finding, Severity

HOME = "https://github.com/hubq/hubq"
DOCS = f"{HOME}/blob/main/docs/rules"
_WEB = re.compile(r"https?://[^\s<>\"'`\\^{|}\x00-\x20\x7f]+", re.IGNORECASE)
_DIGITS = 16
_NEAR = 24
"""Characters from a column within which what a file says there begins."""


class Group(NamedTuple):
    """Findings of one rule in one file, by line.

    Attributes:
        rule: its id.
        path: of the file.
        findings: at least one.
    """

    rule: str
    path: str
    findings: tuple[Finding, ...]

    @property
    def worst(self) -> Severity:
        """The worst severity among them."""
        return min((one.severity for one in self.findings), key=SEVERITIES.index)


def grouped(findings: Iterable[Finding]) -> list[Group]:
    """Return findings by rule and file, those with the worst first."""
    found: dict[tuple[str, str], list[Finding]] = {}
    for one in sorted(findings, key=_order):
        found.setdefault((one.path, one.rule), []).append(one)
    groups = [Group(rule, path, tuple(some)) for (path, rule), some in found.items()]
    return sorted(groups, key=lambda one: (SEVERITIES.index(one.worst), one.path))


def _order(one: Finding) -> tuple[int, str, int, int, str]:
    return SEVERITIES.index(one.severity), one.path, one.line, one.column, one.found


@cache
def _by_id() -> dict[str, Rule]:
    return {rule.id: rule for rule in all_rules()}


def rule_of(id_: str) -> Rule | None:
    """Return a rule; none for a check that is no rule of this version."""
    return _by_id().get(id_)


def title_of(id_: str) -> str:
    """Return what a rule is about in one line; empty where it is not known."""
    rule = rule_of(id_)
    return rule.title if rule else ""


def page_of(id_: str) -> str:
    """Return the address of a rule's page; of the list of all where it has none."""
    return f"{DOCS}/{quote(id_, safe='')}.md" if rule_of(id_) else f"{DOCS}/README.md"


def on_hub(audited: Audited) -> bool:
    """Say whether it was read from a hub, and not from this machine."""
    return bool(audited.url or audited.commit)


def file_of(audited: Audited, finding: Finding) -> str:
    """Return a finding's file: below the repo's id, or from where the audit was started."""
    path = finding.path or "README.md"
    if on_hub(audited):
        return join(audited.repo or audited.name, path)
    if path.startswith("/") or normpath(path) == normpath(audited.name):
        return normpath(path)
    return normpath(join(audited.name, path))


def link_of(audited: Audited, finding: Finding) -> str:
    """Return the address of a finding's line at the commit that was read; empty where none."""
    page = web(audited.url)
    if not page or not finding.path:
        return page
    address = f"{page.rstrip('/')}/blob/{quote(audited.commit or 'main')}/{quote(finding.path)}"
    if not finding.line:
        return address
    # A rendered Markdown file has no lines to point at; its source has.
    source = "?code=true" if finding.path.lower().endswith(".md") else ""
    return f"{address}{source}#L{finding.line}"


def span_of(finding: Finding) -> tuple[int, int] | None:
    """Return where in its line stands what a finding is about, from 0; none where not known.

    What the file says is looked for around the column, and from there on, since a cell begins with
    spaces; without a column it has to stand in the line just once. A span without characters is a
    column alone.
    """
    line, said, start = finding.quote, finding.said, max(finding.column - 1, 0)
    if not finding.column:
        found = line.find(said) if said and line.count(said) == 1 else -1
        return (found, found + len(said)) if found >= 0 else None
    if start > len(line):
        return None
    size = len(said)
    around = line.find(said, max(0, start - size + 1), start + size) if said else -1
    found = around if around >= 0 else line.find(said, start, start + size + _NEAR) if said else -1
    if found >= 0 and "|" not in line[start + 1 : found]:
        return found, found + size
    start += len(line) - start - len(line[start:].lstrip(" "))
    return start, start


def quotable(finding: Finding) -> bool:
    """Say whether its line tells anything; the fence of the front matter does not."""
    return bool(finding.line and finding.quote.strip(" -\t"))


def web(address: str) -> str:
    """Return an address that a browser may follow as it is; empty for any other."""
    return address if _WEB.fullmatch(address) else ""


def keyed(audited: Audited, findings: Sequence[Finding]) -> list[tuple[str, Finding]]:
    """Return findings with a name that stays while the file changes elsewhere.

    It is a digest of the repo, the rule, the file, what the file says there, and the whole line;
    those that would share one are counted.
    """
    seen: Counter[str] = Counter()
    found = []
    for one in findings:
        parts = (audited.repo or audited.name, one.rule, one.path, one.part, one.said)
        line = " ".join((one.quote or one.found).split())
        key = hashlib.sha256("\0".join((*parts, line)).encode(errors="replace")).hexdigest()
        key = key[:_DIGITS]
        seen[key] += 1
        found.append((key if seen[key] == 1 else f"{key}-{seen[key]}", one))
    return found

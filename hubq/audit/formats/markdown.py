"""A report as Markdown, for a job's summary or a comment on a pull request.

GitHub takes 1 MiB of a step's summary, and 65,536 characters of a comment; a report that would be
longer says less of each finding, then leaves out the least, and says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from hubq.audit.formats import words
from hubq.audit.formats.places import Group, grouped, link_of, page_of, quotable, title_of, web
from hubq.markdown.escaping import address, code, escape
from hubq.model.audit import Audited, Report, Statement
from hubq.model.finding import SEVERITIES, Finding, Severity

SUMMARY = 1_000_000
"""Bytes that fit into the summary of a step."""
COMMENT = 65_000
"""Bytes that fit into a comment."""

_LONGEST = 1500
_PIECE = 40
#: GitHub looks for these in the finished text, whatever was escaped before.
_CALLS = re.compile(r"\\?#(?=\w)|@(?=\w)")
_HEADS = (
    *("Variant", "Task", "Score", "Right answers", "95 % interval"),
    *("Finds differences of", "Delta", "More than chance?"),
)
_SPAN = re.compile(r"`([^`\n]+)`")
_WORDS: dict[Severity, str] = {"error": "Error", "warning": "Warning", "info": "Info"}


class _Detail(NamedTuple):
    """How much is said: the lines, the tables of scores, and of which severities."""

    quotes: bool = True
    scores: bool = True
    kinds: tuple[Severity, ...] = SEVERITIES


_DETAILS = (
    _Detail(),
    _Detail(scores=False),
    _Detail(scores=False, kinds=SEVERITIES[:2]),
    _Detail(scores=False, kinds=SEVERITIES[:2], quotes=False),
    _Detail(scores=False, kinds=SEVERITIES[:1], quotes=False),
)
_LEFT_OUT = "_{what} left out, since the report would be too long; `hubq audit` says all of it._"


def render(report: Report, *, limit: int = SUMMARY) -> str:
    """Return a report as GitHub's Markdown.

    Args:
        report: what was found.
        limit: bytes that it may have.
    """
    for detail in _DETAILS:
        parts, whole = _fitting(_parts(report, detail), limit - 1)
        if whole:
            return "\n\n".join(parts) + "\n"
    note = _LEFT_OUT.format(what="The rest is")
    parts, _ = _fitting(_parts(report, _DETAILS[-1]), limit - len(note) - 3)
    return "\n\n".join([*parts, note]) + "\n"


def _fitting(parts: Iterator[str], limit: int) -> tuple[list[str], bool]:
    """Return the parts that fit with two line ends between them, and whether those are all."""
    found: list[str] = []
    size = -2
    for part in parts:
        size += 2 + len(part.encode(errors="replace"))
        if size > limit:
            return found, False
        found.append(part)
    return found, True


def _parts(report: Report, detail: _Detail) -> Iterator[str]:
    yield "# Audit of model cards"
    yield f"**{words.summary(report)}**"
    if detail.kinds != SEVERITIES:
        left = [kind for kind in SEVERITIES if kind not in detail.kinds]
        yield _LEFT_OUT.format(what=f"Findings of severity {' and '.join(left)} are")
    if len(report.audited) > 1:
        yield _overview(report.audited)
    for repo in report.audited:
        yield from _repo(repo, detail, alone=len(report.audited) == 1)
    if report.missed:
        lines = [f"- {_plain(target)}: {_plain(why)}" for target, why in report.missed]
        yield "## Not looked at\n\n" + "\n".join(lines)
    yield f"_hubq {_plain(report.version)}, {_plain(report.made)}_"


def _overview(audited: Sequence[Audited]) -> str:
    lines = ["| Repo | Errors | Warnings | Info |", "|:--|--:|--:|--:|"]
    for repo in audited:
        counts = [sum(one.severity == kind for one in repo.findings) for kind in SEVERITIES]
        lines.append(f"| {_name(repo)} | {' | '.join(f'{count:,}' for count in counts)} |")
    return "\n".join(lines)


def _name(repo: Audited) -> str:
    page = address(web(repo.url))
    return f"[{_plain(repo.name)}]({page})" if page else _plain(repo.name)


def _repo(repo: Audited, detail: _Detail, *, alone: bool) -> Iterator[str]:
    findings = [one for one in repo.findings if one.severity in detail.kinds]
    known = [one for one in repo.recovered if one.low is not None] if detail.scores else []
    notes = list(_notes(repo)) if alone else []
    if not (alone or findings or known or repo.problems):
        return
    commit = f" at {code(repo.commit[:7])}" if repo.commit else ""
    yield f"## {_name(repo)}{commit}"
    for problem in repo.problems:
        yield f"Could not be read: {_plain(problem)}"
    for group in grouped(findings):
        yield _group(repo, group, detail)
    if known:
        yield _scores(repo)
    held = [one for one in repo.statements if one.told != "unknown"] if detail.scores else []
    if held:
        yield "What its prose says, held against its numbers:\n\n" + "\n".join(map(_held, held))
    yield from notes


def _group(repo: Audited, group: Group, detail: _Detail) -> str:
    title = title_of(group.rule)
    about = f" {_prose(title)}." if title else ""
    link = f"[{code(group.rule)}]({page_of(group.rule)})"
    head = f"**{_WORDS[group.worst]}** {link}{about}"
    lines = [_finding(repo, one, group, detail) for one in group.findings]
    return head + "\n\n" + "\n".join(lines).rstrip()


def _finding(repo: Audited, one: Finding, group: Group, detail: _Detail) -> str:
    line = f"line {one.line}" if one.path == repo.name else f"{one.path}:{one.line}"
    place = _plain(line if one.line else one.path)
    link = address(link_of(repo, one))
    where = f"[{place}]({link})" if link else place
    kind = "" if one.severity == group.worst else f" ({one.severity})"
    quoted = detail.quotes and quotable(one)
    # A whole sentence need not be said twice.
    twice = quoted and len(one.said) > _PIECE and one.said in one.quote
    said = f"says {_code(one.said)}; " if one.said and not twice else ""
    fix = f" _Fix:_ {_prose(one.remedy)}" if one.remedy else ""
    text = f"- {where}{kind}: {said}{_prose(one.found)}{_stop(one.found)}{fix}"
    if one.sources and one.severity == "error":
        links = [address(web(source)) for source in one.sources]
        text += "".join(f" <{link}>" for link in links if link)
    if quoted:
        text += f"\n\n  {_code(one.quote, 300)}\n"
    return text


def _code(text: str, longest: int = _LONGEST) -> str:
    """Return text as code outside of tables, where a bar needs no sign before it."""
    return code(_short(text, longest)).replace("\\|", "|")


def _plain(text: str) -> str:
    """Return text that is shown as it is, calls nobody and refers to no issue."""
    return _CALLS.sub(lambda found: f"{found[0][-1]}<!-- -->", escape(text))


def _prose(text: str) -> str:
    """Return a sentence in which what stands between backticks is code, and nothing else starts."""
    parts = _SPAN.split(_short(text))
    return "".join(
        _code(part) if index % 2 else _spaced(part) for index, part in enumerate(parts) if part
    )


def _spaced(text: str) -> str:
    before, after = (" " if one.isspace() else "" for one in (text[:1], text[-1:]))
    return f"{before}{_plain(text)}{after}" if text.strip() else " "


def _stop(text: str) -> str:
    return "" if text.endswith((".", "?", "!")) else "."


def _short(text: str, longest: int = _LONGEST) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _scores(repo: Audited) -> str:
    known = [one for one in repo.recovered if one.low is not None]
    lines = [
        f"| {' | '.join(_HEADS)} |",
        "|:--|:--|--:|--:|--:|--:|--:|:--|",
    ]
    for row in words.rows(known):
        cells = [row.name, row.task, row.shown, row.right, row.interval]
        cells += [row.detectable, row.delta, row.told]
        lines.append(f"| {' | '.join(_plain(cell) for cell in cells)} |")
    table = "\n".join(lines)
    return f"<details>\n<summary>{words.scores(repo)}</summary>\n\n{table}\n\n</details>"


def _held(one: Statement) -> str:
    verdict = words.CARRIED[one.told]
    return f'- line {one.line}: "{_plain(one.text)}": {verdict}: {_plain(one.why)}'


def _notes(repo: Audited) -> Iterator[str]:
    if repo.skipped:
        count = words.counted(len(repo.skipped), "rule")
        yield f"{count} not applied: {_plain(words.skipped(repo))}"
    if repo.accepted:
        yield f"{words.severities(repo.accepted)} accepted by the baseline"

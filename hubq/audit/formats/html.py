"""A report as one page that asks the network for nothing: a list to sort and filter, and the repos.

The page's data stand in it as JSON, which its script makes rows of, as text and never as markup. A
policy of content lets no other script run, whatever a card says.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from hubq.audit.formats import words
from hubq.audit.formats.places import DOCS, keyed, link_of, page_of, span_of, title_of, web
from hubq.audit.formats.widths import visible
from hubq.model.audit import Audited, Report
from hubq.model.finding import SEVERITIES, Finding
from hubq.render import environment
from hubq.render import render as render_template

FOLDER = Path(__file__).resolve().parent / "page"
_COLUMNS = (
    ("severity", "Severity"),
    ("repo", "Repo"),
    ("rule", "Rule"),
    ("place", "Where"),
    ("found", "What was found"),
)
_LONGEST = 1200
"""Characters of a line that the page quotes."""
_ENTITIES = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}


def render(report: Report) -> str:
    """Return a report as an HTML page."""
    style, script = _file("audit.css"), _file("audit.js")
    values = {
        "policy": _policy(style, script),
        "style": style,
        "script": script,
        "title": _title(report),
        "summary": words.summary(report),
        "missed": [(visible(target), visible(why)) for target, why in report.missed],
        "kinds": SEVERITIES,
        "columns": _COLUMNS,
        "repos": [_listed(repo) for repo in report.audited],
        "version": report.version,
        "made": report.made,
        "docs": DOCS,
        "data": _embedded(_data(report)),
    }
    return render_template(environment(FOLDER, autoescape=True), "audit.html.j2", values)


@lru_cache
def _file(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """Return a policy under which only this style sheet and this script have an effect."""
    digests = [
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for text in (style, script)
    ]
    return (
        f"default-src 'none'; style-src 'sha256-{digests[0]}'; script-src 'sha256-{digests[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _embedded(value: Any) -> str:
    """Return JSON that ends no element and begins no comment, wherever in a page it stands.

    Every text in it is shown as it is: see `visible`.
    """
    text = msgspec.json.encode(_shown(value)).decode()
    for sign, entity in _ENTITIES.items():
        text = text.replace(sign, entity)
    return text


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {name: _shown(one) for name, one in value.items()}
    return [_shown(one) for one in value] if isinstance(value, list | tuple) else value


def _title(report: Report) -> str:
    if len(report.audited) == 1:
        return f"Audit of {visible(report.audited[0].name)}"
    return f"Audit of {words.counted(len(report.audited), 'repo')}"


def _listed(repo: Audited) -> dict[str, Any]:
    """Return a repo as the template lists it."""
    return {
        "name": visible(repo.name),
        "title": visible(repo.title),
        "fragment": urlencode({"repo": visible(repo.name)}),
        "commit": repo.commit,
        "page": _tree(repo),
        "counts": [sum(one.severity == kind for one in repo.findings) for kind in SEVERITIES],
        "checked": repo.checked,
        "intervals": sum(one.low is not None for one in repo.recovered),
    }


def _tree(repo: Audited) -> str:
    """Return the address of a repo at the commit that was read; empty where it has none."""
    page = web(repo.url)
    return (
        f"{page.rstrip('/')}/tree/{quote(repo.commit, safe='')}" if page and repo.commit else page
    )


def _data(report: Report) -> dict[str, Any]:
    found = (one for repo in report.audited for one in (*repo.findings, *repo.accepted))
    numbers = {id_: index for index, id_ in enumerate(dict.fromkeys(one.rule for one in found))}
    return {
        "rules": [{"id": id_, "title": title_of(id_), "page": page_of(id_)} for id_ in numbers],
        "repos": [_repo(repo) for repo in report.audited],
        "findings": [
            row
            for index, repo in enumerate(report.audited)
            for row in _findings(repo, index, numbers)
        ],
    }


def _findings(repo: Audited, index: int, numbers: Mapping[str, int]) -> list[list[Any]]:
    """Return a repo's findings in the order that the script knows; keys are unique on the page."""
    rows = []
    for place, (key, one) in enumerate(keyed(repo, (*repo.findings, *repo.accepted))):
        accepted = place >= len(repo.findings)
        row: list[Any] = [index, SEVERITIES.index(one.severity), numbers[one.rule], one.path]
        row += [one.line, one.column, one.said, one.found, one.remedy, _quote(one)]
        sources = [source for source in one.sources if web(source)]
        rows.append([*row, sources, link_of(repo, one), f"{key}.{index}", int(accepted)])
    return rows


def _quote(one: Finding) -> tuple[str, str, str]:
    """Return the line before, at and after what the finding is about, cut where it is very long."""
    line, span = one.quote, span_of(one)
    if span is None:
        return _cut(line, _LONGEST), "", ""
    start, end = span
    before, piece, after = line[:start], line[start:end], line[end:]
    if len(before) > _LONGEST:
        before = f"…{before[-_LONGEST:]}"
    return before, _cut(piece, _LONGEST), _cut(after, _LONGEST)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]}…"


def _repo(repo: Audited) -> dict[str, Any]:
    known = [one for one in repo.recovered if one.low is not None]
    held = [one for one in repo.statements if one.told != "unknown"]
    scores = [
        (
            *(row.name, row.task, row.shown, row.right, row.interval, row.detectable),
            *(row.delta, row.told, row.verdict, row.line),
        )
        for row in words.rows(known)
    ]
    return {
        "name": repo.name,
        "url": web(repo.url),
        "page": _tree(repo),
        "commit": repo.commit,
        "summary": _about(repo),
        "problems": repo.problems,
        "told": words.scores(repo),
        "scores": scores,
        "statements": [
            [one.line, one.text, one.told, words.CARRIED[one.told], one.why] for one in held
        ],
        "skipped": list(_skipped(repo)) or None,
    }


def _about(repo: Audited) -> str:
    parts = [words.severities(repo.findings), f"{words.counted(len(repo.applied), 'rule')} applied"]
    parts += [f"{words.counted(repo.checked, 'number')} worked out again"] if repo.checked else []
    parts += [f"{words.severities(repo.accepted)} accepted"] if repo.accepted else []
    return "; ".join(parts)


def _skipped(repo: Audited) -> Sequence[str]:
    if not repo.skipped:
        return ()
    return f"{words.counted(len(repo.skipped), 'rule')} not applied", words.skipped(repo)

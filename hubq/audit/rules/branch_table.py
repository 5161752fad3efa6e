"""Tables of branches or files against themselves and the configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from hubq.audit.naming import read_name
from hubq.audit.offers import Offer, offers_in
from hubq.audit.quantization import declared
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.model.finding import Finding

_BITS = re.compile(r"^(\d)-bit\b")
_GROUP = re.compile(r"\bgroup size (\d{2,4})g?\b")
_NO_GROUP = re.compile(r"\bno group size\b", re.IGNORECASE)
_NO_ORDER = re.compile(r"\b(?:no|without) act[- ]order\b", re.IGNORECASE)
_ORDER = re.compile(r"\b(?:with|and) act[- ]order\b", re.IGNORECASE)
_NAMED_ORDER = re.compile(r"actorder_(true|false)", re.IGNORECASE)
_NAMED_GROUP = re.compile(r"(?<=-)(-1|\d{2,4})g(?=-|$)")
_FAR = 0.03
"""Of the size: files of the same settings differ by what they say of themselves alone."""


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each row that contradicts itself, the configuration, or another row."""
    for rows in offers_in(subject.document):
        for row in rows:
            yield from _within(subject, row)
            if row.branch and row.name == "main":
                yield from _configured(subject, row)
        yield from _sizes(subject, rows)


def _within(subject: Subject, row: Offer) -> Iterator[Finding]:
    """Yield where a row's cells differ from its name, or from its description."""
    about = row.cells.get("about", "")
    named = read_name(row.name.removesuffix(".gguf")) if row.name != "main" else read_name("")
    told = _BITS.match(about)
    yield from _cell(subject, row, "bits", _number(named.bits), "its name")
    yield from _cell(subject, row, "bits", told[1] if told else "", "its description")
    group = _NAMED_GROUP.search(row.name)
    yield from _cell(subject, row, "group", _none(group[1]) if group else "", "its name")
    said = _GROUP.search(about)
    group_said = said[1] if said else "None" if _NO_GROUP.search(about) else ""
    yield from _cell(subject, row, "group", group_said, "its description")
    order = _NAMED_ORDER.search(row.name)
    yes = {"true": "Yes", "false": "No"}
    yield from _cell(subject, row, "order", yes[order[1].lower()] if order else "", "its name")
    ordered = "No" if _NO_ORDER.search(about) else "Yes" if _ORDER.search(about) else ""
    yield from _cell(subject, row, "order", ordered, "its description")


def _configured(subject: Subject, row: Offer) -> Iterator[Finding]:
    """Yield where the row of the branch at hand differs from the configuration."""
    one = declared(subject)
    if one is None or one.mixed:
        return
    order = "" if one.desc_act is None else "Yes" if one.desc_act else "No"
    yield from _cell(subject, row, "bits", _number(one.bits), one.path)
    yield from _cell(subject, row, "group", _none(_number(one.group_size)), one.path)
    yield from _cell(subject, row, "order", order, one.path)


def _cell(
    subject: Subject, row: Offer, column: str, expected: str, source: str
) -> Iterator[Finding]:
    said = row.cells.get(column, "")
    if not expected or not re.fullmatch(r"-?\d+|[Nn]one|Yes|No", said):
        return
    if _none(said) != expected:
        yield finding(
            subject,
            RULE.id,
            f"{source} says {expected}",
            severity="warning",
            at=row.spots[column],
            said=f"{row.name}: {said}",
            remedy="Make the row say what the files are.",
            part=f"{row.name} {column} {source}",
        )


def _sizes(subject: Subject, rows: Sequence[Offer]) -> Iterator[Finding]:
    """Yield where two rows of the same settings have files of different sizes."""
    first: dict[tuple[str, str], Offer] = {}
    for row in sorted(rows, key=lambda one: one.name == "main"):
        bits, group = row.cells.get("bits", ""), row.cells.get("group", "")
        if row.size is None or not bits or not group:
            continue
        other = first.setdefault((bits, group), row)
        if other.size is None or other is row:
            continue
        if abs(row.size.middle - other.size.middle) > _FAR * other.size.middle:
            yield finding(
                subject,
                RULE.id,
                f"{other.name} has the same bits and group size, and {other.size.text}",
                severity="info",
                at=row.spots["size"],
                said=f"{row.name}: {row.size.text}",
                remedy="Look which of the settings or sizes is wrong.",
                part=f"{row.name} size",
            )


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _none(text: str) -> str:
    return "None" if text in ("-1", "none") else text


RULE = Rule(
    id="branch-table",
    group="weights",
    title="A table of branches or files contradicts itself, or the configuration",
    severity="warning",
    why="Repos with many variants are used by such a table alone: people pick a row for its bits, "
    "its group size and its size. A row that says one thing in its cells and another in its "
    "name or "
    "description sends them to the wrong branch.",
    example="`gptq-4bit-32g-actorder_True | 4 | 128 | Yes`: its name says 32.",
    fix="Write the table from the branches' own `quantize_config.json`.",
    check=check,
    sources=("https://huggingface.co/docs/hub/repositories-next-steps",),
)

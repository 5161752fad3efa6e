"""HTML of a card that browsers do not read as it was meant."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hubq.audit.document import Document
from hubq.audit.parts import Spot
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.model.finding import Finding

_NAMES = (
    "th|td|tr|thead|tbody|table|details|summary|h[1-6]|strong|em|ul|ol|li|div|span|sup|sub|code"
)
#: `<th>Latency (s)th>`, `<td>1/td>`: the sign before the closing name, or its slash, is lost.
_LOST = re.compile(
    rf"<(?P<tag>{_NAMES})(?:\s[^<>]{{0,300}})?>[^<>\n]{{0,500}}?(?P<end>/?(?P=tag)>)", re.IGNORECASE
)
#: `<th>Latency</th` and then another element or the line's end.
_OPEN = re.compile(rf"</(?:{_NAMES})(?=\s*<|\s*$)", re.IGNORECASE | re.MULTILINE)
#: `<th>Latency<th>` at a line's end: an opening sign where the closing one belongs.
_TWICE = re.compile(
    r"^[ \t]*<(?P<tag>th|td|b|i|strong|em|summary)(?:\s[^<>]{0,300})?>[^<>\n]{1,500}"
    r"(?P<end><(?P=tag)>)[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_PAIRS = re.compile(r"<(/?)(table|details)\b[^<>]{0,300}>", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_INLINE = re.compile(r"(?<!`)(`{1,3})(?!`)[^`\n]{1,500}(?<!`)\1(?!`)")


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each piece of markup that is not closed as it was meant."""
    document = subject.document
    if "<" not in document.text:
        return
    lines = _markup(document)
    for at, line in lines:
        yield from _of_line(subject, at, line)
    yield from _unclosed(subject, lines)


def _markup(document: Document) -> list[tuple[int, str]]:
    """Return the lines that may hold markup, code and comments left out, with their numbers."""
    text = document.text
    if "<!--" in text:
        text = _COMMENT.sub(lambda one: re.sub(r"[^\n]", " ", one[0]), text)
    return [
        (at, _INLINE.sub(lambda one: " " * len(one[0]), line) if "`" in line else line)
        for at, line in enumerate(text.split("\n"), start=1)
        if at >= document.first and ("<" in line or ">" in line) and at not in document.coded
    ]


def _of_line(subject: Subject, at: int, line: str) -> Iterator[Finding]:
    if len(line) > 20_000:
        return
    for pattern, what in _WAYS:
        for found in pattern.finditer(line):
            piece = found["end"] if "end" in pattern.groupindex else found[0]
            place = found.start("end") if "end" in pattern.groupindex else found.start()
            yield finding(
                subject,
                RULE.id,
                what.format(piece=piece.strip()),
                severity="error",
                at=Spot(at, place + 1),
                said=line.strip()[:120],
                remedy="Close the element: `</name>`.",
                part=piece,
            )


_WAYS = (
    (_LOST, "`{piece}` closes nothing: it is shown as text, and the element stays open"),
    (_OPEN, "`{piece}` has no `>`: it swallows what stands behind it"),
    (_TWICE, "`{piece}` opens an element where the one before it should be closed"),
)


def _unclosed(subject: Subject, lines: list[tuple[int, str]]) -> Iterator[Finding]:
    """Yield a finding for tables and foldings that are opened more often than closed."""
    stacks: dict[str, list[Spot]] = {"table": [], "details": []}
    for at, line in lines:
        for found in _PAIRS.finditer(line):
            stack = stacks[found[2].lower()]
            if not found[1]:
                stack.append(Spot(at, found.start() + 1))
            elif stack:
                stack.pop()
    for name, stack in stacks.items():
        for spot in stack[:1]:
            yield finding(
                subject,
                RULE.id,
                f"`<{name}>` is opened here and never closed",
                severity="warning",
                at=spot,
                said=f"<{name}>",
                remedy=f"Write `</{name}>` where it ends.",
                part=name,
            )


RULE = Rule(
    id="broken-html",
    group="prose",
    title="A piece of HTML is not closed as it was meant",
    severity="error",
    why="Browsers mend broken markup by guessing: a stray `th>` is shown as text, cells move by "
    "one column, and what follows an open element is folded away. Numbers then stand under "
    "headings that they do not belong to.",
    example="""`<th>Latency (s)th>`

`` `th>` closes nothing: it is shown as text, and the element stays open ``""",
    fix="Close the element, and look at the page as the Hub shows it.",
    check=check,
    sources=("https://html.spec.whatwg.org/multipage/parsing.html#parse-errors",),
)

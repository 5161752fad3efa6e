"""Tables in Markdown whose rows do not fit their headings."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hubq.audit.document import Document
from hubq.audit.parts import Spot
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.model.finding import Finding

_DELIMITERS = re.compile(r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?")
_END = re.compile(r"(?<!\\)\|")
_OTHER = re.compile(r" {0,3}(?:#{1,6}\s|>|[-*+]\s|\d+[.)]\s|<|`{3}|~{3})")
_LONGEST = 50_000


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each table that is none, and each row whose last cells are not shown."""
    document = subject.document
    if "|" not in document.text:
        return
    lines, at = _lines(document), document.first
    while at < len(lines):
        if "|" not in lines[at - 1] or "|" not in lines[at] or "-" not in lines[at]:
            at += 1
            continue
        head, rule = lines[at - 1].strip(), lines[at].strip()
        if len(rule) > _LONGEST or not _DELIMITERS.fullmatch(rule) or _DELIMITERS.fullmatch(head):
            at += 1
            continue
        width = _cells(head)
        shown = _cells(rule) == width
        if not shown:
            yield _headless(subject, at + 1, _cells(rule), width)
        at += 2
        while at <= len(lines) and "|" in lines[at - 1] and not _OTHER.match(lines[at - 1]):
            if shown:
                yield from _row(subject, at, lines[at - 1], width)
            at += 1


def _headless(subject: Subject, at: int, found: int, width: int) -> Finding:
    return finding(
        subject,
        RULE.id,
        f"the line under the headings has {found} column{'s' if found != 1 else ''} and the "
        f"headings have {width}: the Hub shows the table as plain text",
        severity="error",
        at=Spot(at, 1),
        said=subject.document.quote(at).strip()[:120],
        remedy="Give that line one `---` for each heading.",
    )


def _row(subject: Subject, at: int, line: str, width: int) -> Iterator[Finding]:
    cells = _cells(line.strip())
    if cells <= width:
        return
    extra = _END.split(line.strip().removeprefix("|").removesuffix("|"))[width:]
    if any(text.strip() for text in extra):
        yield finding(
            subject,
            RULE.id,
            f"a row of {cells} cells in a table of {width} columns: "
            f"{', '.join(repr(text.strip()) for text in extra[:3])} is not shown",
            severity="error",
            at=Spot(at, 1),
            said=line.strip()[:120],
            remedy="Give the row as many cells as there are headings; write | in a cell as \\|.",
        )


def _lines(document: Document) -> list[str]:
    """Return the lines of a card with its code blanked out."""
    lines = list(document.lines)
    for code in document.codes:
        for at in range(code.line, code.line + code.text.count("\n") + 1):
            if 0 < at <= len(lines):
                lines[at - 1] = ""
    return lines


def _cells(line: str) -> int:
    text = line.removeprefix("|")
    if text.endswith("|") and not text.endswith("\\|"):
        text = text[:-1]
    return (len(_END.findall(text)) if "\\" in text else text.count("|")) + 1


RULE = Rule(
    id="broken-table",
    group="prose",
    title="A Markdown table is not shown as it was written",
    severity="error",
    why="GitHub's Markdown, which the Hub shows, drops the cells of a row that are too many, and "
    "shows a table as plain text when the line under its headings has another number of columns.",
    example="""```markdown
| Model | A | B |
|---|---|---|
| Tern | 1 | 2 | 3 |
```

`a row of 4 cells in a table of 3 columns: '3' is not shown`""",
    fix="Count the cells. A `|` within a cell is written `\\\\|`.",
    check=check,
    sources=("https://github.github.com/gfm/#tables-extension-",),
)

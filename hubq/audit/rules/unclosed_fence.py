"""Blocks of code that swallow what stands behind them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hubq.audit.parts import Code, Spot
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.model.finding import Finding

_FENCE = re.compile(r"[\s>*+-]*(?:\d+[.)]\s*)?(?P<fence>`{3,}|~{3,})(?P<info>[^`]*)$")


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each fence that is not closed before the next one, or at all."""
    document = subject.document
    for code in document.codes:
        if not code.fenced:
            continue
        opening = document.quote(code.line - 1)
        found = _FENCE.match(opening)
        if found is None:
            continue
        inner = _opened_within(code, found["fence"])
        last = code.line + code.text.count("\n")
        if inner:
            yield _finding(subject, code, f"it runs into the block that begins in line {inner}")
        elif last >= len(document.lines) and not _closes(document.quote(last), found["fence"]):
            yield _finding(subject, code, "everything down to the card's end stands in it")


def _finding(subject: Subject, code: Code, what: str) -> Finding:
    return finding(
        subject,
        RULE.id,
        f"this block of code is never closed: {what}",
        severity="warning",
        at=Spot(code.line - 1, 1),
        said=subject.document.quote(code.line - 1).strip(),
        remedy="Close it with a line of as many backticks.",
    )


def _opened_within(code: Code, fence: str) -> int:
    """Return the line in a block's code that opens a block itself; 0 where none does."""
    for at, line in enumerate(code.text.split("\n")):
        bare = line.strip()
        if bare.startswith(fence):
            info = bare.lstrip(fence[0]).strip()
            if info and re.fullmatch(r"[\w+#.-]{1,20}", info) and len(line) - len(bare) < 4:
                return code.line + at
    return 0


def _closes(line: str, fence: str) -> bool:
    bare = line.strip(" \t>")
    return bare.startswith(fence) and not bare.strip(fence[0])


RULE = Rule(
    id="unclosed-fence",
    group="prose",
    title="A block of code is never closed",
    severity="warning",
    why="Headings, tables and sentences behind it are shown as code, and the code as prose.",
    example="A fence ```` ```python ```` without its closing line, before the next "
    "```` ```bash ````: `this block of code is never closed: it "
    "runs into the block that begins in line 40`",
    fix="Close the block. To show fences inside of a block, open it with more backticks.",
    check=check,
    sources=("https://spec.commonmark.org/0.31.2/#fenced-code-blocks",),
)

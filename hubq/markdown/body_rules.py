"""Rules for the text of a README: markers, placeholders, tables, and files that it names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from hubq.markdown.blocks import BrokenMarkers, find_blocks
from hubq.model.finding import Finding, Severity
from hubq.model.marks import BEGIN, END, MIDDLE

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)$")
_INLINE = re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_DELIMITERS = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*")
_OTHER_BLOCK = re.compile(r" {0,3}(?:#{1,6}\s|>|[-*+]\s|\d+[.)]\s|<)")
_CELL_END = re.compile(r"(?<!\\)\|")
_LINK = re.compile(r"!?\[[^\[\]]*\]\(\s*<?([^()\s<>]+)>?(?:\s+[\"'][^)]*)?\s*\)")
_ATTRIBUTE = re.compile(r"\b(?:src|href|srcset)\s*=\s*[\"']([^\"']+)[\"']", re.IGNORECASE)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//|#|/|\?", re.IGNORECASE)
_PLACEHOLDERS: tuple[tuple[Severity, re.Pattern[str]], ...] = (
    ("error", re.compile(r"\{\{-?\s*[A-Za-z_][^{}\n]*\}\}|\{%[^{}\n]*%\}")),
    ("error", re.compile(f"[{BEGIN}{MIDDLE}{END}]")),
    ("warning", re.compile(r"\[More Information Needed\]|\bTo be filled\b", re.IGNORECASE)),
    ("warning", re.compile(r"(?<![\w?])\?(?:x|s|%)(?= |\)|$)")),
)


def body_findings(content: str, folder: Path | None) -> Iterator[Finding]:
    """Yield what is wrong with the text of a README.

    Args:
        content: the whole README.
        folder: where its repo's files lie; none where they are not at hand.
    """
    yield from _markers(content)
    lines = _prose(content)
    yield from _placeholders(lines)
    yield from _tables(lines)
    if folder is not None:
        yield from _files(lines, folder)


def _markers(content: str) -> Iterator[Finding]:
    try:
        blocks = find_blocks(content)
    except BrokenMarkers as error:
        yield Finding(
            severity="error",
            rule="markers",
            line=error.line,
            found=error.what,
            remedy=error.remedy,
        )
        return
    for block in blocks:
        if block.is_blank:
            continue
        if not block.seal:
            yield Finding(
                severity="info",
                rule="markers",
                line=block.line,
                found=f"block {block.name!r} carries no hash",
                remedy="Whether it was edited cannot be told; the next release takes it as edited.",
            )
        elif not block.is_as_written():
            yield Finding(
                severity="warning",
                rule="edited-block",
                line=block.line,
                found=f"block {block.name!r} was edited by hand",
                remedy="hubq leaves it from now on. Move your words out of the block to keep both.",
            )


def _prose(content: str) -> list[str]:
    """Return the lines of a text with front matter, code and comments blanked out."""
    lines = _blanked_comments(content).split("\n")
    fence, header = "", lines[0].lstrip("\ufeff").rstrip() == "---"
    for at, line in enumerate(lines):
        found = _FENCE.match(line.rstrip("\r"))
        if header:
            header = at == 0 or line.rstrip() != "---"
            lines[at] = ""
        elif fence:
            lines[at] = ""
            closing = found and found[1].startswith(fence) and not found[2].strip()
            fence = "" if closing else fence
        elif found and not (found[1][0] == "`" and "`" in found[2]):
            fence, lines[at] = found[1], ""
        else:
            lines[at] = _INLINE.sub(lambda one: "x" * len(one[0]), line)
    return lines


def _blanked_comments(content: str) -> str:
    return _COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), content)


def _placeholders(lines: list[str]) -> Iterator[Finding]:
    for at, line in enumerate(lines, start=1):
        for severity, pattern in _PLACEHOLDERS:
            found = pattern.search(line)
            if found:
                yield Finding(
                    severity=severity,
                    rule="placeholder",
                    line=at,
                    found=f"an unfilled placeholder: {found[0]!r}",
                    remedy="Fill it in, or remove the sentence.",
                )


def _tables(lines: list[str]) -> Iterator[Finding]:
    at = 0
    while at + 1 < len(lines):
        head, rule = lines[at], lines[at + 1]
        if "|" in head and "|" in rule and _DELIMITERS.fullmatch(rule):
            width = _cells(head)
            if _cells(rule) != width:
                yield _table_finding(
                    "error", at + 2, f"{_cells(rule)} columns under a heading of {width}"
                )
            at += 2
            while at < len(lines) and lines[at].strip() and not _OTHER_BLOCK.match(lines[at]):
                yield from _row(lines[at], at + 1, width)
                at += 1
        else:
            at += 1


def _row(line: str, number: int, width: int) -> Iterator[Finding]:
    cells = _cells(line)
    if cells > width:
        text = f"a row of {cells} cells in a table of {width}: the rest is not shown"
        yield _table_finding("error", number, text)
    elif cells < width:
        text = f"a row of {cells} cells in a table of {width}: it ends empty"
        yield _table_finding("warning", number, text)


def _table_finding(severity: Severity, line: int, found: str) -> Finding:
    return Finding(
        severity=severity,
        rule="table",
        line=line,
        found=found,
        remedy="Give each row as many cells as the heading; write | in a cell as \\|.",
    )


def _cells(line: str) -> int:
    text = line.strip()
    text = text.removeprefix("|")
    if text.endswith("|") and not text.endswith("\\|"):
        text = text[:-1]
    return len(_CELL_END.findall(text)) + 1


def _files(lines: list[str], folder: Path) -> Iterator[Finding]:
    for at, line in enumerate(lines, start=1):
        for found in (*_LINK.finditer(line), *_ATTRIBUTE.finditer(line)):
            target = unquote(re.split(r"[#?]", found[1])[0].strip())
            if _ELSEWHERE.match(found[1]) or not target or (folder / target).exists():
                continue
            yield Finding(
                severity="error",
                rule="missing-file",
                line=at,
                found=f"a link to {target}, which is not there",
                remedy="Add the file, or write the whole address.",
            )

"""Mending: Markdown tables whose text was taken from pages, made tables again."""

from __future__ import annotations

import re

_SEPARATOR = re.compile(r"^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$")
_FENCE = re.compile(r"^ {0,3}(```|~~~)")
_BAR = re.compile(r"(?<!\\)\|")


def mended(lines: list[str]) -> tuple[list[str], list[int]]:
    """Put back what text taken from pages has lost around its tables.

    That is the line under the headings, and the empty lines without which the sentences before and
    after a table are no longer told from it.

    Returns:
        The lines, and the numbers of those that were put in.
    """
    out: list[str] = []
    inserted: list[int] = []
    fenced = inside = False

    def put(line: str) -> None:
        out.append(line)
        inserted.append(len(out))

    for position, line in enumerate(lines):
        if "`" in line or "~" in line:
            fenced ^= bool(_FENCE.match(line))
        if not inside and "|" not in line:
            out.append(line)
            continue
        following = lines[position + 1] if position + 1 < len(lines) else ""
        starts = not inside and not fenced and _is_row(line) and _is_row(following)
        goes_on = inside and not fenced and "|" in line
        if (starts or (inside and not goes_on)) and out and out[-1].strip() and line.strip():
            put("")
        out.append(line)
        if starts and not _SEPARATOR.match(following):
            put("|" + "---|" * _columns(line))
        inside = starts or goes_on
    return out, inserted


def _is_row(line: str) -> bool:
    stripped = line.strip()
    return len(stripped) > 1 and stripped.startswith("|") and stripped.endswith("|")


def _columns(line: str) -> int:
    return len(_BAR.findall(line.strip())) - 1

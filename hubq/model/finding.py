"""Findings: what a check says is wrong, and where."""

from __future__ import annotations

from typing import Literal

import msgspec

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
"""The worst first."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a check found.

    Attributes:
        rule: the check's id, such as `number-changed`.
        severity: `error` for what is wrong for certain, `warning` for what needs an answer, `info`
            for what is worth knowing and for everything that is not certain.
        repo: whose it is; empty for a folder.
        path: the file.
        line: in the file, counted from 1; 0 where there is none.
        column: in the line, counted from 1; 0 where there is none.
        said: what the file says.
        found: what is so instead.
        remedy: what to do about it; empty when there is nothing to say.
        quote: the whole line; empty where it is not known.
        sources: addresses of what the finding rests on, outside of the repo.
        part: what tells apart findings of one rule in one place, such as the name of a cell; part
            of what a baseline remembers a finding by.
    """

    rule: str
    severity: Severity = "error"
    repo: str = ""
    path: str = ""
    line: int = 0
    column: int = 0
    said: str = ""
    found: str = ""
    remedy: str = ""
    quote: str = ""
    sources: tuple[str, ...] = ()
    part: str = ""

    @property
    def place(self) -> str:
        """The file with line and column, as editors understand it."""
        parts = [self.path, *(str(one) for one in (self.line, self.column) if one)]
        return ":".join(parts) if self.line else self.path

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        where = " ".join(part for part in (self.repo, place) if part)
        said = f" says {self.said!r}," if self.said else ""
        return f"{where}:{said} {self.found} [{self.rule}]"

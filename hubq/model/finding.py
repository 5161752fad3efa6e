"""Findings: what a check says is wrong, and where."""

from __future__ import annotations

from typing import Literal

import msgspec

Severity = Literal["error", "warning", "info"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a check found.

    Attributes:
        rule: the check's id, such as `number-changed`.
        severity: `error` for what is wrong for certain.
        repo: whose it is; empty for a folder.
        path: the file.
        line: in the file, counted from 1; 0 where there is none.
        said: what the file says.
        found: what is so instead.
        remedy: what to do about it; empty when there is nothing to say.
    """

    rule: str
    severity: Severity = "error"
    repo: str = ""
    path: str = ""
    line: int = 0
    said: str = ""
    found: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        where = " ".join(part for part in (self.repo, place) if part)
        said = f" says {self.said!r}," if self.said else ""
        return f"{where}:{said} {self.found} [{self.rule}]"

"""Findings: what is wrong with a README, where, and how it is mended."""

from __future__ import annotations

from typing import Literal

import msgspec

Level = Literal["error", "warning", "hint"]
LEVELS: tuple[Level, ...] = ("error", "warning", "hint")


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong, or could be better.

    Attributes:
        level: `error` for what the Hub refuses or shows broken, `warning` for what is likely wrong,
            `hint` for what could be said better.
        rule: its short name, as docs/editing.md lists it.
        line: in the file, counted from 1.
        message: what is wrong.
        fix: what to do about it.
    """

    level: Level
    rule: str
    line: int
    message: str
    fix: str

"""Checks: what a verification looked at, what it found, and how much it could work out again."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any, Literal
from zipfile import BadZipFile

import msgspec

from hubq.errors import BadInput
from hubq.model.finding import Finding

State = Literal["ok", "failed", "skipped"]

UNUSABLE = (
    ArithmeticError,
    AttributeError,
    BadInput,
    BadZipFile,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    TypeError,
    ValueError,
    msgspec.MsgspecError,
    zlib.error,
)
"""What working with data that somebody tampered with may raise; a hub's silence is none of it."""

_CLOSE = 1e-9


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a verification looked at.

    Attributes:
        name: of the check.
        state: `failed` when something is wrong for certain, `skipped` when it could not be done.
        said: what was seen, in one line.
    """

    name: str
    state: State
    said: str


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What a check gives.

    Attributes:
        said: what was seen, in one line.
        findings: what is wrong.
        skipped: whether it could not be done.
        recomputed: how many numbers were worked out again from what they rest on.
        read: how many could only be read, since what they rest on is not kept.
        samples: from how many samples.
    """

    said: str
    findings: tuple[Finding, ...] = ()
    skipped: bool = False
    recomputed: int = 0
    read: int = 0
    samples: int = 0

    @property
    def state(self) -> State:
        """The check's state; warnings do not fail it."""
        if any(finding.severity == "error" for finding in self.findings):
            return "failed"
        return "skipped" if self.skipped else "ok"


def skipped(why: str) -> Checked:
    """Return a check that could not be done, and why."""
    return Checked(said=why, skipped=True)


def why(error: BaseException) -> str:
    """Return an error as one line."""
    text = error.message if isinstance(error, BadInput) else str(error)
    name = type(error).__name__
    plain = isinstance(error, BadInput | msgspec.MsgspecError | BadZipFile)
    line = " ".join(text.split()) or name
    return line if plain else f"{name}: {line}"


def is_number(value: Any) -> bool:
    """Say whether a value of a JSON document is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def close(one: float, other: float) -> bool:
    """Say whether two numbers are the same but for the order in which sums were taken."""
    return abs(one - other) <= _CLOSE * max(1.0, abs(one), abs(other))


def counted(number: int, word: str) -> str:
    """Return a number with its noun: `1 file`, `8,400 samples`."""
    return f"{number:,} {word if number == 1 else word + 's'}"


def named(values: Iterable[str], most: int = 3) -> str:
    """Return some names, the first few and how many more."""
    known = list(values)
    rest = f" and {len(known) - most} more" if len(known) > most else ""
    return ", ".join(known[:most]) + rest

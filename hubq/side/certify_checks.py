"""Checks: one thing looked at, what was seen, and which fault it shows.

Standard library only. A check that cannot be made is written down too: `skipped` with its reason
where there is nothing to look at, failed where a file stands in the way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing looked at.

    Attributes:
        name: what was looked at; stable, others go by it.
        good: whether nothing was found against the checkpoint; true when skipped.
        said: what was seen, with the tensor, file or number.
        state: `passed`, `failed` or `skipped`.
        finding: the fault's id when failed, such as `orphan-shard`; else empty.
    """

    name: str
    good: bool
    said: str
    state: str = PASSED
    finding: str = ""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something wrong: its id and what was seen."""

    finding: str
    said: str


class Skip(Exception):  # noqa: N818 - reads as a sentence where it is raised
    """There is nothing to look at; says why."""


def passed(name: str, said: str) -> Check:
    """Return a check that found nothing wrong."""
    return Check(name=name, good=True, said=said)


def failed(name: str, fault: Fault) -> Check:
    """Return a check that found a fault."""
    return Check(name=name, good=False, said=fault.said, state=FAILED, finding=fault.finding)


def skipped(name: str, why: str) -> Check:
    """Return a check that could not be made, which is nothing against the checkpoint."""
    return Check(name=name, good=True, said=why, state=SKIPPED)


def judged(name: str, fault: Fault | None, said: str) -> Check:
    """Return the check of a fault, or of `said` when there is none."""
    return failed(name, fault) if fault else passed(name, said)


def attempt(name: str, look: Callable[[], Check]) -> Check:
    """Make a check; what cannot be read is a fault of the checkpoint, not of the certificate."""
    try:
        return look()
    except Skip as why:
        return skipped(name, str(why))
    except Exception as error:
        return failed(name, Fault(finding="unreadable", said=explained(error)))


def explained(error: BaseException) -> str:
    """Return an error as one line."""
    line = next((line for line in str(error).splitlines() if line.strip()), "")
    return f"{type(error).__name__}: {line}"[:500]


def listed(names: list[str], shown: int = 3) -> str:
    """Return names as one line: the first few, and how many more there are."""
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more

"""Bases: which line of a block each of its lines is held against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hubq.cards.published import roles

if TYPE_CHECKING:
    from hubq.cards.published.sheets import Line

_MANY = 500


def bases_of(variants: Sequence[Line]) -> list[Line | None]:
    """Return the baseline of each line, under its workload; none for one that has none."""
    same: dict[str, list[Line]] = {}
    for line in variants:
        same.setdefault(line.workload, []).append(line)
    named = {
        workload: roles.baseline_of([one.variant for one in lines])
        for workload, lines in same.items()
    }
    return [_base(line, same[line.workload], named[line.workload]) for line in variants]


def _base(line: Line, same: Sequence[Line], name: str) -> Line | None:
    """Return the baseline of a line.

    Args:
        line: the line.
        same: all with its workload; where there are very many, none differs in one part alone.
        name: the variant that their names make the baseline.
    """
    parts = line.variant.split(" / ")
    for one in same if len(parts) > 1 and len(same) <= _MANY else ():
        theirs = one.variant.split(" / ")
        other = [(own, base) for own, base in zip(parts, theirs, strict=False) if own != base]
        if len(theirs) == len(parts) > 1 and len(other) == 1:
            own, base = other[0]
            if roles.is_baseline(base) and not roles.is_baseline(own):
                return one
    if len(parts) > 1 or not name:
        return None
    return next((one for one in same if one.variant == name and one != line), None)

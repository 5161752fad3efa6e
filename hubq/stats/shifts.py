"""Shifts: what changed between two runs of a benchmark, each with rounds of its own.

The rounds of two runs are no pairs: Welch's test (Biometrika 34, 1947) is taken on the logarithms,
with Satterthwaite's degrees of freedom (Biometrics Bulletin 2, 1946), so that the two may spread
differently and a change is a factor, the same upside down. What the rounds of a run have in common
(`hubq.stats.rounds`) is not the same in the other run, and is added.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import msgspec

from hubq.stats.errors import Part, error_of


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """A quantity in two runs.

    Attributes:
        before, after: the geometric mean of its rounds in the earlier and the later run.
        factor: after / before.
        low, high: the 95 % interval of the factor; none where a run has a single round.
        p: of the hypothesis that the factor is 1, two-sided; none where a run has a single round.
        n: how many rounds the two have.
    """

    before: float
    after: float
    factor: float
    low: float | None
    high: float | None
    p: float | None
    n: tuple[int, int]


def shift(
    before: Sequence[float], after: Sequence[float], common: tuple[float, float] = (0.0, 0.0)
) -> Shift:
    """Return what changed from one run to another.

    Args:
        before: a value of each round of the earlier run.
        after: the same of the later one.
        common: of both, the standard deviation of an error that all rounds of the run share, on
            logarithms.

    Raises:
        ValueError: a run has no rounds, or a value is not above 0.
    """
    if not before or not after or min(*before, *after) <= 0:
        raise ValueError(f"expected values above 0, got {list(before)} and {list(after)}")
    logs = [[math.log(value) for value in values] for values in (before, after)]
    means = [math.fsum(one) / len(one) for one in logs]
    change = means[1] - means[0]
    error = None
    if min(len(before), len(after)) > 1:
        parts = [
            Part(statistics.variance(one, mean) / len(one), len(one) - 1)
            for one, mean in zip(logs, means, strict=True)
        ]
        error = error_of(change, parts, math.fsum(one**2 for one in common))
    return Shift(
        before=math.exp(means[0]),
        after=math.exp(means[1]),
        factor=math.exp(change),
        low=None if error is None else math.exp(change - error.half),
        high=None if error is None else math.exp(change + error.half),
        p=None if error is None else error.p,
        n=(len(before), len(after)),
    )

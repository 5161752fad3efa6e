"""Shifts: what changed between two runs of a benchmark, each with rounds of its own.

The rounds of two runs are no pairs: Welch's test (Biometrika 34, 1947) is taken on the logarithms,
with Satterthwaite's degrees of freedom (Biometrics Bulletin 2, 1946), so that the two may spread
differently and a change is a factor, the same upside down.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import msgspec

from hubq.stats.quantiles import student_95, student_tail


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


def shift(before: Sequence[float], after: Sequence[float]) -> Shift:
    """Return what changed from one run to another; each value is one round's.

    Raises:
        ValueError: a run has no rounds, or a value is not above 0.
    """
    if not before or not after or min(*before, *after) <= 0:
        raise ValueError(f"expected values above 0, got {list(before)} and {list(after)}")
    logs = [[math.log(value) for value in values] for values in (before, after)]
    means = [math.fsum(one) / len(one) for one in logs]
    change = means[1] - means[0]
    half, p = _welch(logs, means)
    return Shift(
        before=math.exp(means[0]),
        after=math.exp(means[1]),
        factor=math.exp(change),
        low=None if half is None else math.exp(change - half),
        high=None if half is None else math.exp(change + half),
        p=p,
        n=(len(before), len(after)),
    )


def _welch(
    samples: Sequence[Sequence[float]], means: Sequence[float]
) -> tuple[float | None, float | None]:
    """Return half the 95 % interval of the difference of two means, and the p of its being 0."""
    if min(map(len, samples)) < 2:
        return None, None
    pairs = zip(samples, means, strict=True)
    shares = [statistics.variance(one, mean) / len(one) for one, mean in pairs]
    square = sum(shares)
    change = means[1] - means[0]
    if square == 0:
        # Rounds that agree to the last bit leave nothing to divide by; the hypothesis holds or not.
        return 0.0, 1.0 if change == 0 else 0.0
    # Divided first: the squares of tiny variances may be too small for a float.
    parts = [
        (share / square) ** 2 / (len(one) - 1) for share, one in zip(shares, samples, strict=True)
    ]
    freedom, se = 1 / sum(parts), math.sqrt(square)
    return student_95(freedom) * se, student_tail(abs(change) / se, freedom)

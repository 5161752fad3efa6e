"""Errors of a mean: what a sample says of it, and what no sample of its kind can say.

Variances that are estimated, each with its degrees of freedom, add up to one with Satterthwaite's
degrees of freedom (Biometrics Bulletin 2, 1946), of which Welch's test is a case (Biometrika 34,
1947). A variance that is given is added without adding freedom: Satterthwaite's formula would, and
then a small given variance could make an interval narrower.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from hubq.stats.quantiles import student_95, student_tail


class Part(msgspec.Struct, frozen=True):
    """A part of the variance of a mean, estimated from a sample.

    Attributes:
        variance: of the mean, not of single values.
        freedom: degrees of freedom that it was estimated with.
    """

    variance: float
    freedom: float


class Error(msgspec.Struct, frozen=True):
    """How far a mean may be off.

    Attributes:
        half: half the width of its 95 % interval.
        p: of the hypothesis that the true mean is 0, two-sided.
    """

    half: float
    p: float


def error_of(mean: float, estimated: Sequence[Part], given: float = 0.0) -> Error:
    """Return how far a mean may be off.

    Args:
        mean: its estimate.
        estimated: independent parts of its variance, at least one.
        given: a further part, known beforehand.
    """
    found = math.fsum(part.variance for part in estimated)
    square = found + given
    if square == 0:
        # Values that agree to the last bit leave nothing to divide by; the hypothesis holds or not.
        return Error(0.0, 1.0 if mean == 0 else 0.0)
    freedom, se = _freedom(estimated, found), math.sqrt(square)
    return Error(student_95(freedom) * se, student_tail(abs(mean) / se, freedom))


def _freedom(parts: Sequence[Part], total: float) -> float:
    if total == 0:
        return min(part.freedom for part in parts)
    # Divided first: the squares of tiny variances may be too small for a float.
    return 1 / math.fsum((part.variance / total) ** 2 / part.freedom for part in parts)

"""Rounds: what repeated timings say of one model, and of a model beside the baseline.

Times spread by factors, not by amounts: everything is worked out on logarithms, so that the ratio
of two means is the mean of the rounds' ratios, and is the same upside down. The unit is the round,
in which both were measured one right after the other: drift of the machine hits both.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import msgspec

from hubq.stats.quantiles import student_95, student_tail


class Typical(msgspec.Struct, frozen=True, kw_only=True):
    """What a quantity is over rounds.

    Attributes:
        value: the geometric mean; the arithmetic one where a round has 0.
        low, high: its 95 % interval by Student's t; none of a single round.
        n: how many rounds.
    """

    value: float
    low: float | None
    high: float | None
    n: int


class Relative(msgspec.Struct, frozen=True, kw_only=True):
    """A quantity of a model relative to the baseline's, over rounds that both took part in.

    Attributes:
        ratio: the geometric mean of the rounds' ratios.
        low, high: its 95 % interval by Student's t on log-ratios; none of a single round.
        p: of the hypothesis that it is 1, two-sided; none of a single round.
        n: how many rounds.
    """

    ratio: float
    low: float | None
    high: float | None
    p: float | None
    n: int


def typical(values: Sequence[float]) -> Typical:
    """Return what a quantity is over rounds; each value is one round's, and none is below 0.

    Raises:
        ValueError: there are no values, or one is negative or not finite.
    """
    if not values or not all(math.isfinite(value) and value >= 0 for value in values):
        raise ValueError(f"expected finite values of at least 0, got {list(values)}")
    if all(value > 0 for value in values):
        found = _mean([math.log(value) for value in values])
        return Typical(
            value=math.exp(found.mean),
            low=None if found.half is None else math.exp(found.mean - found.half),
            high=None if found.half is None else math.exp(found.mean + found.half),
            n=len(values),
        )
    plain = _mean(values)
    return Typical(
        value=plain.mean,
        low=None if plain.half is None else max(0.0, plain.mean - plain.half),
        high=None if plain.half is None else plain.mean + plain.half,
        n=len(values),
    )


def relative(own: Sequence[float], baseline: Sequence[float]) -> Relative:
    """Return a quantity relative to the baseline's, from the same rounds in the same order.

    Raises:
        ValueError: the lengths differ or are 0, or a value is not above 0.
    """
    if len(own) != len(baseline) or not own or min(*own, *baseline) <= 0:
        raise ValueError(f"expected as many values above 0, got {list(own)} and {list(baseline)}")
    pairs = zip(own, baseline, strict=True)
    found = _mean([math.log(mine / other) for mine, other in pairs])
    return Relative(
        ratio=math.exp(found.mean),
        low=None if found.half is None else math.exp(found.mean - found.half),
        high=None if found.half is None else math.exp(found.mean + found.half),
        p=found.p,
        n=len(own),
    )


class _Mean(msgspec.Struct, frozen=True):
    mean: float
    half: float | None
    p: float | None


def _mean(values: Sequence[float]) -> _Mean:
    """Return a mean, half its 95 % interval and the p of its being 0, by Student's t."""
    n, mean = len(values), math.fsum(values) / len(values)
    if n < 2:
        return _Mean(mean, None, None)
    se = statistics.stdev(values, mean) / math.sqrt(n)
    # Rounds that agree to the last bit leave nothing to divide by; the hypothesis holds or not.
    p = (1.0 if mean == 0 else 0.0) if se == 0 else student_tail(abs(mean) / se, n - 1)
    return _Mean(mean, student_95(n - 1) * se, p)

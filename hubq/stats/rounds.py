"""Rounds: what repeated timings say of one model, and of a model beside the baseline.

Times spread by factors, not by amounts: everything is worked out on logarithms, so that the ratio
of two means is the mean of the rounds' ratios, and is the same upside down. The unit is the round,
in which both were measured one right after the other: drift of the machine hits both.

What all rounds have in common they cannot show: a model that is loaded once is as fast as it
happens to lie in memory. How far that reaches has to be given (`common`), as a standard deviation
of logarithms, and is added to what the rounds show.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Sequence

import msgspec

from hubq.stats.errors import Error, Part, error_of


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


def common_of(loads: Sequence[int], spread: float) -> float:
    """Return the standard deviation of what the rounds of one model have in common.

    A load of share w of the rounds adds w^2 spread^2 to the variance of their mean. Where each
    round has a load of its own the rounds show it themselves.

    Args:
        loads: of each round, which load of the model it was.
        spread: the standard deviation of the logarithm of one model's speed, from load to load.
    """
    counts = Counter(loads)
    if len(counts) == len(loads):
        return 0.0 if len(loads) > 1 else spread
    return spread * math.sqrt(sum((count / len(loads)) ** 2 for count in counts.values()))


def typical(values: Sequence[float], common: float = 0.0) -> Typical:
    """Return what a quantity is over rounds; each value is one round's, and none is below 0.

    Args:
        values: of the rounds.
        common: the standard deviation of an error that all of them share, on logarithms; so small
            that it is a share of the value.

    Raises:
        ValueError: there are no values, or one is negative or not finite.
    """
    if not values or not all(math.isfinite(value) and value >= 0 for value in values):
        raise ValueError(f"expected finite values of at least 0, got {list(values)}")
    if all(value > 0 for value in values):
        mean, error = _mean([math.log(value) for value in values], common)
        return Typical(
            value=math.exp(mean),
            low=None if error is None else math.exp(mean - error.half),
            high=None if error is None else math.exp(mean + error.half),
            n=len(values),
        )
    plain = math.fsum(values) / len(values)
    mean, error = _mean(values, common * plain)
    return Typical(
        value=mean,
        low=None if error is None else max(0.0, mean - error.half),
        high=None if error is None else mean + error.half,
        n=len(values),
    )


def relative(own: Sequence[float], baseline: Sequence[float], common: float = 0.0) -> Relative:
    """Return a quantity relative to the baseline's, from the same rounds in the same order.

    Args:
        own: of the rounds.
        baseline: of the same rounds.
        common: the standard deviation of an error that all rounds of one model share, on
            logarithms; that of the baseline is another one of the same size.

    Raises:
        ValueError: the lengths differ or are 0, or a value is not above 0.
    """
    if len(own) != len(baseline) or not own or min(*own, *baseline) <= 0:
        raise ValueError(f"expected as many values above 0, got {list(own)} and {list(baseline)}")
    pairs = zip(own, baseline, strict=True)
    mean, error = _mean([math.log(mine / other) for mine, other in pairs], math.sqrt(2) * common)
    return Relative(
        ratio=math.exp(mean),
        low=None if error is None else math.exp(mean - error.half),
        high=None if error is None else math.exp(mean + error.half),
        p=None if error is None else error.p,
        n=len(own),
    )


def _mean(values: Sequence[float], common: float) -> tuple[float, Error | None]:
    """Return a mean, and how far it may be off; none of a single value."""
    n, mean = len(values), math.fsum(values) / len(values)
    if n < 2:
        return mean, None
    own = Part(statistics.variance(values, mean) / n, n - 1)
    return mean, error_of(mean, (own,), common**2)

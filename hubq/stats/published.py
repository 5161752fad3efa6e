"""Published numbers without items: what a printed score can still tell.

A score that is a count over a known number of items gives the count back, and with it an interval.
The difference of two such scores can be judged only within bounds, for how many items changed is
not printed: it is told for certain, never, or only if few enough did.
"""

from __future__ import annotations

import math
import re
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Literal

import msgspec

from hubq.stats.power import detectable_range
from hubq.stats.quantiles import Z_95
from hubq.stats.summaries import wilson

Kind = Literal["count", "mean"]
Told = Literal["always", "sometimes", "never"]

_NUMBER = re.compile(r"[+\-−]?\d+(?:,\d{3})*(?:\.\d+)?")


class Printed(msgspec.Struct, frozen=True, kw_only=True):
    """A score as it was printed, and what can be recovered.

    Attributes:
        text: as printed.
        value: as a fraction of the scale.
        n: of how many items.
        rounded: the counts that round to it; one or none when n is small beside its decimals.
        cut: the counts that give it when digits are cut off instead.
        low, high: the 95 % interval (Wilson, over all those counts); none where there is no count.
        se: the standard error; none where there is no count.
        reason: why nothing can be recovered, in words; empty where it can.
    """

    text: str
    value: float
    n: int
    rounded: tuple[int, ...] = ()
    cut: tuple[int, ...] = ()
    low: float | None = None
    high: float | None = None
    se: float | None = None
    reason: str = ""

    @property
    def counts(self) -> tuple[int, ...]:
        """Every count that the text may stand for."""
        return tuple(sorted({*self.rounded, *self.cut}))


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What the difference of two printed scores over the same n items can tell.

    Attributes:
        delta: second - first, as a fraction.
        low, high: what it can be, given how the scores were rounded.
        told: whether it is more than chance at 5 %: `always`, whatever the items were; `never`; or
            `sometimes`, if few enough items changed.
        discordance: the share of items under which it is told; none if never or always.
        n: of how many items.
        is_mean: whether a score is a mean of such as may lie between 0 and 1.
    """

    delta: float
    low: float
    high: float
    told: Told
    discordance: float | None
    n: int
    is_mean: bool = False

    @property
    def detectable(self) -> tuple[tuple[float, float], ...]:
        """(discordance, detectable difference) for 5, 10 and 20 % of items changed."""
        return detectable_range(self.n)

    @property
    def sentence(self) -> str:
        """What it can tell, in words."""
        if self.told == "always":
            return "more than chance, however many items changed"
        if self.discordance is None:
            return "too small to be told from chance, however few items changed"
        share = f"{100 * min(self.discordance, 1):.1f} %"
        sure = " for certain" if self.is_mean else ""
        return f"more than chance{sure} only if fewer than {share} of the items changed"


def read(text: str, n: int, *, scale: float = 100, kind: Kind = "count") -> Printed:
    """Return what a printed score stands for.

    Counts are tested as programs compute them, in floating point: 417 of 1000 is
    41.699999999999996 and is cut to 41.69, although 41.7 would round to 41.70.

    Args:
        text: as printed, such as "41.88", "41.9 %" or "0.419"; its decimals are taken as they are.
        n: of how many items.
        scale: what a perfect score is printed as.
        kind: `count` when each item is 0 or 1, `mean` when it may lie between (ANLS).

    Raises:
        ValueError: there is no number in the text, or it is not between 0 and the scale.
    """
    number = _number(text)
    if n < 1 or not 0 <= number <= Decimal(str(scale)):
        raise ValueError(f"{text!r} is no score of {n} items out of {scale:g}")
    value = float(number) / scale
    if kind == "mean":
        reason = "a mean of scores between 0 and 1; counts and an interval cannot be recovered"
        return Printed(text=text, value=value, n=n, reason=reason)
    near = range(*_around(number, n, scale))
    rounded = tuple(k for k in near if number in _roundings(k, n, scale, number))
    cut = tuple(k for k in near if number == _cut(k, n, scale, number))
    counts = {*rounded, *cut}
    if not counts:
        reason = f"no count of {n} items is printed as {text}"
        return Printed(text=text, value=value, n=n, reason=reason)
    share = sum(counts) / len(counts) / n
    return Printed(
        text=text,
        value=value,
        n=n,
        rounded=rounded,
        cut=cut,
        low=wilson(min(counts) / n, n)[0],
        high=wilson(max(counts) / n, n)[1],
        se=math.sqrt(share * (1 - share) / n),
    )


def tell(first: Printed, second: Printed) -> Difference:
    """Return whether two printed scores over the same items can be told apart.

    With lost and gained items b and c of n, McNemar's test finds (c - b)^2 / (b + c) > 1.96^2. Only
    c - b is known, so it finds a difference D if fewer than n D^2 / 1.96^2 items changed. At least
    n |D| did, and at most as many as the two counts allow.

    Args:
        first: the baseline.
        second: the variant.

    Raises:
        ValueError: the two are not of the same number of items.
    """
    if first.n != second.n:
        raise ValueError(f"{first.n} and {second.n} items cannot be paired")
    n, delta = first.n, second.value - first.value
    half = _precision(first) + _precision(second)
    one, two = first.value * n, second.value * n
    most = (2 * min(max(one, two), n - min(one, two)) - abs(one - two)) / n
    limit = n * delta**2 / Z_95**2
    is_mean = bool(first.reason or second.reason)
    told: Told = "sometimes"
    if limit < abs(delta) or not delta:
        told = "never"
    elif limit >= most and not is_mean:
        told = "always"
    return Difference(
        delta=delta,
        low=delta - half,
        high=delta + half,
        told=told,
        discordance=limit if told == "sometimes" else None,
        n=n,
        is_mean=is_mean,
    )


def _number(text: str) -> Decimal:
    found = _NUMBER.search(text)
    if found is None:
        raise ValueError(f"there is no number in {text!r}")
    return Decimal(found[0].replace("−", "-").replace(",", ""))


def _unit(number: Decimal) -> Decimal:
    """Return one in the last decimal printed."""
    return Decimal(1).scaleb(int(number.as_tuple().exponent))


def _precision(score: Printed) -> float:
    """Return how far a printed score may be from what it was, as a fraction.

    Half of its last decimal, or all of it where only cutting explains it.
    """
    number = _number(score.text)
    scale = float(number) / score.value if score.value else 100.0
    unit = float(_unit(number)) / scale
    return unit if score.cut and not score.rounded else unit / 2


def _around(number: Decimal, n: int, scale: float) -> tuple[int, int]:
    """Return the range of counts that may be printed so, with one to spare on each side."""
    unit = float(_unit(number))
    low = math.floor((float(number) - unit) * n / scale) - 1
    high = math.ceil((float(number) + unit) * n / scale) + 1
    return max(0, low), min(n, high) + 1


def _roundings(count: int, n: int, scale: float, like: Decimal) -> set[Decimal]:
    """Return what a count is rounded to; both ways where it lies half way."""
    exact = Decimal(count) * Decimal(str(scale)) / n
    return {exact.quantize(_unit(like), way) for way in (ROUND_HALF_UP, ROUND_HALF_EVEN)}


def _cut(count: int, n: int, scale: float, like: Decimal) -> Decimal:
    """Return what a count becomes when a program's floating-point digits are cut off."""
    return Decimal(repr(count / n * scale)).quantize(_unit(like), ROUND_DOWN)

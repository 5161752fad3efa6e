"""Certainty of printed scores: what can be said of a number that comes without its items."""

from __future__ import annotations

import msgspec

from hubq import stats
from hubq.evaluate.formats.benchmarks import What
from hubq.evaluate.formats.known import Size


class Certainty(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a printed score.

    Attributes:
        n: how many questions it is over; none where that is not known.
        what: `count` of right answers or `mean` of parts of a point; none where that is not known.
        said: where n is from, or why nothing more can be said.
        counts: the right answers that are printed like this; empty for no count.
        low, high: Wilson's 95 % interval over those counts, as fractions.
        detectable: (share of answers that differ, smallest difference to another model that is
            found with a power of 80 %), both as fractions.
        told: whether the difference to the baseline is more than chance, in words; empty without
            one.
    """

    said: str
    n: int | None = None
    what: What | None = None
    counts: tuple[int, ...] = ()
    low: float | None = None
    high: float | None = None
    detectable: tuple[tuple[float, float], ...] = ()
    told: str = ""


UNKNOWN = Certainty(said="how many questions it is over is not known")


def printed(text: str, scale: float, size: Size) -> stats.Printed:
    """Return a printed score as the statistics read it.

    Args:
        text: the number as printed, such as `41.55`.
        scale: what a perfect score is printed as: 100 or 1.
        size: how many questions it is over, and whether it is a count.
    """
    return stats.read(text, size.n, scale=scale, kind=size.what)


def certainty_of(score: stats.Printed, size: Size) -> Certainty:
    """Return what is known of a printed score."""
    if size.what == "mean":
        return Certainty(n=size.n, what="mean", said=f"cannot be recovered: {size.said}")
    detectable = stats.detectable_range(size.n)
    if score.reason:
        said = f"{score.reason} ({size.said})"
        return Certainty(n=size.n, what="count", said=said, detectable=detectable)
    return Certainty(
        n=size.n,
        what="count",
        said=size.said if score.rounded else f"{size.said}; cut, not rounded",
        counts=score.counts,
        low=score.low,
        high=score.high,
        detectable=detectable,
    )

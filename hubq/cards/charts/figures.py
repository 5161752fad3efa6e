"""What stands in the picture of a chart: numbers with the ids of their claims, and names.

Everything that is drawn is here and nothing else is, so that a test can hold every point against
its claim without looking at a picture.
"""

from __future__ import annotations

import msgspec

from hubq.model.card import Claim


class Number(msgspec.Struct, frozen=True, kw_only=True):
    """A number that is drawn: its value before rounding, how a card prints it, and its claim."""

    value: float
    shown: str
    claim: str


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """A number with its interval; `low` and `high` are none where there is no interval."""

    value: Number
    low: Number | None = None
    high: Number | None = None

    @property
    def bottom(self) -> float:
        """The lower end of the interval, or the number itself."""
        return self.low.value if self.low else self.value.value

    @property
    def top(self) -> float:
        """The upper end of the interval, or the number itself."""
        return self.high.value if self.high else self.value.value


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One variant on one task.

    Attributes:
        variant: its name.
        look: the number of its colour and shape; 0 is the baseline's.
        delta: its difference from the baseline; none where there is none.
        sure: whether the difference is significant.
        state: why there is no difference, in a word or two.
    """

    variant: str
    look: int
    delta: Estimate | None
    sure: bool = False
    state: str = ""


class Band(msgspec.Struct, frozen=True, kw_only=True):
    """One task of a chart of differences.

    Attributes:
        task: its name.
        rows: the variants.
        margin: the loss declared to be none that matters; none where none was declared.
        floor: whether the baseline is no better than guessing there.
    """

    task: str
    rows: tuple[Row, ...]
    margin: Number | None = None
    floor: bool = False


class Deltas(msgspec.Struct, frozen=True, kw_only=True, tag="deltas"):
    """Differences from a baseline, in points, per task and variant; tested: by an interval."""

    baseline: str
    bands: tuple[Band, ...]
    tested: bool = True


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A variant by what it is judged by.

    Attributes:
        variant: its name.
        look: the number of its colour and shape; 0 is the baseline's.
        score: in percent.
        weights: the size of its weights.
        speed: in tokens/s; none where speed is not looked at.
        beaten_by: the variants that are better beyond noise; empty on the front.
    """

    variant: str
    look: int
    score: Estimate
    weights: Estimate
    speed: Estimate | None = None
    beaten_by: tuple[str, ...] = ()


class Front(msgspec.Struct, frozen=True, kw_only=True, tag="front"):
    """Scores against speeds and sizes; `unit` is that of the sizes."""

    places: tuple[Place, ...]
    unit: str


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A latency at a request rate (requests/s)."""

    rate: Number
    latency: Estimate


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """One variant's latencies, by rising rate; `look` is the number of its colour and shape."""

    variant: str
    look: int
    steps: tuple[Step, ...]


class Rates(msgspec.Struct, frozen=True, kw_only=True, tag="rates"):
    """Latency against request rate: `measure` is its name and `unit` its unit."""

    measure: str
    unit: str
    series: tuple[Series, ...]


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """A server under one load: tokens/s and the latency of its requests; `load` is in words."""

    load: str
    throughput: Estimate
    latency: Estimate


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """One variant under rising load; `look` is the number of its colour and shape."""

    variant: str
    look: int
    turns: tuple[Turn, ...]


class Saturation(msgspec.Struct, frozen=True, kw_only=True, tag="saturation"):
    """Latency against throughput as the load rises: `measure` is the latency's name."""

    measure: str
    unit: str
    curves: tuple[Curve, ...]


Drawing = Deltas | Front | Rates | Saturation


def number(claim: Claim) -> Number:
    """Return what a claim is in a picture."""
    return Number(value=claim.value, shown=claim.shown, claim=claim.id)


def estimate(value: Claim, low: Claim | None = None, high: Claim | None = None) -> Estimate:
    """Return what a claim and its interval are in a picture."""
    return Estimate(
        value=number(value),
        low=number(low) if low else None,
        high=number(high) if high else None,
    )

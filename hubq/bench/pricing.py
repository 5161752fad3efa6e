"""What generated tokens cost on a machine that costs something by the hour."""

from __future__ import annotations

from typing import Protocol

import msgspec

from hubq.model.workload import Price

MILLION = 1_000_000
SECONDS_AN_HOUR = 3_600


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """The cost of a million generated tokens, with the interval that the speed's gives.

    Attributes:
        value: in `currency`.
        low, high: of its 95 % interval; none of a single round.
        currency: as it is printed.
    """

    value: float
    low: float | None
    high: float | None
    currency: str


class Known(Protocol):
    """A number with its 95 % interval, such as a measure, or what is typical of rounds."""

    @property
    def value(self) -> float:
        """The number."""

    @property
    def low(self) -> float | None:
        """Where its interval begins; none where there is none."""

    @property
    def high(self) -> float | None:
        """Where its interval ends; none where there is none."""


def cost_of(price: Price, speed: Known) -> Cost | None:
    """Return what a million tokens cost: price / 3600 / (tokens per second) * 1e6.

    Args:
        price: of the machine.
        speed: generated tokens/s, the reading of prompts in the time.

    Returns:
        None where nothing was generated. The fastest is the cheapest, so `low` is of `speed.high`;
        `high` is none where the interval of the speed reaches down to 0.
    """

    def at(tokens_per_second: float | None) -> float | None:
        if not tokens_per_second:
            return None
        return price.per_hour / SECONDS_AN_HOUR / tokens_per_second * MILLION

    value = at(speed.value)
    if value is None:
        return None
    return Cost(value=value, low=at(speed.high), high=at(speed.low), currency=price.currency)

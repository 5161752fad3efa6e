"""Exact numbers: printed digits as decimals, and how far what they stand for may be from them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

import msgspec

from hubq.evaluate.published import PublishedMeasure


class Span(msgspec.Struct, frozen=True, gc=False):
    """A number worked out from printed ones.

    Attributes:
        value: from the digits as they stand.
        low, high: what it may be, given how the printed numbers were rounded.
    """

    value: Decimal
    low: Decimal
    high: Decimal

    def agrees(self, printed: Decimal, unit: Decimal) -> bool:
        """Say whether a number may have been printed so, rounded or cut at its last decimal."""
        half = unit / 2
        # What is cut at its last decimal was up to a whole unit further from zero.
        if printed.is_signed():
            return self.low <= printed + half and self.high >= printed - unit
        return self.low <= printed + unit and self.high >= printed - half


def decimal_of(found: PublishedMeasure, field: str = "value") -> Decimal:
    """Return a printed number as it stands.

    Raises:
        KeyError: the cell has no such number.
    """
    if field == "value":
        if found.value is None:
            raise KeyError(field)
        return _decimal(found.value, found.decimals)
    value = getattr(found, field)
    if value is None:
        raise KeyError(field)
    return Decimal(repr(value))


@lru_cache(maxsize=1 << 12)
def _decimal(value: float, decimals: int) -> Decimal:
    return Decimal(f"{value:.{decimals}f}")


def unit_of(found: PublishedMeasure) -> Decimal:
    """Return one in the last decimal printed."""
    return _unit(found.decimals)


@lru_cache(maxsize=64)
def _unit(decimals: int) -> Decimal:
    return Decimal(1).scaleb(-decimals)


def span_of(found: PublishedMeasure) -> Span:
    """Return a printed number with what it may stand for.

    Raises:
        KeyError: the cell has no number.
    """
    if found.value is None:
        raise KeyError("value")
    return _span(found.value, found.decimals)


@lru_cache(maxsize=1 << 12)
def _span(number: float, decimals: int) -> Span:
    value, half = _decimal(number, decimals), _unit(decimals) / 2
    return Span(value, value - half, value + half)


def mean(spans: Sequence[Span]) -> Span:
    """Return the mean of some numbers."""
    count = len(spans)
    value = low = high = Decimal()
    for one in spans:
        value += one.value
        low += one.low
        high += one.high
    return Span(value / count, low / count, high / count)


def minus(first: Span, second: Span) -> Span:
    """Return first - second."""
    return Span(first.value - second.value, first.low - second.high, first.high - second.low)


def over(first: Span, second: Span) -> Span | None:
    """Return first / second; none where the second may be zero."""
    if second.low <= 0:
        return None
    return Span(first.value / second.value, first.low / second.high, first.high / second.low)


def times(span: Span, factor: int) -> Span:
    """Return a number multiplied by a positive factor."""
    return Span(span.value * factor, span.low * factor, span.high * factor)

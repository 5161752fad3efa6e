"""The fidelity table: divergence from the baseline, agreement, perplexity."""

from __future__ import annotations

from typing import Any

import msgspec

from hubq.cards.ledger import COUNT, RATE, Ledger, Shape, escape_pointer
from hubq.model.card import Claim
from hubq.model.recipe import BASELINE

KL = Shape(digits=4, unit="nats per token", floor=0.0001)
PERPLEXITY = Shape(digits=3, unit="perplexity")
RATIO = Shape(digits=4, unit="ratio")
_SHAPES = {
    "kl": KL,
    "top1_agreement": RATE,
    "perplexity": PERPLEXITY,
    "perplexity_ratio": RATIO,
}


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """A measure with its 95 % interval; no interval where it rests on one item."""

    value: Claim
    low: Claim | None
    high: Claim | None

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return str(self.value)
        return f"{self.value} ({self.low} to {self.high})"


class FidelityRow(msgspec.Struct, frozen=True, kw_only=True):
    """How near one variant stays to the baseline.

    Attributes:
        variant: its name.
        kl: mean divergence in nats per token; none for the baseline.
        top1: how often the likeliest token is the baseline's, in percent; none for the baseline.
        perplexity: on the suite's text; none where it has none.
        ratio: of that perplexity to the baseline's, paired window by window.
        items, windows: what they rest on.
    """

    variant: str
    kl: Estimate | None
    top1: Estimate | None
    perplexity: Estimate | None
    ratio: Estimate | None
    items: Claim | None
    windows: Claim | None


def fidelity_rows(ledger: Ledger, names: tuple[str, ...]) -> tuple[FidelityRow, ...]:
    """Return a row for each variant that was measured, the baseline first."""
    measured: dict[str, Any] = ledger.document["fidelity"]
    return tuple(_row(ledger, name) for name in (BASELINE, *names) if name in measured)


def _row(ledger: Ledger, name: str) -> FidelityRow:
    place = f"/fidelity/{escape_pointer(name)}"

    def estimate(measure: str) -> Estimate | None:
        shape, spot = _SHAPES[measure], f"{place}/{measure}"
        value = ledger.maybe(f"fidelity.{measure}.{name}", f"{spot}/value", shape)
        if value is None:
            return None
        low = ledger.maybe(f"fidelity.{measure}_low.{name}", f"{spot}/low", shape)
        high = ledger.maybe(f"fidelity.{measure}_high.{name}", f"{spot}/high", shape)
        return Estimate(value=value, low=low, high=high)

    return FidelityRow(
        variant=name,
        kl=estimate("kl"),
        top1=estimate("top1_agreement"),
        perplexity=estimate("perplexity"),
        ratio=estimate("perplexity_ratio"),
        items=ledger.maybe(f"fidelity.items.{name}", f"{place}/kl/n", COUNT),
        windows=ledger.maybe(f"fidelity.windows.{name}", f"{place}/perplexity/n", COUNT),
    )

"""The table of what a million generated tokens cost, for recipes that have a price per hour."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hubq.cards.footnotes import measured
from hubq.cards.ledger import Ledger, Shape, escape_pointer
from hubq.cards.tables.details import Asked, DetailRow, DetailTable, Figure
from hubq.model.card import Claim

_PRICE = Shape(plain=True, unit="per hour")


class PriceTable(msgspec.Struct, frozen=True, kw_only=True):
    """What a million generated tokens cost.

    Attributes:
        per_hour: the price of the machine.
        currency: of the price and of every cost.
        costs: by workload or load, then by variant.
    """

    per_hour: Claim
    currency: str
    costs: DetailTable


def price_table(
    ledger: Ledger, asked: Sequence[Asked], names: tuple[str, ...], this: str, *, served: bool
) -> PriceTable | None:
    """Return what a million tokens cost; none without a price, or where nothing was measured.

    Args:
        ledger: where claims are entered.
        asked: workloads or loads, in order.
        names: the variants, the baseline first.
        this: whose card it is.
        served: by a server, not by plain generation.
    """
    document, part = ledger.document["prices"], "served" if served else "plain"
    known = document.get(part, {})
    costs = [cost["value"] for found in known.values() for cost in found.values()]
    # A cent and less needs digits of its own.
    digits = 2 if max(costs, default=0.0) >= 1 else 4
    shape = Shape(digits=digits, unit=document.get("currency", ""))
    rows = tuple(
        DetailRow(
            place=one.shown,
            first=number == 0,
            variant=name,
            this=name == this,
            cells=((_figure(ledger, (part, one.place, name), shape),),),
        )
        for one in asked
        for number, name in enumerate(n for n in names if n in known.get(one.place, {}))
    )
    if not rows:
        return None
    currency = document["currency"]
    heads = (f"Per million tokens ({currency})",)
    return PriceTable(
        per_hour=ledger.own("price_per_hour", "/prices/per_hour", _PRICE),
        currency=currency,
        costs=DetailTable(heads=heads, rows=rows),
    )


def _figure(ledger: Ledger, steps: tuple[str, ...], shape: Shape) -> Figure:
    """Enter a cost and its interval."""
    own = "/".join(escape_pointer(step) for step in ("prices", *steps))
    claim_id = f"cost.{'.'.join(steps)}"
    return Figure(
        value=measured(ledger.own(claim_id, f"/{own}/value", shape)),
        low=ledger.maybe(f"{claim_id}.low", f"/{own}/low", shape),
        high=ledger.maybe(f"{claim_id}.high", f"/{own}/high", shape),
    )

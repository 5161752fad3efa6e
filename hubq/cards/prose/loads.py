"""Loads: how requests come to a server, in words."""

from __future__ import annotations

from hubq.cards.ledger import COUNT, Ledger, Shape
from hubq.model.card import Claim
from hubq.model.workload import ServingWorkload

_RATE = Shape(plain=True, unit="requests/s")


def load_words(ledger: Ledger, index: int, number: int, served: ServingWorkload) -> str:
    """Return how requests come: `4 at a time`, `2.5 a second`, `all 12 at once`.

    Args:
        ledger: where the number in it is entered.
        index: of the workload among those of servers, from 0.
        number: of the load in the workload, from 0.
        served: the workload.
    """
    load, place = served.loads[number], f"/asked/serving/{index}/loads/{number}"
    tail = f"{served.name}.{load.step}"
    if load.rate is not None:
        return f"{asked_rate(ledger, index, number, served)} a second"
    if load.concurrency is None:
        return f"all {ledger.own(f'requests.{tail}', f'{place}/requests', COUNT)} at once"
    return f"{ledger.own(f'concurrency.{tail}', f'{place}/concurrency', COUNT)} at a time"


def asked_rate(ledger: Ledger, index: int, number: int, served: ServingWorkload) -> Claim:
    """Enter the rate at which requests were sent; the arguments are those of `load_words`.

    Raises:
        KeyError: the load has no rate.
    """
    claim_id = f"rate.{served.name}.{served.loads[number].step}"
    return ledger.own(claim_id, f"/asked/serving/{index}/loads/{number}/rate", _RATE)

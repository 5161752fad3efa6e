"""Rates: the request rates that a published table's rows are of."""

from __future__ import annotations

from hubq.cards.published import roles
from hubq.evaluate.formats.printed import read_number
from hubq.evaluate.published import PublishedTable


def is_load(table: PublishedTable) -> bool:
    """Say whether a table holds latencies at several request rates."""
    return len(set(rates_of(table).values())) > 1


def rates_of(table: PublishedTable) -> dict[int, float]:
    """Return row -> request rate, where that is the last of its labels."""
    if not table.heads or not roles.is_rate(table.heads[-1]):
        return {}
    labels = {one.row: read_number(one.labels[-1]) for one in table.measures if one.labels}
    return {row: rate.value for row, rate in labels.items() if rate is not None}

"""Two runs of a benchmark beside each other on the terminal: tables, then what they mean."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.bench.comparing import Amount, Change, Comparison, worse_by
from hubq.cli import output
from hubq.cli.figures import figure, percent
from hubq.model.recipe import BASELINE
from hubq.stats import ALPHA
from hubq.units import human_size

STILL = 0.01
"""The share by which memory moves from run to run without a reason; less is not shown."""

_UNITS = {
    "tokens_per_second": "tokens/s",
    "request_rate": "requests/s",
    "e2e_seconds": "latency in s",
}
_TOKENS = "kv_cache_tokens"
_TITLES = {
    "peak_memory_bytes": "peak memory",
    "weights_bytes": "weights in memory",
    "disk_bytes": "weights on disk",
    _TOKENS: "tokens that fit in the cache",
}


def print_comparison(found: Comparison) -> None:
    """Print what changed, and what it means."""
    headings = ["variant", "workload", "engine", "by", "old", "new", "change", ""]
    output.table(headings, [_row(change) for change in found.changes])
    moved = [amount for amount in found.amounts if amount.beyond or _moved(amount)]
    if moved:
        output.text("")
        output.table(["variant", "workload", "memory", "old", "new", "change"], _amount_rows(moved))
    output.text("")
    for line in _words(found):
        output.text(line)


def _amount_rows(amounts: list[Amount]) -> list[list[str]]:
    return [
        [
            amount.variant,
            amount.place or "-",
            _TITLES[amount.quantity],
            *(_amount(amount, value) for value in (amount.before, amount.after)),
            percent(amount.after / amount.before - 1 if amount.before else None, sign=True),
        ]
        for amount in amounts
    ]


def _moved(amount: Amount) -> bool:
    return abs(amount.after - amount.before) > STILL * amount.before


def _amount(amount: Amount, value: int) -> str:
    return f"{value:,}" if amount.quantity == _TOKENS else human_size(value)


def _row(change: Change) -> list[str]:
    found = change.shift
    ratio = found is not None and found is change.ratio
    by = f"{_UNITS[change.quantity]}{f' relative to {BASELINE}' if ratio else ''}"
    cell = [change.variant, change.place, change.engine, by]
    said = f"{change.verdict}: {change.why}" if change.why else change.verdict
    if found is None:
        return [*cell, "-", "-", "-", said]
    moved = percent(found.factor - 1, sign=True)
    if found.low is not None and found.high is not None:
        ends = [f"{100 * (end - 1):+.1f}" for end in (found.low, found.high)]
        moved += f" ({ends[0]} to {ends[1]})"
    return [*cell, figure(found.before), figure(found.after), moved, said]


def _words(found: Comparison) -> Iterator[str]:
    yield from (f"Differs: {one.what}: {one.before} -> {one.after}." for one in found.differences)
    if found.only_before:
        yield f"Only in the old run: {', '.join(found.only_before)}."
    if found.only_after:
        yield f"Only in the new run: {', '.join(found.only_after)}."
    for which, name in (("before", "old"), ("after", "new")):
        yield from (f"Busy, {name} run: {line}" for line in found.busy[which])
    yield from _noisy(found)
    yield from (_told(one, found) for one in found.changes if one.verdict in ("slower", "faster"))
    yield from (
        f"{one.variant} {one.place} was measured before and cannot be any more: {one.why}."
        for one in found.changes
        if one.verdict == "broken"
    )
    yield from (_grown(one, found) for one in found.amounts if one.beyond)
    if found.amounts and not any(_moved(one) for one in found.amounts):
        yield f"Memory is the same within {percent(STILL)}."
    yield _sum(found)


def _noisy(found: Comparison) -> Iterator[str]:
    """Say where it takes more than elsewhere to be beyond noise."""
    noisy = [one for one in found.changes if one.level < ALPHA and one.basis]
    if noisy:
        count = f"{len(noisy)} of {len(found.changes)} cells" if noisy[1:] else "one cell"
        yield (
            f"Rounds of {count} ended at their cap, noisier than planned: there a change counts up "
            f"to p = {noisy[0].level:g}."
        )


def _told(change: Change, found: Comparison) -> str:
    """Return what a change means: `AWQ short is 10.2 % slower than before, relative to BF16`."""
    share = abs(worse_by(change) or 0.0)
    beside = f", relative to {BASELINE}" if change.basis == "ratio" else ""
    limit = f" and beyond the limit of {percent(found.limit)}" if change.beyond else ""
    engine = f" ({change.engine})" if len({one.engine for one in found.changes}) > 1 else ""
    return (
        f"{change.variant} {change.place}{engine} is {percent(share)} {change.verdict} than "
        f"before{beside}; this is beyond noise{limit}."
    )


def _grown(amount: Amount, found: Comparison) -> str:
    share = abs(amount.after / amount.before - 1)
    verb = "fell" if amount.after < amount.before else "grew"
    place = f" {amount.place}" if amount.place else ""
    return (
        f"{amount.variant}{place}: {_TITLES[amount.quantity]} {verb} by {percent(share)}, more "
        f"than the limit of {percent(found.memory_limit)}."
    )


def _sum(found: Comparison) -> str:
    """Return how many cells there are of each verdict, and whether the limits hold."""
    verdicts = [one.verdict for one in found.changes]
    told = [
        f"{verdicts.count(verdict)} {verdict}"
        for verdict in ("slower", "faster", "same", "unclear", "broken")
        if verdict in verdicts
    ]
    cells = f"{len(verdicts)} cell{'s' * (len(verdicts) != 1)}: {', '.join(told)}."
    if not found.beyond:
        return f"{cells} Nothing is beyond the limits ({percent(found.limit)} of speed)."
    return f"{cells} Beyond the limits: {found.beyond}."

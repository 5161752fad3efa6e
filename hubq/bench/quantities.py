"""Quantities: what one run of one subject in one round says of its speed.

Plain generation, of O tokens for each of B sequences after prompts of P tokens (pictures and all):

    tokens_per_second          O * B / seconds of the whole call (the form of Qwen's tables)
    decode_tokens_per_second   (O - 1) * B / (seconds - first_token_seconds): without the prompt
    prefill_tokens_per_second  P * B / first_token_seconds
    first_token_seconds        of a call that generates one token and no more
    joules_per_token           joules / (O * B)

A server, over the requests that were answered and the seconds from the first request to the last
answer:

    request_rate               answered requests / seconds
    output_tokens_per_second   generated tokens / seconds
    total_tokens_per_second    tokens of prompts and generated tokens / seconds
    images_per_second          pictures / seconds
    ttft_seconds               time to first token: from sending a request
    itl_seconds                inter-token latency: each wait between two tokens of a request
    tpot_seconds               time per output token: (e2e - ttft) / (output_tokens - 1)
    e2e_seconds                from sending a request to its last token
    goodput                    requests that kept every latency of the workload's target / seconds
    joules_per_token           joules / generated tokens

The four latencies are the median of the round's requests (of all waits of all requests for `itl`,
where pieces that came in one read share the wait before them: `waits_of`). `ttft_p90_seconds`,
`ttft_p99_seconds` and so on are further percentiles. What cannot be worked out is left out: no rate
per joule where nothing tells joules, no decoding where the whole call took no longer than the first
token, as it may for a few tokens on a busy machine.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from hubq.bench.asked import Asked
from hubq.bench.sitting import Request, Sample
from hubq.model.workload import LatencyTarget, ServingWorkload, Workload

PERCENTILES = {"": 0.5, "_p90": 0.9, "_p99": 0.99}
"""What comes after a latency's name -> the share of values that are no greater."""

IN_ONE_READ_S = 1e-4
"""Pieces of an answer that are less than this apart came in one read; no model is that fast."""

LATENCIES = ("ttft", "itl", "tpot", "e2e")
UNITS = {
    "tokens_per_second": "tokens/s",
    "decode_tokens_per_second": "tokens/s",
    "prefill_tokens_per_second": "tokens/s",
    "first_token_seconds": "s",
    "joules_per_token": "J",
    "request_rate": "requests/s",
    "output_tokens_per_second": "tokens/s",
    "total_tokens_per_second": "tokens/s",
    "images_per_second": "images/s",
    "goodput": "requests/s",
    **{f"{name}{end}_seconds": "s" for name in LATENCIES for end in PERCENTILES},
}
"""Quantity -> its unit, in the order in which they stand in `bench.json`."""


def quantities_of(asked: Asked, sample: Sample, prompt_tokens: int | None) -> dict[str, float]:
    """Return the quantities of one run, those that can be worked out.

    Args:
        asked: the workload, and the step of its load.
        sample: the run.
        prompt_tokens: of one prompt, as the subject counts them; none where that is not known.
    """
    if isinstance(asked.workload, Workload):
        pairs = _plain(asked.workload, sample, prompt_tokens)
    else:
        pairs = _served(asked.workload, sample)
    found = {name: value for name, value in pairs if math.isfinite(value) and value >= 0}
    return {name: found[name] for name in UNITS if name in found}


def _plain(
    workload: Workload, sample: Sample, prompt_tokens: int | None
) -> Iterator[tuple[str, float]]:
    batch, whole, first = workload.batch_size, sample.seconds, sample.first_token_seconds
    tokens = workload.output_tokens * batch
    if whole > 0:
        yield "tokens_per_second", tokens / whole
    if first is not None and first > 0:
        yield "first_token_seconds", first
        if prompt_tokens is not None:
            yield "prefill_tokens_per_second", prompt_tokens * batch / first
        if workload.output_tokens > 1 and whole > first:
            yield "decode_tokens_per_second", (tokens - batch) / (whole - first)
    if sample.joules is not None:
        yield "joules_per_token", sample.joules / tokens


def _served(workload: ServingWorkload, sample: Sample) -> Iterator[tuple[str, float]]:
    answered, seconds = answered_of(sample), sample.seconds
    generated = sum(one.output_tokens for one in answered)
    if seconds > 0:
        read = sum(one.input_tokens for one in answered)
        yield "request_rate", len(answered) / seconds
        yield "output_tokens_per_second", generated / seconds
        yield "total_tokens_per_second", (read + generated) / seconds
        if workload.images:
            yield "images_per_second", workload.images * len(answered) / seconds
        if workload.target is not None:
            good = sum(_keeps(one, workload.target) for one in answered)
            yield "goodput", good / seconds
    for name, values in _latencies(answered).items():
        ordered = sorted(values)
        for end, share in PERCENTILES.items() if ordered else ():
            yield f"{name}{end}_seconds", percentile(ordered, share)
    if sample.joules is not None and generated:
        yield "joules_per_token", sample.joules / generated


def answered_of(sample: Sample) -> tuple[Request, ...]:
    """Return the requests of a run that did not fail."""
    return tuple(one for one in sample.requests if not one.error)


def tpot_of(request: Request) -> float | None:
    """Return the seconds that each token after the first took; none where there is no other."""
    if request.output_tokens < 2:
        return None
    return (request.e2e - request.ttft) / (request.output_tokens - 1)


def waits_of(request: Request) -> list[float]:
    """Return the seconds that a client waited for each token after the first.

    Tokens that came in one read waited together: they share the time since the read before. Else a
    client that is kept from reading would turn half of the waits into nothing, and their median
    with them. Sum and number stay what they are.
    """
    groups: list[list[float]] = []
    for gap in request.itl:
        if groups and gap < IN_ONE_READ_S:
            groups[-1].append(gap)
        else:
            groups.append([gap])
    return [math.fsum(group) / len(group) for group in groups for _ in group]


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return a percentile of sorted values, between neighbours in proportion.

    The place of a share p among n values is (n - 1) p, counted from 0 (definition 7 of Hyndman and
    Fan, The American Statistician 50, 1996; numpy's default).
    """
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def _latencies(answered: Sequence[Request]) -> dict[str, list[float]]:
    return {
        "ttft": [one.ttft for one in answered],
        "itl": [wait for one in answered for wait in waits_of(one)],
        "tpot": [value for one in answered if (value := tpot_of(one)) is not None],
        "e2e": [one.e2e for one in answered],
    }


def _keeps(request: Request, target: LatencyTarget) -> bool:
    """Say whether a request kept every latency of a target."""
    pairs = (
        (request.ttft, target.ttft_ms),
        (tpot_of(request), target.tpot_ms),
        (request.e2e, target.e2e_ms),
    )
    return all(value is None or limit is None or value * 1000 <= limit for value, limit in pairs)

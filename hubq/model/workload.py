"""Workloads: what speed and memory are measured on, and how, exactly as the YAML file says it.

There are two forms. A `Workload` is one request to plain transformers generation, in the form of
Qwen's speed tables. A `ServingWorkload` is many requests to a vLLM server, under one load after
another. The baseline and every variant are measured in one sitting, taking turns round by round.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from hubq.model.suite import Dtype, Fraction, Name, PositiveInt, Strict

NotNegative = Annotated[int, msgspec.Meta(ge=0)]
Positive = Annotated[float, msgspec.Meta(gt=0.0)]
Pixels = tuple[PositiveInt, PositiveInt]

SITTING = "sitting"
"""Where a variant's name stands in the ids of other bench stages; no variant has this name."""


class WarmUp(Strict, frozen=True, kw_only=True):
    """Runs that are not counted, until they have settled.

    A workload is warm once the last two runs differ by no more than `within`.

    Attributes:
        least: runs at least.
        most: runs at most; a workload that has not settled by then says so.
        within: the difference of two runs that counts as settled, as a fraction.
    """

    least: NotNegative = 2
    most: PositiveInt = 10
    within: Fraction = 0.05


class Rounds(Strict, frozen=True, kw_only=True):
    """Runs that are counted: in each round the baseline and every variant take their turn.

    Attributes:
        least: rounds at least.
        most: rounds at most.
        precision: half the width of the 95 % interval of a speed relative to the baseline's at
            which no more rounds are needed, as a fraction.
        processes: how often the models are loaded afresh. Where a process happens to lie in memory
            moves its speed, and no further round of the same process shows that. 1, or at least
            `least`: then each round has a load of its own, since rounds of one load are no
            independent draws of loads.
        load_spread: how far a load moves a model's speed, as the standard deviation of its
            logarithm; 0.01 is a percent. Rounds of one load do not show it, so it is added to their
            intervals; where each round has a load of its own it is not needed.
    """

    least: PositiveInt = 5
    most: PositiveInt = 15
    precision: Fraction = 0.02
    processes: PositiveInt = 1
    load_spread: Fraction = 0.01


class Workload(Strict, frozen=True, kw_only=True):
    """One speed measurement of plain transformers generation.

    Attributes:
        name: as it stands in the speed table.
        input_tokens: text tokens in the prompt.
        images: how many images of `image_size` pixels go before the text.
        image_size: width and height, in pixels.
        output_tokens: tokens generated, with the end token suppressed.
        batch_size: sequences generated side by side.
    """

    name: Name
    input_tokens: PositiveInt
    output_tokens: PositiveInt
    images: NotNegative = 0
    image_size: Pixels = (84, 84)
    batch_size: PositiveInt = 1


class Load(Strict, frozen=True, kw_only=True):
    """How requests come: so many at a time, at a rate, or all at once.

    Attributes:
        requests: how many are sent in a round.
        concurrency: how many are under way at a time; 1 is a single stream. None for no limit.
        rate: requests per second, at random times (Poisson). None for as fast as they are taken;
            with neither, all are sent at once, which saturates the server.
    """

    requests: PositiveInt
    concurrency: PositiveInt | None = None
    rate: Positive | None = None

    @property
    def step(self) -> str:
        """Its name in measures: `c4` (concurrency), `r2.5` (requests/s) or `max` (saturation)."""
        if self.rate is not None:
            return f"r{self.rate:g}"
        return "max" if self.concurrency is None else f"c{self.concurrency}"


class LatencyTarget(Strict, frozen=True, kw_only=True):
    """The latencies in milliseconds that a request must keep to count for goodput.

    Attributes:
        ttft_ms: to the first token.
        tpot_ms: for each further token, on average.
        e2e_ms: to the last token.
    """

    ttft_ms: Positive | None = None
    tpot_ms: Positive | None = None
    e2e_ms: Positive | None = None


class ServingWorkload(Strict, frozen=True, kw_only=True):
    """Requests to a server, under one load after another.

    Attributes:
        name: as it stands in the serving table.
        input_tokens: text tokens in each prompt; every prompt is another one.
        output_tokens: tokens generated, with the end token ignored.
        images: how many images of `image_size` pixels each prompt has; every image is another one.
        image_size: width and height, in pixels.
        loads: in the order in which they are put on the server.
        target: what goodput counts; none for no goodput.
    """

    name: Name
    input_tokens: NotNegative
    output_tokens: PositiveInt
    images: NotNegative = 0
    image_size: Pixels = (84, 84)
    loads: tuple[Load, ...]
    target: LatencyTarget | None = None


class Price(Strict, frozen=True, kw_only=True):
    """What the machine costs, from which the cost of tokens is worked out.

    Attributes:
        per_hour: for the whole machine, in `currency`.
        currency: as it is printed, such as `USD`.
    """

    per_hour: Positive
    currency: Name = "USD"


class Workloads(Strict, frozen=True, kw_only=True):
    """The speed measurements of a recipe.

    Attributes:
        workloads: of plain transformers generation.
        serving: of a vLLM server; empty for none.
        warm_up: runs that are not counted.
        rounds: runs that are.
        limit_seconds: a call of plain generation, or the requests of a step of a server's load,
            are not waited for longer: the cell's state is `timeout`.
        dtype: the arithmetic of the baseline and of every variant whose kernels take it.
        price: of the machine; none where no cost is to be said.
    """

    schema: Literal[1]
    name: Name
    title: str
    workloads: tuple[Workload, ...]
    serving: tuple[ServingWorkload, ...] = ()
    warm_up: WarmUp = WarmUp()
    rounds: Rounds = Rounds()
    limit_seconds: Positive = 6 * 3600.0
    dtype: Dtype = "bfloat16"
    price: Price | None = None

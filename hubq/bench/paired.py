"""Paired rounds: a subject's quantities beside the baseline's of the same round, and what they say.

The unit of all statistics is the round: what a round's run says first, then the mean over rounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from hubq.bench.asked import Asked
from hubq.bench.quantities import UNITS, quantities_of
from hubq.bench.sitting import Sample
from hubq.errors import BadInput
from hubq.stats.rounds import Relative, Typical, common_of, relative, typical

BASELINE_POSITION = 0


class Round(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one round says of a subject.

    Attributes:
        round: from 0.
        process: which load of the models it was, from 0.
        own: quantity -> value.
        baseline: the same of the baseline; none for the baseline itself, or where it did not take
            part in the round.
    """

    round: int
    process: int
    own: dict[str, float]
    baseline: dict[str, float] | None = None


def rounds_of(
    asked: Asked,
    samples: Iterable[Sample],
    position: int,
    prompt_tokens: Mapping[int, int | None],
) -> tuple[Round, ...]:
    """Return the rounds that a subject took part in, in their order.

    Args:
        asked: the workload, and the step of its load.
        samples: of the sitting; those of other workloads and subjects are passed over.
        position: the subject's.
        prompt_tokens: position -> tokens of one prompt.

    Raises:
        BadInput: a subject has two runs in one round.
    """
    runs: dict[tuple[int, int], Sample] = {}
    for sample in samples:
        if (sample.workload, sample.step) != (asked.workload.name, asked.step):
            continue
        if sample.position in (position, BASELINE_POSITION):
            if (sample.round, sample.position) in runs:
                told = f"{asked.place}: round {sample.round} has two runs of one subject"
                raise BadInput(f"{told}, position {sample.position}")
            runs[sample.round, sample.position] = sample
    rounds = []
    for (number, place), run in sorted(runs.items()):
        if place != position:
            continue
        other = runs.get((number, BASELINE_POSITION)) if position != BASELINE_POSITION else None
        known = prompt_tokens.get(BASELINE_POSITION)
        rounds.append(
            Round(
                round=number,
                process=run.process,
                own=quantities_of(asked, run, prompt_tokens.get(position)),
                baseline=None if other is None else quantities_of(asked, other, known),
            )
        )
    return tuple(rounds)


def typical_of(rounds: Sequence[Round], load_spread: float = 0.0) -> dict[str, Typical]:
    """Return what each quantity is over the rounds that have it.

    Args:
        rounds: of one subject.
        load_spread: how far a load moves its speed, see `hubq.model.workload.Rounds`.
    """
    found = {}
    for name in UNITS:
        there = [one for one in rounds if name in one.own]
        if there:
            common = common_of([one.process for one in there], load_spread)
            found[name] = typical([one.own[name] for one in there], common)
    return found


def relative_of(rounds: Sequence[Round], load_spread: float = 0.0) -> dict[str, Relative]:
    """Return each quantity relative to the baseline's, over the rounds in which both have it.

    It is own / baseline plainly: below 1 is slower for a rate, and quicker for a latency. Rounds in
    which one of the two is 0 have no ratio.

    Args:
        rounds: of one subject.
        load_spread: how far a load moves its speed, see `hubq.model.workload.Rounds`.
    """
    found = {}
    for name in UNITS:
        pairs = [
            (own, other, one.process)
            for one in rounds
            if (own := one.own.get(name)) and (other := (one.baseline or {}).get(name))
        ]
        if pairs:
            owns, others, loads = (list(part) for part in zip(*pairs, strict=True))
            found[name] = relative(owns, others, common_of(loads, load_spread))
    return found

"""Verdicts: what may be said of a difference. The rule in words is in docs/statistics.md."""

from __future__ import annotations

from typing import Literal

from hubq.stats.noise import Noise
from hubq.stats.pairs import Paired
from hubq.stats.summaries import Summary

ALPHA = 0.05
CAPPED_ALPHA = 0.001
"""The level for timings whose rounds ended at their cap, before they were as precise as was asked.

Noise that large comes in bursts and from loads that lie badly, not from a normal distribution: in
sittings of one checkpoint beside itself, t spread up to 1.25 times as far as it should
(docs/benchmarks.md).
"""

Verdict = Literal["non-inferior", "inferior", "inconclusive"]
Judgement = Literal["loss", "gain", "noise", "within", "hint", "open"]


def non_inferiority(difference: Paired, margin: float) -> Verdict:
    """Return whether a variant is worse than the baseline by no more than a margin.

    Read from the 95 % interval (a one-sided test at 2.5 %, ICH E9): `non-inferior` when all of it
    lies above -margin, `inferior` when all of it lies below, `inconclusive` otherwise.

    Args:
        difference: of the variant to the baseline.
        margin: the loss, as a fraction, that is still no loss that matters.
    """
    if difference.low is None or difference.high is None:
        return "inconclusive"
    if difference.low > -margin:
        return "non-inferior"
    return "inferior" if difference.high < -margin else "inconclusive"


def judge(
    difference: Paired, *, holm: float, margin: float, noise: Noise | None = None
) -> Judgement:
    """Return the one word on which marks and prose rest.

    `loss` or `gain`: p after Holm is under 0.05 and the difference is beyond the noise floor.
    `noise`: p is, but two runs of the baseline differ by as much. `within`: non-inferior. `hint`:
    the interval is without zero, beyond the noise floor, and p does not survive Holm. `open`:
    nothing can be said.

    Args:
        difference: of the variant to the baseline.
        holm: its p after Holm's correction over the family.
        margin: the loss, as a fraction, that is still no loss that matters.
        noise: of the baseline on this task, where it was measured.
    """
    is_noise = noise is not None and abs(difference.delta) <= noise.floor(difference.n)
    if holm < ALPHA:
        return "noise" if is_noise else "loss" if difference.delta < 0 else "gain"
    if non_inferiority(difference, margin) == "non-inferior":
        return "within"
    if difference.low is None or difference.high is None or is_noise:
        return "open"
    return "hint" if difference.low > 0 or difference.high < 0 else "open"


def is_suspect(judgement: Judgement) -> bool:
    """Return whether a variant scores above the baseline beyond chance and noise.

    Quantizing does not teach: until it is explained (a parser, a prompt, a mixed-up run), such a
    cell is `suspect`.
    """
    return judgement == "gain"


def is_floor(baseline: Summary, *, chance: float, margin: float) -> bool:
    """Return whether a task is too near chance for a loss to show.

    So it is when the baseline's 95 % interval reaches down to chance (guessing would explain the
    score), or when its score is above chance by no more than the margin (it cannot fall by the
    margin before it is at chance, so non-inferiority would be empty).

    Args:
        baseline: its score on the task.
        chance: what guessing scores, as a fraction.
        margin: the task's margin, as a fraction.
    """
    low = baseline.mean if baseline.low is None else baseline.low
    return low <= chance or baseline.mean - chance <= margin

"""Turns: who is timed when, until a timing has settled, and when enough rounds were counted.

In a round every subject (the baseline and each variant) has one turn under the same load. Nothing
here runs a model: these are the rules that both bench workers keep.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NamedTuple, Self

#: What two-sided intervals cover.
CONFIDENCE = 0.95
#: Simpson's rule with so many steps gives Student's t to nine digits.
_STEPS = 2000

Stopped = Literal["narrow", "most"]


class Step(NamedTuple):
    """What a turn is about: a workload, and a step of its load where it has several."""

    workload: str
    step: str = ""

    @property
    def key(self) -> str:
        """`WORKLOAD` or `WORKLOAD/STEP`."""
        return f"{self.workload}/{self.step}" if self.step else self.workload


@dataclass(frozen=True, kw_only=True)
class WarmUp:
    """Runs that are not counted: `least` to `most` of them, until two differ by `within`."""

    least: int
    most: int
    within: float

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        """Return the rule that a job has under `warm_up`."""
        return cls(least=said["least"], most=said["most"], within=said["within"])

    def settled(self, seconds: Sequence[float]) -> bool:
        """Return whether the last two runs are as good as equal, relative to the quicker one."""
        if len(seconds) < 2:
            return self.most < 2
        before, last = seconds[-2:]
        return abs(last - before) <= self.within * min(before, last)

    def enough(self, seconds: Sequence[float]) -> bool:
        """Return whether no more runs are needed, or none are allowed."""
        if len(seconds) >= self.most or self.least == 0:
            return True
        return len(seconds) >= self.least and self.settled(seconds)


@dataclass(frozen=True, kw_only=True)
class Rounds:
    """Runs that are counted; `least` to `most` rounds over at least `processes` loads."""

    least: int
    most: int
    precision: float
    processes: int

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        """Return the rule that a job has under `rounds`."""
        names = ("least", "most", "precision", "processes")
        return cls(**{name: said[name] for name in names})

    @property
    def share(self) -> int:
        """How many rounds one load of the models gives where there are several loads."""
        return math.ceil(self.least / self.processes)

    def stopped(self, count: int, speeds: Mapping[int, Sequence[float]]) -> Stopped | None:
        """Return why there are no more rounds, or none when there is another one.

        Args:
            count: of the rounds so far.
            speeds: position -> the speed of each round, as long as the baseline's; only of
                subjects that are still measured. 0 is the baseline: where it is missing, each
                speed stands for itself.
        """
        if count >= max(self.least, self.processes) and self._narrow(speeds):
            return "narrow"
        return "most" if count >= self.most else None

    def _narrow(self, speeds: Mapping[int, Sequence[float]]) -> bool:
        baseline = speeds.get(0)
        if baseline is None or len(speeds) == 1:
            compared = [list(map(math.log, own)) for own in speeds.values()]
        else:
            compared = [
                [math.log(mine / other) for mine, other in zip(own, baseline, strict=True)]
                for position, own in speeds.items()
                if position != 0
            ]
        return all(half_width(logs) <= self.precision for logs in compared)


def order(count: int, turn: int) -> list[int]:
    """Return in which order `count` subjects have their turns in round number `turn`.

    The rows of Williams' squares (Australian Journal of Scientific Research A 2, 1949), in an
    order of our own: over `count` rounds each subject comes first once; over `count` rounds (twice
    as many where that is odd) each one is at each place, and right after each other one, equally
    often.
    """
    zigzag = [place // 2 + 1 if place % 2 else -(place // 2) for place in range(count)]
    if count % 2 == 0 or turn % 2 == 0:
        return [(place + turn) % count for place in zigzag]
    return [(place + turn - zigzag[-1]) % count for place in reversed(zigzag)]


def half_width(values: Sequence[float]) -> float:
    """Return half the 95 % interval of a mean by Student's t; infinite for fewer than two."""
    if len(values) < 2:
        return math.inf
    spread = statistics.stdev(values) / math.sqrt(len(values))
    return student_95(len(values) - 1) * spread


@lru_cache(maxsize=256)
def student_95(freedom: int) -> float:
    """Return the two-sided 95 % point of Student's t for whole degrees of freedom.

    The angle x with t = sqrt(f) tan(x) has the density cos(x)^(f-1) up to a factor, so that the
    tail is an integral of a smooth function over a finite range.
    """
    scale = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(math.pi)

    def inside(angle: float) -> float:
        """Return the probability that |T| stays below sqrt(f) tan(angle)."""
        step = angle / _STEPS
        powers = [math.cos(step * at) ** (freedom - 1) for at in range(_STEPS + 1)]
        simpson = powers[0] + powers[-1] + 4 * sum(powers[1:-1:2]) + 2 * sum(powers[2:-1:2])
        return 2 * scale * simpson * step / 3

    low, high = 0.0, math.pi / 2
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if inside(middle) < CONFIDENCE else (low, middle)
    return math.sqrt(freedom) * math.tan((low + high) / 2)

"""Energy of a run whose beginning is known only afterwards: a counter, read again and again."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable
from types import TracebackType
from typing import Self

from ticking import Ticker

#: A driver's counter moves about this often, in seconds.
EVERY_S = 0.1


class Meter:
    """Reads a counter of energy between being entered and being left.

    Args:
        joules: the counter, in J; none where nothing tells.
    """

    def __init__(self, joules: Callable[[], float | None]) -> None:
        self._joules = joules
        self._ticker = Ticker("energy", EVERY_S, self._tick)
        self._there = False
        self.readings: list[tuple[float, float]] = []

    def __enter__(self) -> Self:
        self._there = self._read()
        if self._there:
            self._ticker.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ticker.stop()
        if self._there:
            self._read()

    def between(self, begin: float, end: float) -> float | None:
        """Return the energy between two times of `time.perf_counter`, in J; none where unknown."""
        if len(self.readings) < 2:
            return None
        return self._at(end) - self._at(begin)

    def _at(self, when: float) -> float:
        """Return the counter at a time, as if it moved evenly between two readings."""
        after = bisect_left(self.readings, (when,))
        after = min(max(after, 1), len(self.readings) - 1)
        (left, low), (right, high) = self.readings[after - 1 : after + 1]
        share = (when - left) / (right - left) if right > left else 0.0
        return low + (high - low) * min(max(share, 0.0), 1.0)

    def _tick(self) -> float:
        self._read()
        return EVERY_S

    def _read(self) -> bool:
        found = self._joules()
        if found is not None:
            self.readings.append((time.perf_counter(), found))
        return found is not None

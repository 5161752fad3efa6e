"""Garbage: how often Python looks for cycles while cards are audited."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_MANY = 100_000
"""Objects made since the last look, at which the next one is due; Python's own figure is 700."""


@contextmanager
def looked_for_rarely() -> Iterator[None]:
    """Look for cycles rarely within a block.

    An audit makes tens of thousands of small values and no cycles among them, so that looking takes
    a tenth of its time and finds nothing.
    """
    before = gc.get_threshold()
    gc.set_threshold(_MANY, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)

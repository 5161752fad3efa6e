"""What is put right in GPTQModel 7.7.0 while it quantizes; everything is put back afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def repaired(model: Any) -> Iterator[None]:
    """Quantize this GPTQModel model with all repairs in place."""
    with own_rows(model), aligned_positions(), no_sudden_end():
        yield


@contextmanager
def own_rows(model: Any) -> Iterator[None]:
    """Make the library take the rows as they are.

    Its own preparation opens an answer after each finished conversation and, for text, drops and
    sorts rows.
    """
    model.prepare_dataset = lambda calibration_dataset, **_options: calibration_dataset
    try:
        yield
    finally:
        del model.prepare_dataset


@contextmanager
def aligned_positions() -> Iterator[None]:
    """Give every row its own positions in AWQ's scale search.

    The library puts equally long rows into one batch but takes the rotary positions, which come as
    a tuple, from the last row alone. Rows with and without pictures have different ones.
    """
    from gptqmodel.looper.awq_processor import AWQProcessor

    original = AWQProcessor._concat_batch_metadata  # noqa: SLF001 - there is no other place

    def concatenate(values: list[Any]) -> Any:
        tuples = [value for value in values if isinstance(value, tuple)]
        if tuples and len(tuples) == len(values):
            return tuple(original(list(column)) for column in zip(*tuples, strict=True))
        return original(values)

    AWQProcessor._concat_batch_metadata = staticmethod(concatenate)  # noqa: SLF001
    try:
        yield
    finally:
        AWQProcessor._concat_batch_metadata = staticmethod(original)  # noqa: SLF001


@contextmanager
def no_sudden_end() -> Iterator[None]:
    """Raise what goes wrong on the library's threads; it would end the process on the spot.

    A thread's error also comes out of its future, which the library mostly looks at.
    """
    from gptqmodel.utils import threadx

    worker = threadx._DeviceWorker  # noqa: SLF001 - there is no other place
    original, failures = worker._abort_process, []  # noqa: SLF001
    worker._abort_process = lambda _self, error: failures.append(error)  # noqa: SLF001
    try:
        yield
    finally:
        worker._abort_process = original  # noqa: SLF001
    if failures:
        raise failures[0]

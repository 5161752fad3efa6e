"""What is put right in LLM Compressor 0.14.0.1 while it quantizes; everything is put back after."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Self

import events

#: Called with a module, what the library says its loss is, and the seconds that it took.
Report = Callable[[Any, float | None, float | None], None]


@contextmanager
def repaired(walk: Callable[..., None], report: Report) -> Iterator[None]:
    """Let the library go over the model as `walk` does, and say what it did to each module.

    Args:
        walk: takes the place of the library's calibration pipelines.
        report: told of every module that GPTQ has quantized or AWQ has searched scales for.
    """
    with ExitStack() as stack:
        stack.enter_context(own_walk(walk))
        stack.enter_context(unpinned())
        stack.enter_context(gptq_reported(report))
        stack.enter_context(awq_reported(report))
        yield


@contextmanager
def own_walk(walk: Callable[..., None]) -> Iterator[None]:
    """Make the library calibrate with this function, whatever its modifiers ask for."""
    from llmcompressor.pipelines import CalibrationPipeline

    with _replaced(CalibrationPipeline, "from_modifiers", staticmethod(lambda *_a, **_k: walk)):
        yield


@contextmanager
def unpinned() -> Iterator[None]:
    """Let AWQ run without an accelerator; it pins memory for one unconditionally."""
    import torch
    from llmcompressor.pipelines.cache import IntermediatesCache

    if torch.accelerator.is_available():
        yield
        return
    with _replaced(IntermediatesCache, "pin_memory", lambda *_arguments: None):
        yield


@contextmanager
def gptq_reported(report: Report) -> Iterator[None]:
    """Report the loss of each module to its last digit; the library's log has two decimals."""
    from llmcompressor.modifiers.gptq import base

    class Reporter:
        """Stands in for the library's logger of one module."""

        def __init__(self, module: Any) -> None:
            self.module = module
            self.loss: float | None = None

        def set_results(self, name: str | None = None, loss: float | None = None) -> None:
            """Take what the library says of the module."""
            del name
            self.loss = loss

        def __enter__(self) -> Self:
            events.check()
            self.started = time.monotonic()
            return self

        def __exit__(self, kind: type[BaseException] | None, *_error: object) -> None:
            if kind is None:
                report(self.module, self.loss, time.monotonic() - self.started)

    with _replaced(base, "CompressionLogger", Reporter):
        yield


@contextmanager
def awq_reported(report: Report) -> Iterator[None]:
    """Report the error of the scales found for modules; the library keeps it to itself."""
    from llmcompressor.modifiers.transform.awq import AWQModifier

    search = AWQModifier._compute_best_scale  # noqa: SLF001 - there is no other place

    def searched(self: Any, mapping: Any, *arguments: Any) -> Any:
        scales = search(self, mapping, *arguments)
        loss = self._error_metrics[-1]["best_error"]
        for module in mapping.balance_layers:
            report(module, loss, None)
        return scales

    with _replaced(AWQModifier, "_compute_best_scale", searched):
        yield


@contextmanager
def _replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    original = vars(owner)[name]
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, original)

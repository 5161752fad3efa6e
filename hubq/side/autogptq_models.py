"""AutoGPTQ 0.7.1 on models and devices that it was not written for, and what its log says.

The library is left as it is; what is put in its place while it works is put back afterwards.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import events
import legacy_models
import quantizing
from quantizing import QuantizationError

_LAYER = re.compile(r"Start quantizing layer (\d+)/(\d+)")
_MODULE = re.compile(r"Quantizing (\S+) in layer (\d+)/(\d+)")
_SECONDS = re.compile(r"duration: (\S+)")
_LOSS = re.compile(r"avg loss: (\S+)")


class Log(logging.Handler):
    """What the library logs of its work: progress, and the loss and seconds of every module.

    Attributes:
        modules: one entry for each module, as `quantizing.Made` has them.
    """

    def __init__(self, damp: float, samples: int) -> None:
        """Listen for modules that are all solved with the same damping and samples."""
        super().__init__()
        self.modules: list[dict[str, Any]] = []
        self._shared = {"damp": damp, "samples": samples}

    def emit(self, record: logging.LogRecord) -> None:
        """Read one line, and be a safe point."""
        said = record.getMessage()
        if found := _LAYER.match(said):
            events.progress(int(found[1]) - 1, int(found[2]), "layers")
        elif found := _MODULE.match(said):
            entry = {"layer": int(found[2]) - 1, "module": found[1], "loss": None, "seconds": None}
            self.modules.append({**entry, **self._shared})
        elif (found := _SECONDS.match(said)) and self.modules:
            self.modules[-1]["seconds"] = quantizing.number(found[1])
        elif (found := _LOSS.match(said)) and self.modules:
            self.modules[-1]["loss"] = quantizing.number(found[1])
        events.check()

    @property
    def current(self) -> str:
        """The module that the library is at."""
        if not self.modules:
            return "a module"
        return f"layer {self.modules[-1]['layer']} {self.modules[-1]['module']}"

    def solved(self) -> list[dict[str, Any]]:
        """Return the entries in order.

        Raises:
            QuantizationError: a module's loss is no finite number.
        """
        for module in self.modules:
            if module["loss"] is None:
                name = f"layer {module['layer']} {module['module']}"
                raise QuantizationError(f"{name} was not quantized as asked: it has no finite loss")
        return sorted(self.modules, key=lambda module: (module["layer"], module["module"]))

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listen to the library."""
        library = logging.getLogger("auto_gptq")
        solver = logging.getLogger("auto_gptq.quantization.gptq")
        level = solver.level
        library.addHandler(self)
        solver.setLevel(logging.INFO)
        try:
            yield
        finally:
            solver.setLevel(level)
            library.removeHandler(self)


def wrapped(model: Any, layout: legacy_models.Layout, configuration: Any) -> Any:
    """Return a model as one of the library's own, which takes the rows as they are.

    The library's preparation of rows keeps tokens only, and its classes are of text models.
    """
    from auto_gptq.modeling.qwen2 import Qwen2GPTQForCausalLM

    class Wrapped(Qwen2GPTQForCausalLM):  # type: ignore[misc]
        layer_type = type(model.get_submodule(layout.layers)[0]).__name__
        layers_block_name = layout.layers
        outside_layer_modules = list(layout.outside)  # noqa: RUF012 - as the library has it

        def _prepare_examples_for_quantization(
            self, examples: Sequence[dict[str, Any]], batch_size: int = 1
        ) -> list[dict[str, Any]]:
            del batch_size
            return [dict(example) for example in examples]

    return Wrapped(model, False, configuration)


@contextmanager
def adapted(model: Any, log: Log, device: str) -> Iterator[None]:
    """Quantize this model with everything in place."""
    with on(device), honest_errors(model), checked(log), log.listening():
        yield


@contextmanager
def on(device: str) -> Iterator[None]:
    """Let the library work on a device; it knows CUDA's first only, also where there is none.

    Wherever it works it has to move rotary embeddings, which have no parameter to tell a device.
    """
    import torch
    from auto_gptq.modeling import _base, _utils

    originals = {
        (module, name): getattr(module, name)
        for module in (_base, _utils)
        for name in ("CUDA_0", "get_device")
    }
    synchronize, get_device = torch.cuda.synchronize, _utils.get_device

    def device_of(part: Any) -> Any:
        if isinstance(part, torch.Tensor) or any(True for _ in part.parameters()):
            return get_device(part)
        return next(part.buffers()).device

    for module in (_base, _utils):
        module.get_device = device_of
        if device == "cpu":
            module.CUDA_0 = module.CPU
    if device == "cpu":
        torch.cuda.synchronize = lambda *_device: None
    try:
        yield
    finally:
        for (module, name), original in originals.items():
            setattr(module, name, original)
        torch.cuda.synchronize = synchronize


@contextmanager
def honest_errors(model: Any) -> Iterator[None]:
    """Let a row that the model cannot read end the work; also make every row a safe point.

    The library stops each run of the model with an empty ValueError and passes over any other, as
    when the pictures do not fit the tokens: a row less, and nobody knows.
    """
    forward = model.forward

    def checked_forward(*positional: Any, **named: Any) -> Any:
        events.check()
        try:
            return forward(*positional, **named)
        except ValueError as error:
            if error.args:
                raise QuantizationError(f"the model cannot read a row: {error}") from error
            raise

    model.forward = checked_forward
    handles = [
        part.register_forward_pre_hook(lambda *_call: events.check())
        for part in model.modules()
        if type(part).__name__.endswith("DecoderLayer")
    ]
    try:
        yield
    finally:
        del model.forward
        for handle in handles:
            handle.remove()


@contextmanager
def checked(log: Log) -> Iterator[None]:
    """Look at what the library has solved before it packs it."""
    import torch
    from auto_gptq.modeling import _base

    original = _base.GPTQ

    class Checked(original):  # type: ignore[misc, valid-type]
        def fasterquant(self, **options: Any) -> tuple[Any, Any, Any]:
            try:
                scale, zero, groups = super().fasterquant(**options)
            except torch.linalg.LinAlgError as error:
                said = f"{log.current} could not be solved with damp {options['percdamp']:g}"
                raise QuantizationError(said) from error
            problem = misfit(self.layer.weight.data, scale, zero, groups, int(self.quantizer.maxq))
            if problem:
                raise QuantizationError(f"{log.current}: {problem}")
            return scale, zero, groups

    _base.GPTQ = Checked
    try:
        yield
    finally:
        _base.GPTQ = original


def misfit(weight: Any, scale: Any, zero: Any, groups: Any, highest: int) -> str:
    """Return why weights would not be packed as they were solved; empty if they would.

    The library divides by scales that it has rounded to float16 and writes what comes out into so
    many bits without looking: what is too large goes into the next weight's bits. Zero points are
    stored less one, where a zero would do the same to all the words after it.

    Args:
        weight: as solved, float16, [outputs, inputs].
        scale: of each group, float32, [outputs, groups].
        zero: likewise.
        groups: of each input, the number of its group.
        highest: number that the bits can hold.
    """
    import torch

    if bool((zero < 1).any()) or bool((zero > highest + 1).any()):
        return "a zero point does not fit into its bits"
    index = groups.to(scale.device).long()
    stored = scale.to(weight.dtype)
    numbers = torch.round((weight + (zero * scale)[:, index]) / stored[:, index])
    if not bool(torch.isfinite(numbers).all()):
        return f"a scale is nothing in {legacy_models.DTYPE}"
    if bool((numbers < 0).any()) or bool((numbers > highest).any()):
        return "a weight does not fit into its bits"
    return ""

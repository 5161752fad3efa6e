"""Going over a language model layer by layer with LLM Compressor's modifiers.

The library's own way is to trace the model on the first row and to run all rows through that trace.
Where the first row has no picture, the pictures of the others are left out without a word; where it
has one, a row without fails. Here the model's own code runs for every row, up to its language
model, whose layers are then run one after the other over all rows, each as the model calls it.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import events
from quantizing import QuantizationError


class _ReachedError(Exception):
    """Leaves a model where its language model would begin."""


class Stack:
    """A language model's layers, and where each calibration row stands in them.

    Attributes:
        name: of the list of layers, such as `model.language_model.layers`.
        layers: the list.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self.decoder = model.get_decoder()
        self.layers = self.decoder.layers
        self.name = next(name for name, found in model.named_modules() if found is self.layers)
        self._calls: list[dict[str, Any]] = []
        self._hidden: list[Any] = []
        self._row = self._turn = -1
        self._output: Any = None

    def linears(self) -> dict[str, tuple[int, str, Any]]:
        """Return the Linears of the layers by name: the layer's number, the name in it, itself."""
        from torch import nn

        return {
            f"{self.name}.{number}.{name}": (number, name, module)
            for number, layer in enumerate(self.layers)
            for name, module in layer.named_modules()
            if isinstance(module, nn.Linear)
        }

    @contextmanager
    def over(self, rows: Iterable[dict[str, Any]]) -> Iterator[None]:
        """Have rows ready before the first layer; within this context layers can be run."""
        self._calls = [self._call(row) for row in rows]
        self._hidden = [None] * len(self._calls)
        originals = [layer.forward for layer in self.layers]
        for number, layer in enumerate(self.layers):
            layer.forward = self._in_turn(number, originals[number])
        try:
            yield
        finally:
            for layer in self.layers:
                del layer.forward
            self._calls, self._hidden, self._output = [], [], None

    def run(self, number: int, *, keep: bool) -> Iterator[int]:
        """Run one layer over all rows, yielding each row's number before it is run.

        What happens between layers (DeepStack's pictures) is the model's own doing: it is called
        whole each time, with layers before this one giving what they gave and those after it
        nothing to do.

        Args:
            number: of the layer; those before it have been run and kept.
            keep: whether the rows go on from what the layer gives now.
        """
        self._turn = number
        for row, call in enumerate(self._calls):
            events.check()
            yield row
            self._row = row
            hidden = self._hidden[row]
            given = {} if hidden is None else {"input_ids": None, "inputs_embeds": hidden}
            self.decoder(**call | given)
            if keep:
                self._hidden[row] = self._output

    def _call(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments with which the model calls its language model for a row."""
        device = self.model.device
        inputs = {
            name: value.to(device) if hasattr(value, "to") else value for name, value in row.items()
        }
        signature = inspect.signature(self.decoder.forward)
        caught: dict[str, Any] = {}

        def catch(*arguments: Any, **named: Any) -> None:
            caught.update(signature.bind(*arguments, **named).arguments)
            raise _ReachedError

        self.decoder.forward = catch
        try:
            self.model(**inputs, use_cache=False)
        except _ReachedError:
            pass
        finally:
            del self.decoder.forward
        caught |= caught.pop("kwargs", {})
        return caught | {"use_cache": False, "past_key_values": None}

    def _in_turn(self, number: int, forward: Any) -> Any:
        def step(hidden: Any, *arguments: Any, **named: Any) -> Any:
            if number < self._turn:
                return self._hidden[self._row]
            if number > self._turn:
                return hidden
            self._output = forward(hidden, *arguments, **named)
            return self._output

        return step


class Walk:
    """What takes the place of the library's calibration pipelines.

    Each modifier goes over the whole model by itself, as the library's default has it: smoothing
    sees the activations of the model as it was.
    """

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.total = self.done = 0

    def __call__(
        self, model: Any, dataloader: Iterable[dict[str, Any]] | None, _about: Any
    ) -> None:
        """Run all modifiers of the library's active session over the model."""
        from compressed_tensors.utils import patch_attr
        from llmcompressor.core import LifecycleCallbacks, active_session

        recipe = active_session().lifecycle.recipe
        modifiers = list(recipe.modifiers)
        looking = [modifier for modifier in modifiers if modifier.requires_calibration_data]
        self.total = max(1, len(looking)) * len(self.stack.layers)
        with patch_attr(recipe, "modifiers", None), safe_points(self.stack):
            for modifier in modifiers:
                recipe.modifiers = [modifier]
                LifecycleCallbacks.calibration_start()
                if modifier in looking:
                    self._calibrate(model, list(dataloader or ()))
                else:
                    self._finish_layers(count=not looking)
                require_thorough(modifier)
                LifecycleCallbacks.calibration_end()

    def _calibrate(self, model: Any, rows: Sequence[dict[str, Any]]) -> None:
        from llmcompressor.core import active_session
        from llmcompressor.modifiers.utils.hooks import HooksMixin
        from llmcompressor.utils.helpers import DisableQuantization, calibration_forward_context

        state = active_session().state
        state.loss_masks, state.sequential_prefetch = None, False
        with ExitStack() as contexts:
            contexts.enter_context(calibration_forward_context(model))
            contexts.enter_context(DisableQuantization(model))
            contexts.enter_context(self.stack.over(rows))
            for number in range(len(self.stack.layers)):
                for row in self.stack.run(number, keep=False):
                    state.current_batch_idx = row
                self._finish(number)
                if number + 1 < len(self.stack.layers):
                    with HooksMixin.disable_hooks():
                        list(self.stack.run(number, keep=True))
                self._count()

    def _finish_layers(self, *, count: bool) -> None:
        for number in range(len(self.stack.layers)):
            events.check()
            self._finish(number)
            if count:
                self._count()

    def _finish(self, number: int) -> None:
        """Let the modifier do its work on a layer that all rows have passed."""
        from llmcompressor.core import LifecycleCallbacks

        LifecycleCallbacks.sequential_epoch_end(list(self.stack.layers[number].modules()))

    def _count(self) -> None:
        self.done += 1
        events.progress(self.done, self.total, "layers")


@contextmanager
def safe_points(stack: Stack) -> Iterator[None]:
    """Make every call of a Linear of the layers a safe point: AWQ's search runs them for long."""
    hooks = [
        module.register_forward_pre_hook(lambda *_arguments: events.check())
        for _, _, module in stack.linears().values()
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def require_thorough(modifier: Any) -> None:
    """Raise QuantizationError where a modifier went on after something that it only logs."""
    rounded = getattr(modifier, "_rtn_fallback_module_names", [])
    if rounded:
        raise QuantizationError(f"{rounded[0]} was rounded: its Hessian could not be inverted")
    searched = {entry["layer_name"] for entry in getattr(modifier, "_error_metrics", [])}
    for mapping in getattr(modifier, "_resolved_mappings", []):
        if mapping.smooth_name not in searched:
            raise QuantizationError(f"{mapping.smooth_name}: AWQ searched no scales for it")

"""AutoAWQ 0.2.9's search, looking at every row as it is, and what it finds.

The library cuts texts into blocks of one length and puts them into one batch; rows with pictures
have lengths and positions of their own. Here all rows stand one after another along the tokens,
and what looks from token to token gets them row by row, each with its own positions.
"""

from __future__ import annotations

import inspect
import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import calibration_rows
import events
import legacy_models
from quantizing import QuantizationError

#: Tokens that go through a part that looks at each alone, at a time; bounds its memory.
TOKENS_AT_ONCE = 4096
#: What a layer is told of a row beside its states.
OF_A_ROW = ("attention_mask", "position_ids", "position_embeddings")


class _Reached(Exception):  # noqa: N818 - no error: the first layer was reached
    """Ends a run of the model at its first layer."""


def quantizer(rows: Sequence[calibration_rows.Row], layout: legacy_models.Layout) -> type[Any]:
    """Return a quantizer class of the library's that looks at these rows."""
    from awq.quantize.quantizer import AwqQuantizer

    class Quantizer(_Rows, _Findings, AwqQuantizer):  # type: ignore[misc]
        calibration = rows
        outside = layout.outside

    return Quantizer


class _Findings:
    """Records the loss of each search.

    Attributes:
        found: an entry for each Linear, as `quantizing.Made` has them; the loss is the mean square
            of what a search has changed in its output, none where nothing was searched.
    """

    calibration: Sequence[calibration_rows.Row]
    modules: Any
    inps: Any
    _module_forward: Any

    def __init__(self, *positional: Any, **named: Any) -> None:
        """Take what the library's class takes."""
        self.found: list[dict[str, Any]] = []
        self._losses: list[float] = []
        super().__init__(*positional, **named)

    def _get_input_feat(self, layer: Any, named_linears: dict[str, Any]) -> dict[str, Any]:
        """Run a layer for the next one's states; return what went into each of its Linears."""
        index = len({entry["layer"] for entry in self.found})
        events.progress(index, len(self.modules), "layers")
        self.found += [
            {"layer": index, "module": name, "loss": None, "damp": None, "seconds": None}
            | {"samples": len(self.calibration)}
            for name in sorted(named_linears)
        ]
        states: dict[str, list[Any]] = defaultdict(list)
        handles = [
            linear.register_forward_hook(
                lambda _part, inputs, _out, name=name: states[name].append(inputs[0].detach().cpu())
            )
            for name, linear in named_linears.items()
        ]
        self.inps = self._module_forward(self.inps.to(_device(layer)), layer, {})
        for handle in handles:
            handle.remove()
        return {name: _joined(parts) for name, parts in states.items()}

    def _compute_loss(self, *positional: Any, **named: Any) -> float:
        loss = float(super()._compute_loss(*positional, **named))  # type: ignore[misc]
        self._losses.append(loss)
        return loss

    def _compute_best_scale(
        self, x: Any, w_mean: Any, x_mean: Any, module2inspect: Any, *rest: Any
    ) -> Any:
        """Search one scale with the weights really put back after each trial.

        The library keeps them by `.cpu()`, which on a CPU is no copy: it would scale what it keeps,
        and leave the weights multiplied by its first trial.
        """
        handle = module2inspect.register_state_dict_post_hook(_copy_what_is_on_cpu)
        try:
            return super()._compute_best_scale(x, w_mean, x_mean, module2inspect, *rest)  # type: ignore[misc]
        finally:
            handle.remove()

    def _search_best_scale(self, module: Any, prev_op: Any, layers: Any, **named: Any) -> Any:
        """Search one scale, as the library does, and record what its loss is.

        Raises:
            QuantizationError: no scale has a finite one.
        """
        self._losses = []
        layer = self.found[-1]["layer"]
        names = {name for name, part in module.named_modules() if any(part is x for x in layers)}
        try:
            result = super()._search_best_scale(module, prev_op, layers, **named)  # type: ignore[misc]
        except Exception as error:
            if self._losses and not any(map(math.isfinite, self._losses)):
                said = f"layer {layer} {', '.join(sorted(names))}: no scale has a finite loss"
                raise QuantizationError(f"{said} in {legacy_models.DTYPE}") from error
            raise
        best = min(filter(math.isfinite, self._losses))
        for entry in self.found:
            if entry["layer"] == layer and entry["module"] in names:
                entry["loss"] = best
        return result


class _Rows:
    """Runs the model and its parts on rows of any length."""

    calibration: Sequence[calibration_rows.Row]
    outside: Sequence[str]
    awq_model: Any
    model: Any

    def init_quant(self, **_limits: Any) -> tuple[Any, dict[str, Any], Any]:
        """Return the layers, what the library tells all of them, and the states of all rows.

        The states are of shape [1, tokens of all rows, width]. What only one row is told the
        library does not know; it must find rotary positions, or would make its own.
        """
        layers = self.awq_model.get_model_layers(self.model)
        device = _best_device()
        moved = [self.model.get_submodule(name) for name in self.outside]
        for part in (*moved, layers[0]):
            part.to(device)
        states: list[Any] = []
        self._told: list[dict[str, Any]] = []
        first = layers[0]
        layers[0] = _first_layer(states, self._told)
        for row in self.calibration:
            events.check()
            try:
                self.model(**{name: value.to(device) for name, value in row.inputs.items()})
            except _Reached:
                continue
        layers[0] = first
        for part in (*moved, first):
            part.cpu()
        self._lengths = [part.shape[1] for part in states]
        return layers, {"position_embeddings": (), "attention_mask": None}, _joined(states)

    def _module_forward(self, x: Any, module: Any, _told_to_all: dict[str, Any]) -> Any:
        """Return a part's output for the states of all rows."""
        import torch

        parameters = inspect.signature(module.forward).parameters.keys()
        apart = "position_embeddings" in parameters
        outputs = []
        with torch.no_grad():
            parts = torch.split(x, self._lengths if apart else TOKENS_AT_ONCE, dim=1)
            for place, part in enumerate(parts):
                events.check()
                told = self._told[place] if apart else {}
                known = {name: value for name, value in told.items() if name in parameters}
                output = module(part, **_moved(known, x.device))
                outputs.append(output[0] if isinstance(output, tuple) else output)
        return _joined(outputs)


def _first_layer(states: list[Any], told: list[dict[str, Any]]) -> Any:
    """Return what stands in for the first layer: it keeps what that would get, and ends the run."""
    from torch import nn

    class First(nn.Module):  # type: ignore[misc]
        def forward(self, hidden_states: Any, **given: Any) -> None:
            states.append(hidden_states.cpu())
            told.append(_moved({name: given.get(name) for name in OF_A_ROW}, "cpu"))
            raise _Reached

    return First()


def _copy_what_is_on_cpu(_part: Any, state: Any, _prefix: str, _metadata: Any) -> None:
    for name, tensor in state.items():
        if tensor.device.type == "cpu":
            state[name] = tensor.clone()


def _moved(value: Any, device: Any) -> Any:
    """Return tensors, also those in a mapping or a tuple, on a device."""
    if isinstance(value, dict):
        return {name: _moved(inner, device) for name, inner in value.items()}
    if isinstance(value, tuple):
        return tuple(_moved(inner, device) for inner in value)
    return value if value is None else value.to(device)


def _joined(parts: Sequence[Any]) -> Any:
    import torch

    return torch.cat(list(parts), dim=1)


def _device(part: Any) -> Any:
    return next(part.parameters()).device


def _best_device() -> str:
    from awq.utils.utils import get_best_device

    return str(get_best_device())

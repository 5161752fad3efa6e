"""Quantize a model with LLM Compressor: FP8, SmoothQuant INT8, GPTQ and AWQ.

Only the Linears of the language model's layers are quantized; the checkpoint is in the
compressed-tensors format, which transformers and vLLM load.
"""

from __future__ import annotations

import gc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import calibration_rows
import events
import llmcompressor_files
import llmcompressor_layers
import llmcompressor_recipe
import llmcompressor_repairs
import loading
import quantizing
from quantizing import Made, QuantizationError, Task

LIBRARIES = (
    *("llmcompressor", "compressed-tensors", "transformers", "torch", "safetensors"),
    *("tokenizers", "numpy"),
)


def run(job: dict[str, Any], work: Path) -> dict[str, Any]:
    """Quantize one model; see `quantizing.run`."""
    llmcompressor_recipe.require_feasible(job["settings"])
    return quantizing.run(job, work, quantize, LIBRARIES)


def quantize(task: Task) -> Made:
    """Quantize and save with LLM Compressor.

    Raises:
        QuantizationError: a module was not quantized as asked, or not saved as it must be.
        events.Infeasible: the library cannot make what is asked, or not so that it is any use.
    """
    with task.clock.phase("import"):
        import llmcompressor  # noqa: F401 - it takes as long as loading, and is told apart
    with task.clock.phase("read calibration"):
        looking = llmcompressor_recipe.needs_calibration(task.settings)
        rows, dropped = quantizing.encoded_rows(task) if looking else ([], [])
    modules, ignore = _save(task, rows)
    # The model is in reference cycles with its hooks; looking through the files needs no model.
    gc.collect()
    with task.clock.phase("put in order"):
        resolved = quantizing.put_in_order(
            task.source,
            task.checkpoint,
            amend=lambda saved: saved | {"ignore": ignore},
            twin=False,
        )
        scheme = llmcompressor_recipe.scheme(task.settings)
        llmcompressor_files.require_tensors(task.source, task.checkpoint, scheme, len(modules))
    return Made(
        quantization_config=resolved,
        calibration=calibration_rows.summary(rows, dropped),
        modules=modules,
    )


def _save(
    task: Task, rows: Sequence[calibration_rows.Row]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Load, quantize and save; return what was done to each Linear, and what was left alone."""
    with task.clock.phase("load"):
        model, processor = _load(task)
        require_answering(model)
        stack = llmcompressor_layers.Stack(model)
        linears = stack.linears()
        require_divisible(linears, task.settings)
    ignore = llmcompressor_recipe.ignored(loading.linears(model).keys() - linears.keys(), linears)
    steps = llmcompressor_recipe.steps(task.settings, layers=stack.name, ignore=ignore)
    with task.clock.phase("quantize"):
        modules = compress(stack, processor, steps, rows)
    events.check()
    quantizing.require_every_layer(modules, len(stack.layers))
    with task.clock.phase("save"):
        _pack(stack)
        model.save_pretrained(str(task.checkpoint), save_compressed=True)
    return modules, ignore


def _pack(stack: llmcompressor_layers.Stack) -> None:
    """Pack the weights one by one, as saving would do all at once where nobody could stop it."""
    from compressed_tensors.compressors import compress_module

    linears = stack.linears()
    for done, (_, _, module) in enumerate(linears.values(), start=1):
        compress_module(module)
        events.progress(done, len(linears), "modules")


def compress(
    stack: llmcompressor_layers.Stack,
    processor: Any,
    steps: Sequence[llmcompressor_recipe.Step],
    rows: Sequence[calibration_rows.Row],
) -> list[dict[str, Any]]:
    """Run the library's modifiers over a loaded model; return what was done to each Linear.

    Args:
        stack: the model's layers.
        processor: only so that the library does not look for one.
        steps: see `llmcompressor_recipe.steps`.
        rows: fed one by one, in this order, as they are.
    """
    from llmcompressor import oneshot
    from llmcompressor.core import reset_session
    from torch.utils.data import DataLoader

    losses = Losses(stack, steps, len(rows))
    feed = DataLoader([row.inputs for row in rows], batch_size=1, collate_fn=lambda one: one[0])
    try:
        with llmcompressor_repairs.repaired(llmcompressor_layers.Walk(stack), losses.take):
            oneshot(
                model=stack.model,
                processor=processor,
                recipe=[_modifier(name, arguments) for name, arguments in steps],
                dataset=feed if rows else None,
            )
        return losses.modules()
    finally:
        # The library's one session would keep the model and its modifiers for the next job.
        reset_session()


class Losses:
    """What the library says of each Linear, as far as it says anything."""

    def __init__(
        self,
        stack: llmcompressor_layers.Stack,
        steps: Sequence[llmcompressor_recipe.Step],
        samples: int,
    ) -> None:
        self.linears = stack.linears()
        self.samples = samples
        self.damp = next(
            (step["dampening_frac"] for _, step in steps if "dampening_frac" in step), None
        )
        self.names = {module: name for name, (_, _, module) in self.linears.items()}
        self.said: dict[str, tuple[float | None, float | None]] = {}

    def take(self, module: Any, loss: float | None, seconds: float | None) -> None:
        """Note what the library says of a module.

        Raises:
            QuantizationError: its loss is no number.
        """
        name = self.names[module]
        layer, short, _ = self.linears[name]
        found = quantizing.number(loss)
        if found is None:
            raise QuantizationError(f"layer {layer} {short} was not quantized: loss {loss!r}")
        self.said[name] = (found, seconds)
        events.metric("loss", found, layer=layer, module=short)

    def modules(self) -> list[dict[str, Any]]:
        """Return one entry for each Linear that has a quantization scheme by now.

        Raises:
            QuantizationError: GPTQ has left one out.
        """
        entries = []
        for name, (layer, short, module) in self.linears.items():
            if getattr(module, "quantization_scheme", None) is None:
                continue
            if self.damp is not None and name not in self.said:
                raise QuantizationError(f"layer {layer} {short} was not quantized: no loss")
            loss, seconds = self.said.get(name, (None, None))
            entries.append(
                {
                    "layer": layer,
                    "module": short,
                    "loss": loss,
                    "damp": self.damp,
                    "samples": self.samples if loss is not None else None,
                    "seconds": None if seconds is None else round(seconds, 3),
                }
            )
        return sorted(entries, key=lambda entry: (entry["layer"], entry["module"]))


def require_answering(model: Any) -> None:
    """Raise events.Infeasible for a model that transformers could load and not ask about pictures.

    `generate` encodes pictures before the first forward. On that forward compressed-tensors unpacks
    the weights and wraps every module that holds tensors of its own; the wrapper turns the encoded
    pictures into a plain dict, which LLaVA-OneVision's outermost module, it holding one such
    tensor, then fails on.
    """
    own = [name for name, _ in model.base_model.named_parameters(recurse=False)]
    if own and getattr(model.config, "vision_config", None) is not None:
        raise events.Infeasible(
            f"transformers cannot generate from pictures with a {model.config.model_type} in the"
            f" compressed-tensors format (0.19 breaks models with {own[0]})"
        )


def require_divisible(linears: dict[str, tuple[int, str, Any]], settings: dict[str, Any]) -> None:
    """Raise QuantizationError where a group does not divide a Linear's input channels.

    The library only looks where there are at least as many channels as in one group.
    """
    group = llmcompressor_recipe.scheme(settings)["weights"].get("group_size", 1)
    for name, (_, _, module) in linears.items():
        if module.in_features % group:
            raise QuantizationError(
                f"{name} has {module.in_features} input channels, no multiple of {group}"
            )


def _load(task: Task) -> tuple[Any, Any]:
    """Return the source in its own precision, ready to be saved by the library, and a processor."""
    model, processor = loading.load_model(task.source, "auto", task.settings["device"])
    # Where a map of devices is left, the library would wrap every module to move its weights.
    if hasattr(model, "hf_device_map"):
        del model.hf_device_map
    # The source's own file is carried over; saving would refuse settings that contradict others.
    from transformers import GenerationConfig

    model.generation_config = GenerationConfig()
    return model, processor


def _modifier(name: str, arguments: dict[str, Any]) -> Any:
    from llmcompressor.modifiers.gptq import GPTQModifier
    from llmcompressor.modifiers.quantization import QuantizationModifier
    from llmcompressor.modifiers.transform.awq import AWQMapping, AWQModifier
    from llmcompressor.modifiers.transform.smoothquant import SmoothQuantModifier

    kinds = (GPTQModifier, QuantizationModifier, AWQModifier, SmoothQuantModifier)
    mappings = arguments.get("mappings")
    if name == "AWQModifier":
        mappings = [AWQMapping(**mapping) for mapping in arguments["mappings"]]
    elif mappings:
        mappings = [(one["balance_layers"], one["smooth_layer"]) for one in mappings]
    given = arguments | ({"mappings": mappings} if mappings else {})
    return {kind.__name__: kind for kind in kinds}[name](**given)

"""Quantize a text model with optimum's GPTQQuantizer, which solves with GPTQModel's GPTQ.

Optimum runs the model block by block and each Linear of a block by itself. What it writes about its
own files is wrong in places (the format differs between its two configurations, all calibration
rows stand in one of them), so the configuration is written anew from what it has done.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import calibration_rows
import events
import loading
import quantizing
import shards
from quantizing import Made, QuantizationError, Task

LIBRARIES = ("optimum", "gptqmodel", "transformers", "torch", "safetensors", "tokenizers", "numpy")


def run(job: dict[str, Any], work: Path) -> dict[str, Any]:
    """Quantize one model; see `quantizing.run`."""
    return quantizing.run(job, work, quantize, LIBRARIES)


def quantize(task: Task) -> Made:
    """Quantize and save with optimum.

    Raises:
        events.Infeasible: it is a vision-language model.
        QuantizationError: a module or a layer was not quantized as asked.
    """
    if loading.is_vision_language(task.source):
        raise events.Infeasible(
            "optimum's GPTQ takes text alone, never pictures; the gptqmodel backend takes both"
        )
    with task.clock.phase("import"):
        from optimum.gptq import GPTQQuantizer
    with task.clock.phase("read calibration"):
        rows, dropped = quantizing.encoded_rows(task)
    with task.clock.phase("load"):
        model, _ = loading.load_model(task.source, "auto", task.settings["device"])
        quantizer = GPTQQuantizer(dataset=_examples(rows), **_options(task.settings))
    layers = quantizing.language_layers(model.config)
    with task.clock.phase("quantize"), _watched(model) as modules:
        quantizer.quantize_model(model)
    events.check()
    quantizing.require_every_layer(modules, layers)
    # Both would be written with the rows, which are no text and do not belong there.
    quantizer.dataset = None
    model.config.quantization_config = quantizer.to_dict()
    with task.clock.phase("save"):
        limit = shards.largest(task.source)
        quantizer.save(model, str(task.checkpoint), max_shard_size=limit)
    with task.clock.phase("put in order"):
        resolved = quantizing.put_in_order(
            task.source, task.checkpoint, amend=lambda _saved: describe(quantizer.to_dict())
        )
        quantizing.require_packed(task.checkpoint, modules)
    return Made(
        quantization_config=resolved,
        calibration=calibration_rows.summary(rows, dropped),
        modules=modules,
    )


def _examples(rows: list[calibration_rows.Row]) -> list[dict[str, Any]]:
    """Return the rows as optimum takes them without tokenizing again."""
    names = ("input_ids", "attention_mask")
    return [{name: row.inputs[name] for name in names} for row in rows]


def _options(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of optimum's quantizer for these settings."""
    return {
        "bits": settings["bits"],
        "group_size": settings["group_size"],
        "sym": settings["sym"],
        "desc_act": settings["desc_act"],
        "damp_percent": settings["damp"],
        # The solver's own order of groups: it cannot be had with act-order or without groups.
        "act_group_aware": not settings["desc_act"] and settings["group_size"] > 0,
        "batch_size": 1,
    }


def describe(done: dict[str, Any]) -> dict[str, Any]:
    """Return a quantization configuration from what optimum says of itself after saving.

    Only then does it know the format of the weights that it has written.

    Args:
        done: `GPTQQuantizer.to_dict()`; holds the calibration rows as `dataset`.
    """
    kept = ("bits", "group_size", "desc_act", "sym", "damp_percent", "true_sequential")
    return {
        **{name: done[name] for name in kept},
        "act_group_aware": done["act_group_aware"],
        "lm_head": False,
        "quant_method": "gptq",
        "format": done["format"],
        "checkpoint_format": done["format"],
        "meta": {"quantizer": done["meta"]["quantizer"]},
    }


@contextmanager
def _watched(model: Any) -> Iterator[list[dict[str, Any]]]:
    """Collect what the solver says of each module, and report it as it comes.

    A stop that was asked for leaves optimum by Stop, at a block's next forward pass or module.
    """
    from gptqmodel.quantization import GPTQ
    from torch import nn

    blocks = model.get_decoder().layers
    places = {
        id(module): (number, name)
        for number, block in enumerate(blocks)
        for name, module in block.named_modules()
        if isinstance(module, nn.Linear)
    }
    modules: list[dict[str, Any]] = []
    solve = GPTQ.fasterquant

    def fasterquant(self: Any, *arguments: Any, **options: Any) -> Any:
        answer = solve(self, *arguments, **options)
        modules.append(read_module(places[id(self.module)], *answer[3:], self.nsamples))
        _report(modules[-1])
        events.progress(len(modules), len(places), "modules")
        return answer

    hooks = [block.register_forward_pre_hook(lambda *_about: events.check()) for block in blocks]
    GPTQ.fasterquant = fasterquant
    try:
        yield modules
    finally:
        GPTQ.fasterquant = solve
        for hook in hooks:
            hook.remove()


def _report(module: dict[str, Any]) -> None:
    events.metric("loss", module["loss"], layer=module["layer"], module=module["module"])


def read_module(
    place: tuple[int, str], seconds: float, loss: Any, damp: float, samples: int
) -> dict[str, Any]:
    """Return what a result records of a module.

    Args:
        place: the number of its block and its name in it.
        seconds: that the solver took.
        loss: a number, or in words that the module was rounded instead.
        damp: the fraction of the mean diagonal that was added in the end.
        samples: how many inputs the solver has seen.

    Raises:
        QuantizationError: the module was not solved.
    """
    layer, module = place
    where, found = f"layer {layer} {module}", quantizing.number(loss)
    if found is None:
        raise QuantizationError(f"{where} was not quantized as asked: loss {loss!r}")
    if damp >= 1:
        raise QuantizationError(f"{where} could not be solved: damping reached 1")
    return {
        "layer": layer,
        "module": module,
        "loss": found,
        "damp": float(damp),
        "samples": float(samples),
        "seconds": float(seconds),
    }

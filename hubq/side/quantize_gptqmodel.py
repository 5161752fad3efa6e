"""Quantize a model with GPTQModel: GPTQ, AWQ or plain rounding of the language model's Linears.

GPTQModel goes on without an error when weights are not finite, when groups do not fit, or when its
looper ends early; its log tells, and is read here.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import calibration_rows
import events
import gptqmodel_families
import gptqmodel_repairs
import quantizing
import shards
from gptqmodel_repairs import told
from quantizing import Made, QuantizationError, Task

LIBRARIES = ("gptqmodel", "transformers", "torch", "safetensors", "tokenizers", "numpy", "optimum")
#: What may stand for a module's loss: nothing but a number; for AWQ also this, of a module whose
#: input has no scale to fold, such as the output projection under grouped-query attention.
LOSSLESS = {"gptq": (), "gptaq": (), "awq": ("not applicable",), "rtn": ()}

#: Of the library's own notes, those that say how the weights came about.
DESCRIBED = (
    "quantizer", "uri", "damp_percent", "damp_auto_increment", "act_group_aware", "static_groups",
    "true_sequential", "mse", "gptaq", "fallback",
)  # fmt: skip


def run(job: dict[str, Any], work: Path) -> dict[str, Any]:
    """Quantize one model; see `quantizing.run`."""
    return quantizing.run(job, work, quantize, LIBRARIES)


def quantize(task: Task) -> Made:
    """Quantize and save with GPTQModel.

    Raises:
        QuantizationError: a module or a layer was not quantized as asked.
    """
    with task.clock.phase("import"):
        from gptqmodel import GPTQModel

        gptqmodel_families.register()
    with task.clock.phase("read calibration"):
        rows, dropped = _calibration(task)
    with task.clock.phase("load"):
        config = _configuration(task.settings, task.scratch)
        model = GPTQModel.load(str(task.source), config, device=task.settings["device"])
    with task.clock.phase("quantize"), gptqmodel_repairs.repaired(model), told(report):
        watch(model)
        log = model.quantize(
            [row.inputs for row in rows] if rows else None, batch_size=1, calibration_sort=None
        )
    events.check()
    modules = _modules(log, task.settings)
    quantizing.require_every_layer(modules, quantizing.language_layers(model.model.config))
    with task.clock.phase("save"), gptqmodel_repairs.source_names(model):
        model.save(str(task.checkpoint), max_shard_size=shards.largest(task.source))
    with task.clock.phase("put in order"):
        resolved = quantizing.put_in_order(
            task.source, task.checkpoint, amend=lambda saved: _amend(task.checkpoint, saved)
        )
        quantizing.require_packed(task.checkpoint, modules)
    return Made(
        quantization_config=resolved,
        calibration=calibration_rows.summary(rows, dropped),
        modules=modules,
    )


def _amend(checkpoint: Path, saved: dict[str, Any]) -> dict[str, Any]:
    awq = saved["quant_method"] == "awq"
    saved = quantizing.keep_plain_branches(checkpoint, saved) if awq else saved
    return saved | {"meta": described(saved["meta"])}


def described(meta: dict[str, Any]) -> dict[str, Any]:
    """Return what a configuration's `meta` says of the weights, not of how this machine worked."""
    return {name: meta[name] for name in DESCRIBED if meta.get(name) is not None}


def _calibration(
    task: Task,
) -> tuple[list[calibration_rows.Row], list[calibration_rows.Dropped]]:
    if task.settings["method"] == "rtn":
        return [], []
    return quantizing.encoded_rows(task, equal=task.settings["method"] == "awq")


def _configuration(settings: dict[str, Any], scratch: Path) -> Any:
    """Return GPTQModel's configuration for these settings."""
    from gptqmodel.quantization.config import AWQConfig, GPTAQConfig, GPTQConfig, RTNConfig

    shared = {
        "bits": settings["bits"],
        "group_size": settings["group_size"],
        "sym": settings["sym"],
        # The working directory is the job's own; a killed worker leaves nothing elsewhere.
        "offload_to_disk_path": str(scratch / "offload"),
    }
    if settings["method"] == "awq":
        return AWQConfig(**shared)
    if settings["method"] == "rtn":
        return RTNConfig(**shared)
    solver: dict[str, Any] = {"desc_act": settings["desc_act"], "damp_percent": settings["damp"]}
    if settings["method"] == "gptaq":
        solver["gptaq"] = GPTAQConfig(alpha=settings["alpha"])
    # The library's own order of groups: it cannot be had with act-order or without groups, and
    # GPTAQ ignores it.
    plain = settings["method"] == "gptq" and settings["group_size"] > 0
    solver["act_group_aware"] = plain and not settings["desc_act"]
    return GPTQConfig(**shared, **solver)


def watch(model: Any) -> None:
    """Report layers as they are finished; a stop that was asked for leaves the library by Stop."""
    layers = quantizing.language_layers(model.model.config)

    def on_layer(*, layer_idx: int, submodule_finalized: bool) -> None:
        events.progress(layer_idx + submodule_finalized, layers, "layers")

    def on_subset(**_about: Any) -> None:
        events.check()

    model.layer_callback, model.subset_callback = on_layer, on_subset


def report(entry: dict[str, Any]) -> None:
    """Tell the loss of a module that the library has just logged."""
    loss = _number(entry.get("loss"))
    if loss is not None:
        module = {"layer": int(entry["layer"]), "module": str(entry["module"])}
        events.metric("loss", loss, **module)


def _modules(log: dict[str, list[Any]], settings: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the library says of each module it quantized.

    Raises:
        QuantizationError: a module was rounded instead, or AWQ did not look at all rows.
    """
    modules = []
    for entry in (entry for entries in log.values() for entry in entries):
        module = {
            "layer": int(entry["layer"]),
            "module": str(entry["module"]),
            "loss": _number(entry.get("loss")),
            "damp": _number(entry.get("damp")),
            "samples": _number(entry.get("samples")),
            "seconds": _number(entry.get("time")),
        }
        name = f"layer {module['layer']} {module['module']}"
        said = entry.get("loss")
        if module["loss"] is None and said not in LOSSLESS[settings["method"]]:
            raise QuantizationError(f"{name} was not quantized as asked: loss {said!r}")
        if module["damp"] is not None and module["damp"] >= 1:
            raise QuantizationError(f"{name} could not be solved: damping reached 1")
        if settings["method"] == "awq":
            _require_all_rows(name, entry)
        modules.append(module)
    if settings["method"] == "awq":
        _require_searched(modules)
    return sorted(modules, key=lambda module: (module["layer"], module["module"]))


def _number(said: Any) -> float | None:
    """Return the number that the library logged, or none when it logged words or no finite number.

    Rounding, when it was asked for, is logged as `rtn: <error>`; as a way out it is `rtn fallback`.
    """
    return quantizing.number(str(said).removeprefix("rtn: "))


def _require_all_rows(name: str, entry: dict[str, Any]) -> None:
    for what in ("activation", "scale"):
        raw, retained = entry.get(f"{what}_raw_tokens"), entry.get(f"{what}_retained_tokens")
        if raw is None or raw != retained:
            raise QuantizationError(f"{name}: AWQ looked at {retained} of {raw} tokens")


def _require_searched(modules: Sequence[dict[str, Any]]) -> None:
    """Refuse a layer without any scale search: the library has only rounded it."""
    for layer in {module["layer"] for module in modules}:
        if all(module["loss"] is None for module in modules if module["layer"] == layer):
            raise QuantizationError(f"layer {layer} was rounded: AWQ searched no scales for it")

"""Quantize a model with GPTQModel: GPTQ, AWQ or plain rounding of the language model's Linears.

GPTQModel saves broken checkpoints without an error when weights are not finite, when groups do not
fit, or when its looper ends early; it puts paths of this machine into the configuration and saves
files anew that should stay as they are. What it leaves is therefore checked and put in order here,
and a checkpoint that is not what was asked for is never left behind.
"""

from __future__ import annotations

import json
import math
import random
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import calibration_rows
import checkpoint_files
import events
import finite
import gptqmodel_repairs
import loading

SCHEMA = 1
LIBRARIES = ("gptqmodel", "transformers", "torch", "safetensors", "tokenizers", "numpy", "optimum")
#: What may stand for a module's loss: nothing but a number; for AWQ also this, of a module whose
#: input has no scale to fold, such as the output projection under grouped-query attention.
LOSSLESS = {"gptq": (), "awq": ("not applicable",), "rtn": ()}
VISION_TOKENS = ("image_token_id", "video_token_id", "image_token_index", "video_token_index")


class QuantizationError(Exception):
    """The library ended without an error and what it made must not be used."""


def run(job: dict[str, Any], work: Path) -> dict[str, Any]:
    """Quantize one model.

    Args:
        job: `settings` (method, bits, group_size, desc_act, sym, damp, calibration, device) and
            `paths` (`model`, a folder; `calibration`, a JSONL file of rows already drawn).
        work: gets `checkpoint/`, what is published, and `quantize.json`, how it was made.

    Returns:
        The numbers of `quantize.json` that fit in a line.

    Raises:
        QuantizationError: the result is not what was asked for; nothing is left in `checkpoint/`.
        events.Stop: a stop was asked for; nothing is left in `checkpoint/`.
    """
    settings, source = job["settings"], Path(job["paths"]["model"])
    checkpoint = work / "checkpoint"
    clock = Clock()
    loading.release_memory()
    try:
        record = _quantize(settings, source, Path(job["paths"]["calibration"]), checkpoint, clock)
    except BaseException:
        shutil.rmtree(checkpoint, ignore_errors=True)
        raise
    record |= {
        "schema": SCHEMA,
        "settings": settings,
        "libraries": _versions(),
        "seconds": clock.seconds,
        "peak_resident_bytes": events.resident_bytes()[1],
        "peak_device_bytes": loading.device_bytes()[1],
        "size_bytes": checkpoint_files.weight_bytes(checkpoint),
    }
    checkpoint_files.write_json(work / "quantize.json", record)
    loading.release_memory()
    return {
        "seconds": clock.seconds,
        "size_bytes": record["size_bytes"],
        "modules": len(record["modules"]),
        "peak_resident_bytes": record["peak_resident_bytes"],
    }


class Clock:
    """Seconds per phase; starting a phase ends the one before and is a safe point."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Announce a phase and add what it takes to `seconds`."""
        events.phase(name)
        started = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - started, 3)
        events.memory(*loading.device_bytes())


def _quantize(
    settings: dict[str, Any], source: Path, calibration: Path, checkpoint: Path, clock: Clock
) -> dict[str, Any]:
    with clock.phase("import"):
        _seed(settings["calibration"]["seed"])
        from gptqmodel import GPTQModel
    with clock.phase("check weights"):
        _require_finite(source)
    with clock.phase("read calibration"):
        rows, dropped = _calibration(settings, source, calibration)
    with clock.phase("load"):
        config = _configuration(settings)
        model = GPTQModel.load(str(source), config, device=settings["device"])
    with clock.phase("quantize"), gptqmodel_repairs.repaired(model):
        watch(model)
        log = model.quantize(
            [row.inputs for row in rows] if rows else None, batch_size=1, calibration_sort=None
        )
    events.check()
    modules = _modules(log, settings)
    _require_every_layer(modules, model.model.config)
    with clock.phase("save"):
        model.save(str(checkpoint))
    with clock.phase("put in order"):
        resolved = put_in_order(source, checkpoint)
        _require_packed(checkpoint, modules)
    return {
        "quantization_config": resolved,
        "calibration": calibration_rows.summary(rows, dropped),
        "modules": modules,
    }


def _configuration(settings: dict[str, Any]) -> Any:
    """Return GPTQModel's configuration for these settings."""
    from gptqmodel.quantization.config import AWQConfig, GPTQConfig, RTNConfig

    shared = {
        "bits": settings["bits"],
        "group_size": settings["group_size"],
        "sym": settings["sym"],
        # The working directory is the job's own; a killed worker leaves nothing elsewhere.
        "offload_to_disk_path": str(Path.cwd() / "offload"),
    }
    if settings["method"] == "awq":
        return AWQConfig(**shared)
    if settings["method"] == "rtn":
        return RTNConfig(**shared)
    order = {"desc_act": True, "act_group_aware": False} if settings["desc_act"] else {}
    return GPTQConfig(**shared, damp_percent=settings["damp"], **order)


def _calibration(
    settings: dict[str, Any], source: Path, file: Path
) -> tuple[list[calibration_rows.Row], list[calibration_rows.Dropped]]:
    if settings["method"] == "rtn":
        return [], []
    processor = loading.load_processor(source)
    rows, dropped = calibration_rows.encode(
        calibration_rows.read(file),
        processor,
        settings["calibration"]["length"],
        vision_tokens(source),
    )
    if not rows:
        limit = settings["calibration"]["length"]
        raise QuantizationError(f"no calibration row is within {limit} tokens")
    if settings["method"] == "awq":
        rows, short = calibration_rows.equalize(rows)
        dropped += short
    return rows, dropped


def vision_tokens(source: Path) -> frozenset[int]:
    """Return the ids of the tokens that stand for pictures in a model's prompts."""
    config = json.loads((source / "config.json").read_bytes())
    return frozenset(config[name] for name in VISION_TOKENS if name in config)


def watch(model: Any) -> None:
    """Report layers as they are finished; a stop that was asked for leaves the library by Stop."""
    config = model.model.config
    layers = getattr(config, "text_config", config).num_hidden_layers

    def on_layer(*, layer_idx: int, submodule_finalized: bool) -> None:
        events.progress(layer_idx + submodule_finalized, layers, "layers")

    def on_subset(**_about: Any) -> None:
        events.check()

    model.layer_callback, model.subset_callback = on_layer, on_subset


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
    try:
        value = float(str(said).removeprefix("rtn: "))
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None


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


def _require_every_layer(modules: Sequence[dict[str, Any]], config: Any) -> None:
    layers = getattr(config, "text_config", config).num_hidden_layers
    done = {module["layer"] for module in modules}
    if done != set(range(layers)):
        raise QuantizationError(f"only {len(done)} of {layers} layers were quantized")


def _require_finite(source: Path) -> None:
    """Raise QuantizationError at the first weight that is not finite."""
    bad = next(finite.not_finite(source), None)
    if bad is not None:
        raise QuantizationError(f"the source's {bad} is not finite")


def put_in_order(source: Path, checkpoint: Path) -> dict[str, Any]:
    """Make a saved checkpoint what is published; return its quantization configuration.

    Its configuration is the source's with the quantization added, its other files are the source's
    own, and nothing in it names a path of this machine.
    """
    saved = json.loads((checkpoint / "config.json").read_bytes())
    entries = checkpoint_files.tensors(checkpoint)
    quantization = checkpoint_files.without_paths(saved["quantization_config"])
    if quantization["quant_method"] == "awq":
        plain = checkpoint_files.plain_branches(entries)
        quantization |= {"modules_to_not_convert": plain} if plain else {}
    config = checkpoint_files.without_paths(json.loads((source / "config.json").read_bytes()))
    config["quantization_config"] = quantization
    checkpoint_files.write_json(checkpoint / "config.json", config)
    checkpoint_files.write_json(checkpoint / "quantize_config.json", quantization)
    checkpoint_files.carry_files(source, checkpoint)
    for path in checkpoint.iterdir():
        path.chmod(0o644)
    return dict(quantization)


def _require_packed(checkpoint: Path, modules: Sequence[dict[str, Any]]) -> None:
    packed = checkpoint_files.quantized_modules(checkpoint_files.tensors(checkpoint))
    if len(packed) != len(modules):
        raise QuantizationError(f"{len(packed)} modules packed, {len(modules)} quantized")
    bad = next(finite.not_finite(checkpoint), None)
    if bad is not None:
        raise QuantizationError(f"{bad} is not finite after quantizing")


def _seed(seed: int) -> None:
    import numpy as np
    import torch

    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - the library may draw from the global generator
    torch.manual_seed(seed)


def _versions() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found

"""Quantizing with any library: what is the same for all of them.

Every quantizer library saves broken checkpoints without an error, puts paths of this machine into
the configuration and saves files anew that should stay as they are. What a library leaves is
therefore checked and put in order here, and a checkpoint that is not what was asked for is never
left behind. A script `quantize_<backend>.py` does the library's part and hands it to `run`.
"""

from __future__ import annotations

import hashlib
import json
import math
import random
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import calibration_rows
import checkpoint_files
import events
import finite
import loading

SCHEMA = 1
VISION_TOKENS = ("image_token_id", "video_token_id", "image_token_index", "video_token_index")


class QuantizationError(Exception):
    """The library ended without an error and what it made must not be used."""


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


@dataclass(frozen=True, kw_only=True)
class Task:
    """What a library is to do.

    Attributes:
        settings: of the stage: method, bits, group_size, desc_act, sym, damp, alpha, calibration
            (length, seed, modality), device.
        source: the folder of the model.
        rows: the calibration rows already drawn, a JSONL file.
        checkpoint: the folder to save into.
        scratch: the job's working directory, where a library may litter.
        clock: counts the phases; `quantize` must be among them.
    """

    settings: dict[str, Any]
    source: Path
    rows: Path
    checkpoint: Path
    scratch: Path
    clock: Clock


@dataclass(frozen=True, kw_only=True)
class Made:
    """What a library has made, its checkpoint saved and put in order.

    Attributes:
        quantization_config: as it stands in config.json.
        calibration: what `calibration_rows.summary` says of the rows used.
        modules: one entry for each quantized Linear: layer, module, and its loss, damp, samples,
            seconds (none where the library does not say).
    """

    quantization_config: dict[str, Any]
    calibration: dict[str, Any]
    modules: list[dict[str, Any]]


def run(
    job: dict[str, Any],
    work: Path,
    quantize: Callable[[Task], Made],
    libraries: Sequence[str],
) -> dict[str, Any]:
    """Quantize one model with a library.

    Args:
        job: `settings`, and `paths` (`model`, a folder; `calibration`, a JSONL file of rows).
        work: gets `checkpoint/`, what is published, and `quantize.json`, how it was made.
        quantize: the library's part.
        libraries: the distributions whose versions are recorded.

    Returns:
        The numbers of `quantize.json` that fit in a line.

    Raises:
        QuantizationError: the result is not what was asked for; nothing is left in `checkpoint/`.
        events.Infeasible: this device or library cannot do it; likewise.
        events.Stop: a stop was asked for; likewise.
    """
    task = Task(
        settings=job["settings"],
        source=Path(job["paths"]["model"]),
        rows=Path(job["paths"]["calibration"]),
        checkpoint=work / "checkpoint",
        scratch=Path.cwd(),
        clock=Clock(),
    )
    loading.release_memory()
    try:
        with task.clock.phase("check weights"):
            require_finite(task.source, " in the source")
        seed(task.settings["calibration"]["seed"])
        made = quantize(task)
        require_finite(task.checkpoint, " after quantizing")
    except BaseException:
        shutil.rmtree(task.checkpoint, ignore_errors=True)
        raise
    record = {
        "schema": SCHEMA,
        "settings": task.settings,
        "quantization_config": made.quantization_config,
        "calibration": made.calibration,
        "modules": made.modules,
        "libraries": versions(libraries),
        "seconds": task.clock.seconds,
        "peak_resident_bytes": events.resident_bytes()[1],
        "peak_device_bytes": loading.device_bytes()[1],
        "size_bytes": checkpoint_files.weight_bytes(task.checkpoint),
        "weights": weight_digests(task.checkpoint),
    }
    checkpoint_files.write_json(work / "quantize.json", record)
    loading.release_memory()
    return {
        "seconds": task.clock.seconds,
        "size_bytes": record["size_bytes"],
        "modules": len(made.modules),
        "peak_resident_bytes": record["peak_resident_bytes"],
    }


def encoded_rows(
    task: Task, *, equal: bool = False
) -> tuple[list[calibration_rows.Row], list[calibration_rows.Dropped]]:
    """Return the calibration rows as the source's own processor makes them.

    Args:
        task: what is to be done.
        equal: cut all rows to one length, for libraries that would otherwise look at one row only.

    Raises:
        QuantizationError: too few rows are left.
    """
    wanted = task.settings["calibration"]
    rows, dropped = calibration_rows.encode(
        calibration_rows.read(task.rows),
        loading.load_processor(task.source),
        wanted["length"],
        vision_tokens(task.source),
        shortest=wanted.get("min_length", 1),
        cut=wanted.get("cut", False),
    )
    if problem := calibration_rows.shortage(rows, dropped, wanted["samples"]):
        raise QuantizationError(problem)
    if equal:
        rows, short = calibration_rows.equalize(rows)
        dropped += short
    return rows, dropped


def vision_tokens(source: Path) -> frozenset[int]:
    """Return the ids of the tokens that stand for pictures in a model's prompts."""
    config = json.loads((source / "config.json").read_bytes())
    return frozenset(config[name] for name in VISION_TOKENS if name in config)


def put_in_order(
    source: Path,
    checkpoint: Path,
    *,
    amend: Callable[[dict[str, Any]], dict[str, Any]] = dict,
    twin: bool = True,
) -> dict[str, Any]:
    """Make a saved checkpoint what is published; return its quantization configuration.

    Its configuration is the source's with the quantization added, its other files are the source's
    own, and nothing in it names a path of this machine.

    Args:
        source: the folder of the model.
        checkpoint: the folder that the library saved into; its weights stay as they are.
        amend: puts right what the library says of its own quantization.
        twin: also write the configuration as quantize_config.json, as GPTQ and AWQ files have it.
    """
    saved = json.loads((checkpoint / "config.json").read_bytes())
    quantization = amend(checkpoint_files.without_paths(saved["quantization_config"]))
    config = checkpoint_files.without_paths(json.loads((source / "config.json").read_bytes()))
    config["quantization_config"] = quantization
    checkpoint_files.write_json(checkpoint / "config.json", config)
    (checkpoint / "quantize_config.json").unlink(missing_ok=True)
    if twin:
        checkpoint_files.write_json(checkpoint / "quantize_config.json", quantization)
    checkpoint_files.carry_files(source, checkpoint)
    for path in checkpoint.iterdir():
        path.chmod(0o644)
    return dict(quantization)


def keep_plain_branches(checkpoint: Path, quantization: dict[str, Any]) -> dict[str, Any]:
    """Name what is not quantized in an AWQ configuration, for loaders that would convert it."""
    plain = checkpoint_files.plain_branches(checkpoint_files.tensors(checkpoint))
    return quantization | ({"modules_to_not_convert": plain} if plain else {})


def weight_digests(folder: Path) -> dict[str, str]:
    """Return weight file -> SHA-256: how the certificate knows that they are those made here."""
    digests = {}
    for path in checkpoint_files.weight_files(folder):
        with path.open("rb") as file:
            digests[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return digests


def number(said: Any) -> float | None:
    """Return the finite number that a library logged; none when it logged words or no number."""
    try:
        value = float(said)
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None


def language_layers(config: Any) -> int:
    """Return how many layers the language model of a transformers configuration has."""
    return int(getattr(config, "text_config", config).num_hidden_layers)


def require_every_layer(modules: Sequence[dict[str, Any]], layers: int) -> None:
    """Raise QuantizationError unless modules of every layer were quantized."""
    done = {module["layer"] for module in modules}
    if done != set(range(layers)):
        raise QuantizationError(f"only {len(done)} of {layers} layers were quantized")


def require_packed(checkpoint: Path, modules: Sequence[dict[str, Any]]) -> None:
    """Raise QuantizationError unless as many modules are packed as were quantized."""
    packed = checkpoint_files.quantized_modules(checkpoint_files.tensors(checkpoint))
    if len(packed) != len(modules):
        raise QuantizationError(f"{len(packed)} modules packed, {len(modules)} quantized")


def require_finite(folder: Path, when: str) -> None:
    """Raise QuantizationError at the first tensor of a model folder that is not finite."""
    bad = next(finite.not_finite(folder), None)
    if bad is not None:
        raise QuantizationError(f"{bad} is not finite{when}")


def seed(number: int) -> None:
    """Start every global random generator from this seed; libraries draw from them."""
    import numpy as np
    import torch

    random.seed(number)
    np.random.seed(number)  # noqa: NPY002 - the library may draw from the global generator
    torch.manual_seed(number)


def versions(libraries: Sequence[str]) -> dict[str, str]:
    """Return distribution -> version for those that are installed."""
    found = {}
    for name in libraries:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found

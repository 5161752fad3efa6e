"""Memory of a model that is timed: what its weights hold, its peaks, what is left for caches."""

from __future__ import annotations

import contextlib
import ctypes
import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import conditions
import events
import nvml

#: How many bytes each number of a type takes.
WIDTHS = {"float32": 4, "bfloat16": 2, "float16": 2}
#: Of free memory this much may be planned for; the rest is for what estimates leave out.
SHARE = 0.75
#: What a process takes beside weights and caches, by kind of device: libraries, CUDA's context.
PROCESS_BYTES = {"cpu": 1 << 30, "cuda": 3 << 29}
#: Weights take this much more in memory than on disk, for what kernels unpack and reorder.
GROWTH = 1.2


def weights_bytes(model: Any) -> int:
    """Return the bytes that parameters and buffers hold in memory, shared ones once."""
    storages = {}
    for tensor in (*model.parameters(), *model.buffers()):
        storage = tensor.untyped_storage()
        storages[storage.data_ptr()] = storage.nbytes()
    return sum(storages.values())


def disk_bytes(checkpoint: Path) -> int:
    """Return the bytes of a checkpoint's weight files."""
    return sum(path.stat().st_size for path in checkpoint.glob("*.safetensors"))


class Peaks:
    """The memory of this process since `start`, as a `Memory` of a sitting.

    Args:
        device: a torch.device.
        weights: what parameters and buffers hold, in bytes.
    """

    def __init__(self, device: Any, weights: int) -> None:
        self._device, self._weights = device, weights
        self._kind, self._before = "", 0

    def start(self) -> None:
        """Start the peaks afresh."""
        import torch

        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)
            self._kind, self._before = "cuda-allocated", torch.cuda.memory_allocated(self._device)
            return
        _trim()
        try:
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
            self._kind = "resident"
        except OSError:  # not Linux, or not allowed: the peak is then that of the whole process
            self._kind = "resident-since-start"
        self._before = events.resident_bytes()[0]

    def read(self) -> dict[str, Any]:
        """Return the peaks since `start`."""
        import torch

        found = {
            "kind": self._kind,
            "weights_bytes": self._weights,
            "before_bytes": self._before,
            "reserved_bytes": None,
            "device_bytes": None,
        }
        if self._device.type != "cuda":
            return {**found, "peak_bytes": events.resident_bytes()[1]}
        return {
            **found,
            "peak_bytes": torch.cuda.max_memory_allocated(self._device),
            "reserved_bytes": torch.cuda.max_memory_reserved(self._device),
            "device_bytes": conditions.process_bytes(os.getpid(), str(self._device)),
        }


def _trim() -> None:
    """Give freed memory back to the system, where the C library can: an earlier workload's."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def cache_bytes_per_token(config: Any, width: int) -> int:
    """Return what keys and values of one token take in all layers, in bytes.

    2 (key and value) x layers x key-value heads x head size x bytes of a number. A layer that
    attends to a window or is not attention at all is counted like any other, so that what fits is
    never overstated; there are none in most families.

    Args:
        config: of the text model.
        width: bytes of one number.
    """
    heads = config.num_attention_heads
    shared = getattr(config, "num_key_value_heads", None) or heads
    size = getattr(config, "head_dim", None) or config.hidden_size // heads
    return int(2 * config.num_hidden_layers * shared * size * width)


def cache_room(model: Any) -> dict[str, int | None]:
    """Return how many tokens' keys and values fit on a CUDA device beside a loaded model.

    What fits is the device's whole memory less all that this process holds there now (weights,
    CUDA's context, workspaces), as if no other process were on it, over the bytes of one token.

    Returns:
        `cache_bytes` and `cache_tokens`; both None on a CPU.
    """
    import torch

    if model.device.type != "cuda":
        return {"cache_bytes": None, "cache_tokens": None}
    whole = torch.cuda.get_device_properties(model.device).total_memory
    held = conditions.process_bytes(os.getpid(), str(model.device))
    if held is None:
        held = torch.cuda.memory_reserved(model.device) + PROCESS_BYTES["cuda"]
    room = max(0, whole - held)
    each = cache_bytes_per_token(model.config.get_text_config(), model.dtype.itemsize)
    return {"cache_bytes": room, "cache_tokens": room // each}


def fit_together(
    checkpoints: Sequence[Path], workloads: Sequence[Mapping[str, Any]], dtype: str, device: str
) -> bool:
    """Return whether all models are expected to fit in memory beside each other.

    Every process is counted with its weights, its libraries and the cache of the longest workload.
    """
    kind = "cpu" if device == "cpu" else "cuda"
    longest = max((_tokens(load) for load in workloads), default=0)
    needed = 0.0
    for checkpoint in checkpoints:
        config = read_config(checkpoint)
        growth = GROWTH if "quantization_config" in config else _growth(config, dtype)
        needed += growth * disk_bytes(checkpoint) + PROCESS_BYTES[kind]
        needed += longest * _raw_cache_bytes(config, WIDTHS.get(dtype, 4))
    return needed <= SHARE * free_bytes(device)


def read_config(checkpoint: Path) -> dict[str, Any]:
    """Return a checkpoint's config.json; nothing where there is none, which loading will say."""
    try:
        found = json.loads((checkpoint / "config.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def free_bytes(device: str) -> float:
    """Return the memory that is free on a device, or on the machine; endless where unknown."""
    if device != "cpu":
        import torch

        try:
            used = nvml.Gpu(device).used_bytes()
        except nvml.Unavailable:
            used = None
        return float(torch.cuda.get_device_properties(device).total_memory - (used or 0))
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return math.inf
    fields = dict(line.split(":", 1) for line in lines)
    return float(fields["MemAvailable"].split()[0]) * 1024


def _tokens(workload: Mapping[str, Any]) -> int:
    """Return how many tokens a workload has at most; a picture's patches are 14 pixels a side."""
    width, height = workload["image_size"]
    pictures = workload["images"] * math.ceil(width / 14) * math.ceil(height / 14)
    tokens = workload["input_tokens"] + pictures + workload["output_tokens"]
    return int(tokens * workload["batch_size"])


def _growth(config: Mapping[str, Any], dtype: str) -> float:
    text = config.get("text_config", {})
    saved = config.get("dtype") or config.get("torch_dtype") or text.get("dtype") or "bfloat16"
    return GROWTH * WIDTHS.get(dtype, 4) / WIDTHS.get(str(saved), 2)


def _raw_cache_bytes(config: Mapping[str, Any], width: int) -> int:
    text = {**config, **config.get("text_config", {})}
    heads = text.get("num_attention_heads", 0)
    size = text.get("head_dim") or text.get("hidden_size", 0) // max(1, heads)
    shared = text.get("num_key_value_heads") or heads
    return int(2 * text.get("num_hidden_layers", 0) * shared * size * width)

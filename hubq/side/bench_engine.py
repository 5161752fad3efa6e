"""The engine of a server that is timed: its arguments, and the memory that it takes.

It is vLLM as people deploy it, but for what would answer a request from an earlier one: the cache
of prefixes and that of processed pictures are off. On a GPU models are compiled and replayed as
CUDA graphs, vLLM's default; on a CPU they run eagerly, since compiling needs a C++ compiler.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bench_memory
import nvml
import vllm_loading
from bench_requests import HOST, MODEL

#: How many requests vLLM's server runs side by side at least, by its own defaults.
SEQUENCES = {"cpu": 128, "cuda": 256}
#: The cache has room for at least this many tokens, and more where a load asks for it.
LEAST_TOKENS = 16384
#: A picture has one token for so many pixels a side in the families of Qwen's; others take more.
PIXELS = 28
#: Of a GPU this much may be used.
SHARE = 0.9
#: What a server takes beside weights and cache: on a CPU three processes with their libraries; on
#: a GPU its context, workspaces, graphs, and what a step computes.
PROCESS_BYTES = {"cpu": 5 << 29, "cuda": 8 << 30}
#: Weights take this much more in memory than on disk, for what kernels unpack and reorder.
GROWTH = 1.2


def arguments(
    checkpoint: Path,
    serving: Sequence[Mapping[str, Any]],
    dtype: str,
    device: str,
    *,
    together: bool,
) -> list[str]:
    """Return the arguments of `vllm serve`, without the port.

    Args:
        checkpoint: a model folder.
        serving: the workloads.
        dtype: the arithmetic.
        device: `cpu` or `cuda`.
        together: whether other servers run beside it: the cache is of a size that all of them
            have. Alone on a GPU, the cache gets what vLLM leaves it.
    """
    found = [str(checkpoint), "--host", HOST, "--served-model-name", MODEL, "--dtype", dtype]
    found += ["--load-format", "safetensors"]
    # Else a quantized checkpoint may lack any tensor, and what stands for it is at random.
    found += ["--model-loader-extra-config", json.dumps({"enable_weights_track": True})]
    # As long as the model goes and the cache lets it.
    found += ["--max-model-len", "-1", "--generation-config", "vllm", "--seed", "0"]
    found += ["--no-enable-prefix-caching", "--disable-uvicorn-access-log"]
    found += ["--worker-extension-cls", "bench_extension.Extension"]
    most = largest_concurrency(serving)
    if most > SEQUENCES["cpu" if device == "cpu" else "cuda"]:
        found += ["--max-num-seqs", str(most)]
    if _config(checkpoint).get("vision_config"):
        pictures = max([1, *(workload["images"] for workload in serving)])
        found += ["--limit-mm-per-prompt", json.dumps({"image": pictures, "video": 0})]
        found += ["--mm-processor-cache-gb", "0"]
        if device == "cpu":  # the largest picture that a model takes would keep it busy for minutes
            found += ["--skip-mm-profiling"]
    if device == "cpu":
        found += ["--enforce-eager"]
    else:
        found += ["--gpu-memory-utilization", f"{gpu_share(device):.2f}"]
    if together or device == "cpu":
        found += ["--kv-cache-memory-bytes", str(cache_bytes(checkpoint, serving))]
    return found


def largest_concurrency(serving: Sequence[Mapping[str, Any]]) -> int:
    """Return the most requests that a load keeps under way at a time, where it says so."""
    loads = [load for workload in serving for load in workload["loads"]]
    return max((load.get("concurrency") or 1 for load in loads), default=1)


def tokens(workload: Mapping[str, Any]) -> int:
    """Return about how many tokens a request has with its answer."""
    width, height = workload["image_size"]
    pictures = workload["images"] * math.ceil(width / PIXELS) * math.ceil(height / PIXELS)
    return int(workload["input_tokens"] + pictures + workload["output_tokens"])


def cache_bytes(checkpoint: Path, serving: Sequence[Mapping[str, Any]]) -> int:
    """Return room for the keys and values of all requests of the largest load, in bytes.

    Requests for which there is no room wait, as they do on any server under a load without limit.
    """
    asked = [largest_concurrency([workload]) * tokens(workload) for workload in serving]
    config = _config(checkpoint)
    text = SimpleNamespace(**{**config, **(config.get("text_config") or {})})
    return vllm_loading.cache_bytes(text, max([LEAST_TOKENS, *asked]))


def fit_together(
    checkpoints: Sequence[Path], serving: Sequence[Mapping[str, Any]], device: str
) -> bool:
    """Return whether servers of all checkpoints are expected to fit in memory side by side."""
    kind = "cpu" if device == "cpu" else "cuda"
    needed = sum(
        GROWTH * bench_memory.disk_bytes(checkpoint)
        + cache_bytes(checkpoint, serving)
        + PROCESS_BYTES[kind]
        for checkpoint in checkpoints
    )
    return needed <= bench_memory.SHARE * bench_memory.free_bytes(device)


def fitting(total: int, held: int, cache: Mapping[str, int]) -> dict[str, int]:
    """Return the cache that a server would have if no other were on its GPU.

    Args:
        total: the GPU's memory, in bytes.
        held: what the server holds of it, its cache and all, in bytes.
        cache: `cache_bytes` and `cache_tokens` that it has.
    """
    room = max(0, int(SHARE * total) - (held - cache["cache_bytes"]))
    return {
        "cache_bytes": room,
        "cache_tokens": room * cache["cache_tokens"] // cache["cache_bytes"],
    }


def gpu_share(device: str) -> float:
    """Return how much of a GPU's memory a server may use: more than is free would be refused."""
    total = gpu_bytes(device)
    try:
        used = nvml.Gpu(device).used_bytes() or 0
    except nvml.Unavailable:
        used = 0
    return min(SHARE, math.floor(95 * (total - used) / total) / 100)


def gpu_bytes(device: str) -> int:
    """Return a GPU's memory, in bytes."""
    import torch

    return int(torch.cuda.get_device_properties(device).total_memory)


def _config(checkpoint: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((checkpoint / "config.json").read_bytes())
    return found

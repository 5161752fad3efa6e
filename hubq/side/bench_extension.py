"""What a bench asks a running engine: mixed into vLLM's worker, which holds the model.

vLLM calls these methods for a request to `/collective_rpc`, which its server has on the loopback
when VLLM_SERVER_DEV_MODE is set. Nothing of them runs while requests are answered.
"""

from __future__ import annotations

from typing import Any

import bench_memory
import events
import vllm_loading


class Extension:
    """Methods of vLLM's worker that say what has become of a checkpoint."""

    model_runner: Any

    def hubq_describe(self) -> dict[str, Any]:
        """Return what runs the loaded model, its weights in bytes, and the lists vLLM has fused."""
        import torch

        model = self.model_runner.get_model()
        found = vllm_loading.describe(model)
        return {
            "kernels": found["kernels"],
            "fused": found["fused"],
            "attention": vllm_loading.attention(model),
            "weights_bytes": weights_bytes(model),
            "threads": torch.get_num_threads(),
            "cache_bytes": storage_bytes(self.model_runner.kv_caches),
        }

    def hubq_memory(self, fresh: str = "") -> dict[str, Any]:
        """Return this process's memory in bytes; with `fresh` the peaks begin afresh afterwards."""
        import torch

        resident, peak = events.resident_bytes()
        found: dict[str, Any] = {"now": resident, "peak": peak, "reserved": None}
        on_device = torch.cuda.is_available() and torch.cuda.is_initialized()
        if on_device:
            found["now"] = torch.cuda.memory_allocated()
            found["peak"] = torch.cuda.max_memory_allocated()
            found["reserved"] = torch.cuda.max_memory_reserved()
        if fresh:
            events.reset_peak()
            if on_device:
                torch.cuda.reset_peak_memory_stats()
        return {**found, "kind": "cuda-allocated" if on_device else "resident"}


def weights_bytes(model: Any) -> int:
    """Return the bytes that a model's weights hold in memory.

    Kernels for CPUs keep some weights out of torch's sight, reordered but as large as they were; a
    parameter without numbers is left in their place.
    """
    packed = 0
    for module in model.modules():
        weight = getattr(module, "weight", None)
        if hasattr(module, "cpu_linear") and weight is not None and not weight.numel():
            outputs = getattr(module, "output_size_per_partition", module.output_size)
            inputs = getattr(module, "input_size_per_partition", module.input_size)
            packed += outputs * inputs * weight.element_size()
    return bench_memory.weights_bytes(model) + packed


def storage_bytes(found: Any) -> int:
    """Return the bytes that tensors in lists of lists hold, shared ones once."""
    storages: dict[int, int] = {}
    left = [found]
    while left:
        one = left.pop()
        if isinstance(one, (list, tuple)):
            left += one
        else:
            storage = one.untyped_storage()
            storages[storage.data_ptr()] = storage.nbytes()
    return sum(storages.values())

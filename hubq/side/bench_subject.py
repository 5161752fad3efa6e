"""Keep a model loaded and time runs of it: a program that a `Server` of `vllm_serving` runs.

    python -I side/bench_subject.py SOCKET

Every subject of a sitting has a process of its own, so that none finds what another one left in
memory. The requests:

- `{"do": "ready", "checkpoint"}`: imports what loading will need; several may do so at once.
- `{"do": "load", "checkpoint", "inputs", "dtype", "device"}`: facts of the subject. `inputs` is the
  folder whose processor makes the inputs, the same for all subjects.
- `{"do": "begin", "workload"}`: makes the inputs and starts the peaks of memory afresh; replies
  with facts of the cell.
- `{"do": "run", "tokens"}`: generates exactly so many and replies with `seconds`.
- `{"do": "memory"}`: the peaks since `begin`.

What cannot be done is answered with `state` (`oom`, `infeasible` or `failed`) and `why`. After
`failed` the process ends: what is left in it is nothing to build on.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import sys
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).resolve().parent))

import bench_inputs
import bench_memory
import conversation
import decoding
import loading
import shortage
import vllm_launch
import vllm_serving

#: Method of a checkpoint -> the libraries that may load it; the first one that is here does.
LIBRARIES = {
    "gptq": ("gptqmodel", "auto_gptq"),
    "awq": ("gptqmodel", "awq"),
    "compressed-tensors": ("compressed_tensors",),
}

Reply = dict[str, Any]


class Loaded:
    """A model that is loaded, and the inputs of the workload that began last.

    Args:
        request: `checkpoint`, `inputs`, `dtype` and `device`.
    """

    def __init__(self, request: Mapping[str, Any]) -> None:
        began = time.perf_counter()
        checkpoint = Path(request["checkpoint"])
        model, processor = loading.load_model(checkpoint, request["dtype"], request["device"])
        _synchronize(model.device)
        self.seconds = time.perf_counter() - began
        if request["inputs"] != request["checkpoint"]:
            processor = loading.load_processor(request["inputs"])
        self._model, self._processor = model, processor
        tokenizer = conversation.tokenizer_of(processor)
        model.generation_config = decoding.neutral_generation(model, tokenizer)
        self._disk = bench_memory.disk_bytes(checkpoint)
        self._weights = bench_memory.weights_bytes(model)
        self._peaks = bench_memory.Peaks(model.device, self._weights)
        self._inputs: dict[str, Any] = {}
        gc.collect()
        gc.freeze()
        gc.disable()

    def facts(self) -> Reply:
        """Return facts of a subject, and the `versions` of what runs it."""
        found = decoding.describe(self._model)
        attention = found["attention"]
        alike = len(set(attention.values())) == 1
        return {
            "load_seconds": self.seconds,
            "weights_bytes": self._weights,
            "disk_bytes": self._disk,
            "kernels": found["kernels"],
            "attention": next(iter(attention.values())) if alike else attention,
            "dtype": found["dtype"],
            "device": found["device"],
            "threads": found["threads"],
            **bench_memory.cache_room(self._model),
            "versions": found["versions"],
        }

    def begin(self, workload: dict[str, Any]) -> Reply:
        """Make the inputs of a workload.

        Returns:
            `prompt_tokens`; `state` and `why` too when the model has too few positions.
        """
        self._inputs = {}
        gc.collect()
        loading.release_memory()
        self._inputs = bench_inputs.build(self._processor, workload, self._model.device)
        prompt = self._inputs["input_ids"].shape[1]
        limit = getattr(self._model.config.get_text_config(), "max_position_embeddings", None)
        needed = prompt + workload["output_tokens"]
        self._peaks.start()
        if limit is not None and needed > limit:
            why = f"{needed} tokens exceed {limit} positions"
            return {"prompt_tokens": prompt, "state": "infeasible", "why": why}
        return {"prompt_tokens": prompt}

    def run(self, tokens: int) -> Reply:
        """Generate exactly so many tokens and return the `seconds` that it took."""
        gc.collect()
        return {"seconds": _generate(self._model, self._inputs, tokens)}

    def memory(self) -> Reply:
        """Return the memory since `begin`."""
        return self._peaks.read()


def _generate(model: Any, inputs: dict[str, Any], count: int) -> float:
    import torch

    _synchronize(model.device)
    began = time.perf_counter()
    with torch.inference_mode():
        output = model.generate(**inputs, min_new_tokens=count, max_new_tokens=count)
    _synchronize(model.device)
    seconds = time.perf_counter() - began
    fresh = output.shape[1] - inputs["input_ids"].shape[1]
    if fresh != count:
        raise RuntimeError(f"asked for {count} tokens, got {fresh}")
    return seconds


def _synchronize(device: Any) -> None:
    import torch

    if device.type == "cuda":
        torch.cuda.synchronize(device)


class _Subject:
    """Answers requests; there is a model once `load` was asked for."""

    loaded: Loaded

    def answer(self, request: dict[str, Any]) -> Reply:
        """Return the reply to a request."""
        what = request["do"]
        if what == "ready":
            return _imported(Path(request["checkpoint"]))
        if what == "load":
            self.loaded = Loaded(request)
            return self.loaded.facts()
        if what == "begin":
            return self.loaded.begin(request["workload"])
        return self.loaded.run(request["tokens"]) if what == "run" else self.loaded.memory()


def _imported(checkpoint: Path) -> Reply:
    """Import what a checkpoint needs, so that no import counts as loading."""
    from transformers import AutoModelForCausalLM, AutoModelForImageTextToText, AutoProcessor

    needed = [AutoModelForCausalLM, AutoModelForImageTextToText, AutoProcessor]
    method = bench_memory.read_config(checkpoint).get("quantization_config", {}).get("quant_method")
    for name in LIBRARIES.get(method, ()):
        with contextlib.suppress(ImportError):
            needed.append(importlib.import_module(name))
            break
    return {"imported": len(needed)}


def _failed(error: BaseException) -> Reply:
    state = "oom" if shortage.is_out_of_memory(error) else "failed"
    said = str(error).strip().split("\n", 1)[0]
    return {"state": state, "why": said or type(error).__name__}


def main(arguments: list[str]) -> None:
    """Answer requests until the asking process is gone or one fails."""
    vllm_launch.connect()
    subject = _Subject()
    for request in vllm_serving.requests(int(arguments[0])):
        try:
            reply = subject.answer(request)
        except Exception as error:
            traceback.print_exc()
            reply = _failed(error)
        # Outside the handler: the exception's frames hold the tensors that did not fit.
        vllm_serving.reply(reply)
        if reply.get("state") == "failed":
            return


if __name__ == "__main__":
    main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # Libraries leave threads and exit handlers behind that can hang.
    os._exit(0)

"""Time plain transformers generation, one workload after another, in a process of its own.

The job: `checkpoint` (a folder), `workloads`, `warmup`, `repeats`, `dtype`, `device`. It leaves
`bench.json` with every raw repeat. Speed is Qwen's: tokens generated over the seconds of the whole
call, prompt included, for a prompt of exactly `input_tokens` text tokens and exactly
`output_tokens` generated. A workload that runs out of accelerator memory, or is longer than the
model allows, is a result with a state; the others go on.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import conversation
import decoding
import events
import loading

#: Ordinary words, said again until a prompt is long enough; what they say does not change the time.
WORDS = "The quick brown fox jumps over the lazy dog and 12 others look on. "


def run(job: dict[str, Any], work: Path) -> dict[str, Any]:
    """Time every workload.

    Returns:
        What bench.json holds: the workloads with their raw seconds and memory, kernels, versions.
    """
    events.phase("load")
    began = time.perf_counter()
    model, processor = loading.load_model(Path(job["checkpoint"]), job["dtype"], job["device"])
    tokenizer = conversation.tokenizer_of(processor)
    model.generation_config = decoding.neutral_generation(model, tokenizer)
    load_seconds = time.perf_counter() - began
    runs = (job["warmup"] + job["repeats"]) * len(job["workloads"])
    results = []
    for position, workload in enumerate(job["workloads"]):
        events.phase(f"workload {workload['name']}")
        done = position * (job["warmup"] + job["repeats"])

        def step(count: int, done: int = done) -> None:
            events.progress(done + count, runs, "runs")

        results.append(_measure(model, processor, workload, job, step))
    events.progress(runs, runs, "runs")
    facts = {
        "schema": 1,
        "definition": "output_tokens * batch_size / seconds of one generate call, prompt included",
        "workloads": results,
        "warmup": job["warmup"],
        "repeats": job["repeats"],
        "weights_bytes": weights_bytes(model),
        "load_seconds": load_seconds,
        **decoding.describe(model),
    }
    (work / "bench.json").write_text(json.dumps(facts, indent=2, sort_keys=True) + "\n")
    return {"workloads": len(results), "states": [result["state"] for result in results]}


def weights_bytes(model: Any) -> int:
    """Return the bytes that parameters and buffers hold in memory, shared ones once."""
    storages = {}
    for tensor in (*model.parameters(), *model.buffers()):
        storage = tensor.untyped_storage()
        storages[storage.data_ptr()] = storage.nbytes()
    return sum(storages.values())


def build_inputs(processor: Any, workload: dict[str, Any], device: Any) -> dict[str, Any]:
    """Return the tensors of a workload: pictures first, then exactly `input_tokens` text tokens.

    There is no chat template around them: Qwen's shortest prompt is one token long. The pictures'
    own tokens (and the marks around them) come on top.
    """
    import torch

    tokenizer = conversation.tokenizer_of(processor)
    tokenizer.padding_side = "left"
    words: list[int] = tokenizer(WORDS, add_special_tokens=False)["input_ids"]
    count, batch = workload["input_tokens"], workload["batch_size"]
    text = torch.tensor([(words * (count // len(words) + 1))[:count]])
    inputs: dict[str, Any] = {"input_ids": text, "attention_mask": torch.ones_like(text)}
    if workload["images"]:
        shown = _pictures(processor, workload)
        for name, filling in (("input_ids", text), ("attention_mask", torch.ones_like(text))):
            inputs[name] = torch.cat([shown.pop(name), filling], dim=1)
        if (kinds := shown.pop("mm_token_type_ids", None)) is not None:
            inputs["mm_token_type_ids"] = torch.cat([kinds, torch.zeros_like(text)], dim=1)
        inputs.update(shown)
    return {
        name: value.repeat(batch, *[1] * (value.ndim - 1)).to(device)
        for name, value in inputs.items()
    }


def _pictures(processor: Any, workload: dict[str, Any]) -> dict[str, Any]:
    """Return the tensors of a workload's pictures: seeded noise, which no encoder can skip."""
    import numpy as np
    from PIL import Image

    width, height = workload["image_size"]
    noise = np.random.default_rng(0)
    pictures = [
        Image.fromarray(noise.integers(0, 256, (height, width, 3), dtype=np.uint8))
        for _ in range(workload["images"])
    ]
    rendered = conversation.render(processor, "", workload["images"])
    first, last = _picture_span(processor, rendered)
    return conversation.encode(processor, rendered[first:last], pictures)


def _picture_span(processor: Any, rendered: str) -> tuple[int, int]:
    """Return where the pictures' marks begin and end in a rendered conversation."""
    tokenizer = conversation.tokenizer_of(processor)
    mark = str(processor.image_token)
    opening = str(getattr(tokenizer, "vision_bos_token", "") or "")
    closing = str(getattr(tokenizer, "vision_eos_token", "") or "")
    first, last = rendered.index(mark), rendered.rindex(mark) + len(mark)
    if opening and rendered[:first].endswith(opening):
        first -= len(opening)
    if closing and rendered[last:].startswith(closing):
        last += len(closing)
    return first, last


def _measure(
    model: Any,
    processor: Any,
    workload: dict[str, Any],
    job: dict[str, Any],
    step: Callable[[int], None],
) -> dict[str, Any]:
    import torch

    result: dict[str, Any] = {**workload, "state": "measured"}
    limit = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    inputs = build_inputs(processor, workload, model.device)
    prompt = inputs["input_ids"].shape[1]
    result["prompt_tokens"] = prompt
    if limit is not None and prompt + workload["output_tokens"] > limit:
        needed = prompt + workload["output_tokens"]
        return {**result, "state": "infeasible", "why": f"{needed} tokens exceed {limit} positions"}
    loading.release_memory()
    before = _start_memory(model)
    try:
        timed = _time(model, inputs, workload, job, step)
    except torch.OutOfMemoryError as error:
        del inputs
        loading.release_memory()
        return {**result, "state": "oom", "why": str(error).split("\n", 1)[0]}
    memory = _end_memory(model, before)
    return {**result, **timed, **_rates(workload, timed), "memory": memory}


def _rates(workload: dict[str, Any], timed: dict[str, list[float]]) -> dict[str, Any]:
    """Return the median, slowest and fastest rates of the repeats.

    Decoding leaves the prompt and the first token of each sequence out; it is absent where the
    whole took no longer than the first token, as it may for a few tokens on a busy machine.
    """
    batch, first, whole = workload["batch_size"], timed["first_token_seconds"], timed["seconds"]
    rates = {
        "tokens_per_second": [workload["output_tokens"] * batch / seconds for seconds in whole],
        "first_token": first,
    }
    later = (workload["output_tokens"] - 1) * batch
    if later and all(end > start for start, end in zip(first, whole, strict=True)):
        rates["decode_tokens_per_second"] = [
            later / (end - start) for start, end in zip(first, whole, strict=True)
        ]
    return {
        name: {"median": statistics.median(values), "low": min(values), "high": max(values)}
        for name, values in rates.items()
    }


def _time(
    model: Any,
    inputs: dict[str, Any],
    workload: dict[str, Any],
    job: dict[str, Any],
    step: Callable[[int], None],
) -> dict[str, Any]:
    """Return the seconds of each counted run, and of as many that stop after the first token."""
    count = workload["output_tokens"]
    for done in range(job["warmup"]):
        step(done)
        _generate(model, inputs, count)
    seconds, first = [], []
    for done in range(job["repeats"]):
        step(job["warmup"] + done)
        first.append(_generate(model, inputs, 1))
        seconds.append(_generate(model, inputs, count))
    return {"seconds": seconds, "first_token_seconds": first}


def _generate(model: Any, inputs: dict[str, Any], count: int) -> float:
    """Generate exactly `count` tokens and return the seconds that it took."""
    import torch

    _synchronize(model)
    began = time.perf_counter()
    with torch.inference_mode():
        output = model.generate(**inputs, min_new_tokens=count, max_new_tokens=count)
    _synchronize(model)
    seconds = time.perf_counter() - began
    fresh = output.shape[1] - inputs["input_ids"].shape[1]
    if fresh != count:
        raise RuntimeError(f"asked for {count} tokens, got {fresh}")
    return seconds


def _synchronize(model: Any) -> None:
    import torch

    if model.device.type == "cuda":
        torch.cuda.synchronize(model.device)


def _start_memory(model: Any) -> dict[str, Any]:
    """Start the peak afresh and return what is in use now."""
    import torch

    if model.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(model.device)
        return {"kind": "cuda-allocated", "before_bytes": torch.cuda.memory_allocated(model.device)}
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        kind = "resident"
    except OSError:  # not Linux, or not allowed: the peak is then that of the whole process
        kind = "resident-since-start"
    return {"kind": kind, "before_bytes": events.resident_bytes()[0]}


def _end_memory(model: Any, before: dict[str, Any]) -> dict[str, Any]:
    """Return the peak since `_start_memory`: allocated on CUDA, resident on a CPU, in bytes."""
    import torch

    if model.device.type == "cuda":
        peak = torch.cuda.max_memory_allocated(model.device)
        reserved = torch.cuda.max_memory_reserved(model.device)
        return {**before, "peak_bytes": peak, "peak_reserved_bytes": reserved}
    return {**before, "peak_bytes": events.resident_bytes()[1]}

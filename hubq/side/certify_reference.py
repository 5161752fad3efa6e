"""The reference: what the source says to the probes, and what its layers do.

Every variant of a family is compared with the same source. What it said is kept from one job to the
next as long as source, probes and precision stay the same, since a process serves many jobs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import certify_layers
import certify_probes
import checkpoint_files
import events
import loading
import probing
from certify_checks import explained
from probing import Encoded, Prediction, Probe

#: What is kept between jobs is at most this large.
KEPT_BYTES = 256 << 20


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What a source says and does.

    Attributes:
        encoded: the probes, as the source's processor makes them.
        predictions: of the source in the precision of the comparison.
        seen: layer -> what it was handed and what it made of it, for one probe.
        linears: the names of its Linears, without the output layer.
        silent: the name of a probe that was asked -> what is wrong with the source's answer.
        floor: how far the source in that precision is from itself in float32, as
            `probing.summarize` says it; none where that could not be measured.
        floor_said: why not.
    """

    encoded: list[Encoded]
    predictions: list[Prediction]
    seen: dict[str, certify_layers.Seen]
    linears: tuple[str, ...]
    silent: dict[str, str]
    floor: dict[str, Any] | None
    floor_said: str


class _Kept:
    """The last reference, and what it is of."""

    key = ""
    reference: Reference | None = None


def reference_of(source: Path, probes: Sequence[Probe], dtype: str, device: str) -> Reference:
    """Return the reference of a source, from the last job when it was of the same.

    Args:
        source: a model folder.
        probes: what is asked.
        dtype: the precision of the comparison, `bfloat16`, `float16`, `float32` or `auto`.
        device: where it runs.
    """
    key = _key(source, probes, dtype, device)
    if _Kept.reference is not None and _Kept.key == key:
        return _Kept.reference
    _Kept.reference = None
    made = _make(source, probes, dtype, device)
    if _bytes(made) <= KEPT_BYTES:
        _Kept.key, _Kept.reference = key, made
    return made


def _make(source: Path, probes: Sequence[Probe], dtype: str, device: str) -> Reference:
    events.phase("load the source")
    model, processor = loading.load_model(source, dtype, device)
    events.phase("run the source")
    encoded = probing.encode(processor, probes)
    first = probing.shown(probes)
    with certify_layers.watched(model) as seen:
        probing.predict(model, [one for one in encoded if one.probe is first])
    predictions = probing.predict(model, encoded)
    asked = certify_probes.canaries(pictures=loading.is_vision_language(source))
    silent = {
        probe.name: certify_probes.is_degenerate(*probing.ask(model, processor, probe))
        for probe in (first, *asked)
    }
    linears = linear_names(model)
    floor, said = _floor(source, model, encoded, predictions)
    return Reference(
        encoded=encoded,
        predictions=predictions,
        seen=seen,
        linears=linears,
        silent=silent,
        floor=floor,
        floor_said=said,
    )


def linear_names(model: Any) -> tuple[str, ...]:
    """Return the names of a model's Linears, without its output layer."""
    head = model.get_output_embeddings()
    return tuple(name for name, module in loading.linears(model).items() if module is not head)


def skeleton_names(checkpoint: Path) -> tuple[str, ...]:
    """Return the names of the Linears of a checkpoint's model as it is before it was quantized.

    Only its configuration is read; no weight takes any memory.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText

    config = AutoConfig.from_pretrained(checkpoint)
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    pictures = loading.is_vision_language(checkpoint)
    loader = AutoModelForImageTextToText if pictures else AutoModelForCausalLM
    with torch.device("meta"):
        return linear_names(loader.from_config(config))


def _floor(
    source: Path, model: Any, encoded: Sequence[Encoded], predictions: Sequence[Prediction]
) -> tuple[dict[str, Any] | None, str]:
    """Return how far a source is from itself in float32, or why that was not measured."""
    import torch

    if model.dtype == torch.float32:
        return None, "the comparison is in float32 already"
    needed = 4 * sum(parameter.numel() for parameter in model.parameters())
    free = free_bytes(model.device.type)
    if needed > free:
        said = f"float32 takes {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are free"
        return None, said
    events.phase("run the source in float32")
    try:
        # Widening gives the saved numbers exactly, unless they were cut when they were loaded.
        wide = _saved_wide(source)
        device = str(model.device)
        exact = loading.load_model(source, "float32", device)[0] if wide else model.float()
        wanted = probing.predict(exact, encoded)
    except Exception as error:
        return None, f"float32: {explained(error)}"
    return probing.summarize(probing.compare(wanted, predictions)), ""


def free_bytes(device: str) -> int:
    """Return how much memory is free on `cpu` or `cuda`, in bytes, within the control group."""
    if device == "cuda":
        import torch

        return int(torch.cuda.mem_get_info()[0])
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    free = next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable"))
    group = Path("/sys/fs/cgroup")
    try:
        limit = (group / "memory.max").read_text(encoding="ascii").strip()
        used = (group / "memory.current").read_text(encoding="ascii")
    except OSError:
        return free
    return free if limit == "max" else min(free, int(limit) - int(used))


def _saved_wide(source: Path) -> bool:
    """Return whether a source's matrices are saved in 32 bits or more."""
    entries = checkpoint_files.tensors(source).values()
    return any(entry["dtype"] in {"F32", "F64"} and len(entry["shape"]) > 1 for entry in entries)


def _key(source: Path, probes: Sequence[Probe], dtype: str, device: str) -> str:
    """Return the digest of all that a reference depends on."""
    digest = hashlib.sha256(f"{source}\n{dtype}\n{device}\n".encode())
    for path in sorted(source.iterdir()):
        about = path.stat()
        digest.update(f"{path.name} {about.st_size} {about.st_mtime_ns}\n".encode())
    for probe in probes:
        digest.update(repr((probe.task, probe.key, probe.text, probe.answer)).encode())
        for image in probe.images:
            content = image if isinstance(image, bytes) else str(image).encode()
            digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()


def _bytes(reference: Reference) -> int:
    tensors = [one.log_probabilities for one in reference.predictions]
    tensors += [value for one in reference.encoded for value in one.inputs.values()]
    tensors += [part for seen in reference.seen.values() for part in (seen.hidden, seen.output)]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)

"""Loading a model as a card's snippet does: plain transformers, nothing patched, nothing remote."""

from __future__ import annotations

import gc
from collections import Counter
from pathlib import Path
from typing import Any


class MisfitError(Exception):
    """The weights do not fit the model: something is missing, left over or of another shape."""


def is_vision_language(path: Path | str) -> bool:
    """Return whether a model folder holds a model that takes pictures."""
    from transformers import AutoConfig
    from transformers.models.auto import modeling_auto

    config = AutoConfig.from_pretrained(path)
    return config.model_type in modeling_auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES


def load_processor(path: Path | str) -> Any:
    """Return the AutoProcessor of a vision-language model, the AutoTokenizer of a text model."""
    from transformers import AutoProcessor, AutoTokenizer

    loader = AutoProcessor if is_vision_language(path) else AutoTokenizer
    return loader.from_pretrained(path)


def load_with_report(
    path: Path | str, dtype: str, device: str
) -> tuple[Any, Any, dict[str, list[str]]]:
    """Load a model and say which weights did not fit.

    Args:
        path: a model folder with safetensors weights.
        dtype: the arithmetic, `bfloat16`, `float16`, `float32` or `auto`.
        device: `cpu`, `cuda` or `cuda:<n>`.

    Returns:
        The model in evaluation mode, its processor, and the names that transformers reported
        under `missing_keys` (initialised at random), `unexpected_keys` and `mismatched_keys`; the
        report is empty when every weight fitted.
    """
    from transformers import AutoModelForCausalLM, AutoModelForImageTextToText

    loader = AutoModelForImageTextToText if is_vision_language(path) else AutoModelForCausalLM
    model, info = loader.from_pretrained(
        path, dtype=dtype, device_map=device, use_safetensors=True, output_loading_info=True
    )
    report = {name: sorted(map(str, found)) for name, found in info.items() if found}
    return model.eval(), load_processor(path), report


def load_model(path: Path | str, dtype: str, device: str) -> tuple[Any, Any]:
    """Load a model and its processor, every weight in its place.

    Raises:
        MisfitError: a weight is missing (and would be random), left over or of another shape.
    """
    model, processor, report = load_with_report(path, dtype, device)
    if report:
        raise MisfitError(describe_report(report))
    return model, processor


def describe_report(report: dict[str, list[str]]) -> str:
    """Return a report of misfits as one line with the first names of each sort."""
    parts = []
    for name, found in report.items():
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        parts.append(f"{name.removesuffix('_keys')}: {', '.join(found[:3])}{more}")
    return "; ".join(parts)


def linears(model: Any) -> dict[str, Any]:
    """Return every linear module by its name, plain and quantized."""
    from torch import nn

    return {
        name: module
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) or is_quantized(module)
    }


def is_quantized(module: Any) -> bool:
    """Return whether a module is a quantizer library's replacement of a Linear."""
    return type(module).__module__.startswith("gptqmodel.") and hasattr(module, "in_features")


def model_kernels(model: Any) -> dict[str, int]:
    """Return how many linear modules each class has: `{"TorchLinear": 35, "Linear": 11}`."""
    return dict(Counter(type(module).__name__ for module in linears(model).values()))


def release_memory() -> None:
    """Give back what dropped models held, and start the accelerator's peak afresh."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def device_bytes() -> tuple[int, int]:
    """Return the accelerator memory in use now and at its peak, in bytes; zeros without one."""
    import torch

    if not torch.cuda.is_available():
        return 0, 0
    return torch.cuda.memory_allocated(), torch.cuda.max_memory_allocated()

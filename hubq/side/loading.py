"""Loading a model as a card's snippet does: plain transformers, nothing patched, nothing remote."""

from __future__ import annotations

import gc
from collections import Counter
from pathlib import Path
from typing import Any

#: Where the classes come from that take the place of a Linear in a quantized model.
LIBRARIES = ("gptqmodel.", "auto_gptq.", "awq.")
#: Files that run code when they are read as weights.
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.pickle")


class MisfitError(Exception):
    """The weights do not fit the model: something is missing, left over or of another shape."""


def is_vision_language(path: Path | str) -> bool:
    """Return whether a model folder holds a model that takes pictures."""
    from transformers import AutoConfig
    from transformers.models.auto import modeling_auto

    config = AutoConfig.from_pretrained(path, trust_remote_code=False)
    return config.model_type in modeling_auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES


def load_processor(path: Path | str) -> Any:
    """Return the AutoProcessor of a vision-language model, the AutoTokenizer of a text model."""
    from transformers import AutoProcessor, AutoTokenizer

    loader = AutoProcessor if is_vision_language(path) else AutoTokenizer
    return loader.from_pretrained(path, trust_remote_code=False)


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

    Raises:
        MisfitError: there are no safetensors files; the message names a pickle that is.
    """
    import transformers
    from transformers import AutoModelForCausalLM, AutoModelForImageTextToText

    require_safetensors(Path(path))
    loader = AutoModelForImageTextToText if is_vision_language(path) else AutoModelForCausalLM
    arithmetic = "torch_dtype" if transformers.__version__.startswith("4.") else "dtype"
    model, info = loader.from_pretrained(
        path,
        device_map=device,
        use_safetensors=True,
        trust_remote_code=False,
        output_loading_info=True,
        **{arithmetic: dtype},
    )
    report = {name: sorted(map(str, found)) for name, found in info.items() if found}
    return model.eval(), load_processor(path), report


def require_safetensors(folder: Path) -> None:
    """Raise MisfitError unless a model folder has safetensors weights."""
    if any(folder.glob("*.safetensors")):
        return
    pickles = sorted(path.name for pattern in PICKLES for path in folder.glob(pattern))
    if pickles:
        raise MisfitError(
            f"{pickles[0]} is a pickle, which can run code when it is read; "
            "only safetensors weights are loaded"
        )
    raise MisfitError("there are no safetensors weights")


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
    """Return whether a module is a Linear that was quantized.

    It is of a quantizer library's class or, in the compressed-tensors format, a plain Linear with
    a scheme, which unpacks itself at the model's first forward pass.
    """
    named = type(module).__module__.startswith(LIBRARIES)
    replaced = named and (hasattr(module, "in_features") or hasattr(module, "infeatures"))
    return replaced or scheme_of(module) is not None


def scheme_of(module: Any) -> Any:
    """Return the scheme of a module in the compressed-tensors format; none for any other."""
    return getattr(module, "quantization_scheme", None)


def model_kernels(model: Any) -> dict[str, int]:
    """Return how many linear modules each class has: `{"TorchLinear": 35, "Linear": 11}`.

    A Linear in the compressed-tensors format has it behind its class: `Linear (pack-quantized)`.
    """
    return dict(Counter(map(_kernel, linears(model).values())))


def _kernel(module: Any) -> str:
    scheme, name = scheme_of(module), type(module).__name__
    if scheme is None:
        return name
    said = getattr(scheme, "format", None)
    return f"{name} ({getattr(said, 'value', said) or 'compressed-tensors'})"


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

"""Whether a model's weights are numbers: no NaN, no infinity."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import checkpoint_files
import events


def not_finite(folder: Path) -> Iterator[str]:
    """Yield the name of every floating tensor in a model folder with a NaN or an infinity."""
    import torch
    from safetensors import safe_open

    for path in checkpoint_files.weight_files(folder):
        with safe_open(path, framework="pt") as tensors:
            for name in tensors.keys():  # noqa: SIM118 - it is no mapping
                events.check()
                tensor = tensors.get_tensor(name)
                if tensor.is_floating_point() and not bool(torch.isfinite(_wide(tensor)).all()):
                    yield name


def _wide(tensor: Any) -> Any:
    """Return a tensor of a type that can be asked whether it is finite; 8-bit floats cannot."""
    return tensor.float() if tensor.element_size() == 1 else tensor

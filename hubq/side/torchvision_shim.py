"""Let a CUDA build of torchvision be imported beside a CPU build of torch.

hubq copies this file into the site-packages of CPU environments together with a .pth line that
imports it at start. Nothing happens until torchvision is imported: then the schemas of the two
operators that its Python code refers to by name are declared first (the library that would declare
them needs CUDA and does not load). Resizing and normalising work; nms and roi_align do not.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)

_kept: list[Any] = []


class _Finder(MetaPathFinder):
    """Find torchvision where it lies and declare the operators before it runs."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return torchvision's own spec with a step put before its execution."""
        if fullname != "torchvision":
            return None
        spec = PathFinder.find_spec(fullname, path)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def declare_then_execute(module: ModuleType) -> None:
            _declare()
            execute(module)

        spec.loader.exec_module = declare_then_execute  # type: ignore[method-assign]
        return spec


def _declare() -> None:
    import torch

    if torch.version.cuda is not None or hasattr(torch.ops.torchvision, "nms"):
        return
    library = torch.library.Library("torchvision", "DEF")
    for schema in SCHEMAS:
        library.define(schema)
    _kept.append(library)


sys.meta_path.insert(0, _Finder())

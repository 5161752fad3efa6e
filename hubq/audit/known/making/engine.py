"""What each release of vLLM and SGLang knows: architectures, quantization methods, and GPUs.

Both register methods in one module and models in others, and both are built alike.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import msgspec

from hubq.audit.known.making.index import Archive
from hubq.audit.known.making.sources import assigned, keys, parsed

_METHODS = (
    "vllm/model_executor/layers/quantization/",
    "vllm/model_executor/quantization_utils/",
    "sglang/srt/layers/quantization/",
)
_MODELS = (
    "vllm/model_executor/model_loader.py",
    "vllm/model_executor/models/__init__.py",
    "vllm/model_executor/models/registry.py",
)
_OF_SGLANG = "sglang/srt/models/"
_NOT_SUPPORTED = ("UNSUPPORTED", "PARTIALLY", "PREVIOUSLY", "DEPRECATED")


class Known(msgspec.Struct, frozen=True):
    """What one release knows.

    Attributes:
        architectures: values of `architectures` in a config that it runs itself.
        methods: quantization method -> least compute capability of an NVIDIA GPU, times ten
            (`80`: A100); 0 where the release does not say one number.
    """

    architectures: frozenset[str]
    methods: dict[str, int]


def known(archive: Archive) -> Known:
    """Return what a release knows."""
    return Known(architectures=frozenset(_architectures(archive)), methods=_methods(archive))


def _architectures(archive: Archive) -> Iterator[str]:
    for path in _MODELS:
        for target, value in assigned(parsed(archive.text(path))):
            if not any(word in target for word in _NOT_SUPPORTED):
                yield from (key for key in keys(value) if key[:1].isupper())
    for path in archive.names:
        text = archive.text(path) if path.startswith(_OF_SGLANG) else ""
        for target, value in assigned(parsed(text)) if "EntryClass" in text else ():
            if target == "EntryClass":
                yield from (node.id for node in ast.walk(value) if isinstance(node, ast.Name))


def _methods(archive: Archive) -> dict[str, int]:
    """Return the methods of a release; empty before it had any."""
    folder = next((one for one in _METHODS if f"{one}__init__.py" in archive.names), "")
    classes: dict[str, str] = {}
    if folder:
        for target, value in assigned(parsed(archive.text(f"{folder}__init__.py"))):
            if "QUANTIZATION" in target or target in ("method_to_config", "QuantizationMethods"):
                classes |= dict.fromkeys(_listed(target, value), "") | _mapped(value)
    needs = dict(_capabilities(archive, folder)) if folder else {}
    return {method: needs.get(name, 0) for method, name in classes.items()}


def _listed(target: str, value: ast.expr) -> Iterator[str]:
    if any(word in target for word in _NOT_SUPPORTED):
        return
    if isinstance(value, ast.Subscript):
        value = value.slice
    if isinstance(value, (ast.Tuple, ast.List)):
        for one in value.elts:
            if isinstance(one, ast.Constant) and isinstance(one.value, str):
                yield one.value


def _mapped(value: ast.expr) -> dict[str, str]:
    found: dict[str, str] = {}
    if isinstance(value, ast.Dict):
        for key, one in zip(value.keys, value.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                found[key.value] = one.id if isinstance(one, ast.Name) else ""
    return found


def _capabilities(archive: Archive, folder: str) -> Iterator[tuple[str, int]]:
    """Yield the classes of methods with what they need; those that compute it are left out."""
    for path in archive.names:
        text = archive.text(path) if path.startswith(folder) and path.endswith(".py") else ""
        if "get_min_capability" not in text:
            continue
        for node in ast.walk(parsed(text)):
            if isinstance(node, ast.ClassDef):
                for method in node.body:
                    if isinstance(method, ast.FunctionDef) and method.name == "get_min_capability":
                        yield node.name, _returned(method)


def _returned(function: ast.FunctionDef) -> int:
    """Return the one whole number that a function returns; 0 where it may return others."""
    returns = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]
    if len(returns) == 1 and isinstance(returns[0], ast.Constant):
        value = returns[0].value
        return value if isinstance(value, int) and value > 0 else 0
    return 0

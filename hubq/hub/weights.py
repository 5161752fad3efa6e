"""Which files of a repo make up the model, and whether they are all there."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath

import msgspec

from hubq.errors import BadInput

CONFIG = "config.json"
INDEX = "model.safetensors.index.json"
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
IGNORED = (
    *PICKLES,
    "*.gguf",
    "*.h5",
    "*.msgpack",
    "*.onnx",
    "*.onnx_data",
    "*.ot",
    "*.tflite",
    "*.mlmodel",
    "onnx/*",
    "openvino/*",
    "coreml/*",
    "original/*",
    "consolidated*.safetensors",
)
"""Patterns of files that hubq never needs: other formats of the same weights."""


def needed(paths: Iterable[str]) -> list[str]:
    """Return the paths that belong to the model, sorted; hidden files and other formats do not."""
    return sorted(path for path in paths if not _hidden(path) and not _matches(path, IGNORED))


def check_complete(paths: Iterable[str], read: Callable[[str], bytes], where: str) -> None:
    """Make sure that a repo or folder holds a whole model in safetensors.

    Args:
        paths: every file in it.
        read: returns a file's content.
        where: what to call it in an error.

    Raises:
        BadInput: no config, no safetensors, or a shard that the index names is missing.
    """
    names = set(paths)
    if CONFIG not in names:
        raise BadInput(
            f"{where} is not a model: no {CONFIG}",
            remedy="Give a model repo (org/name) or a folder saved by save_pretrained.",
        )
    weights = {name for name in needed(names) if name.endswith(".safetensors")}
    if not weights:
        raise _no_safetensors(names, where)
    if INDEX in names:
        missing = sorted(_indexed(read(INDEX), where) - names)
        if missing:
            raise BadInput(
                f"{where}: {INDEX} names {missing[0]}, which is not there"
                + (f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""),
                remedy="The model is incomplete; download or upload its missing shards.",
            )


def _no_safetensors(names: set[str], where: str) -> BadInput:
    pickles = sorted(name for name in names if _matches(name, PICKLES))
    if pickles:
        return BadInput(
            f"{where} has only pickled weights ({pickles[0]}), which can run code when loaded",
            remedy="Convert them to safetensors first (save_pretrained does), or use a repo with.",
        )
    return BadInput(
        f"{where} has no weights: no *.safetensors",
        remedy="Give a repo or folder that holds the model's weights as safetensors.",
    )


def _indexed(raw: bytes, where: str) -> set[str]:
    """Return the shards that an index names."""
    try:
        index = msgspec.json.decode(raw, type=_Index)
    except msgspec.DecodeError as error:
        raise BadInput(f"{where}: {INDEX} is not a safetensors index: {error}") from error
    return set(index.weight_map.values())


class _Index(msgspec.Struct, frozen=True, kw_only=True):
    weight_map: dict[str, str]


def _matches(path: str, patterns: Iterable[str]) -> bool:
    name = PurePosixPath(path).name
    return any(
        fnmatch.fnmatchcase(path if "/" in pattern else name, pattern) for pattern in patterns
    )


def _hidden(path: str) -> bool:
    return any(part.startswith(".") or part == "__pycache__" for part in path.split("/"))

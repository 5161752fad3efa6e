"""The files of a checkpoint: which belong to it, what their headers say, what must not be in them.

Standard library only, so that every worker can use it whatever its environment holds.
"""

from __future__ import annotations

import json
import re
import shutil
import struct
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

INDEX = "model.safetensors.index.json"
#: Files that go from the source to a checkpoint byte by byte: tokenizer, processor, chat template,
#: generation settings and licence; never weights, pickles, code or the source's own card.
CARRIED = (
    *("*.json", "*.jinja", "*.txt", "*.model", "*.tiktoken"),
    *("LICENSE*", "NOTICE*", "USE_POLICY*"),
)
NOT_CARRIED = ("config.json", "quantize_config.json", "*.index.json", "README*", "require*.txt")
#: Files whose strings are vocabulary, where a slash says nothing.
VOCABULARIES = ("tokenizer.json", "vocab.json", "added_tokens.json", INDEX)

#: Where evidence files hold JSON pointers (RFC 6901), which begin as paths do.
POINTER = ".pointer"

_MAX_HEADER = 100_000_000
_LOCAL_PATH = re.compile(r"^(?:file://|~/|[A-Za-z]:\\|/[^/\s]+/[^\s]*)")
#: What a packed module has: GPTQ and AWQ, compressed-tensors, FP8 of transformers' own.
_QUANTIZED = (".qweight", ".weight_packed", ".weight_scale", ".weight_scale_inv")


def read_header(path: Path) -> dict[str, Any]:
    """Return a safetensors file's header: tensor name -> `dtype`, `shape`, `data_offsets`.

    Raises:
        ValueError: the file is no safetensors file, or is shorter than its header says.
    """
    header, start = _header(path)
    header.pop("__metadata__", None)
    end = max((tensor["data_offsets"][1] for tensor in header.values()), default=0)
    size = path.stat().st_size
    if size != start + end:
        raise ValueError(f"{path.name} has {size} bytes where its header says {start + end}")
    return header


def read_metadata(path: Path) -> dict[str, str]:
    """Return what a safetensors file says of itself, such as its format.

    Raises:
        ValueError: the file is no safetensors file.
    """
    header, _ = _header(path)
    return dict(header.get("__metadata__", {}))


def _header(path: Path) -> tuple[dict[str, Any], int]:
    """Return a safetensors file's whole header, and where its tensors begin."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else _MAX_HEADER
        if length >= _MAX_HEADER or length + 8 > size:
            raise ValueError(f"{path.name} is not a safetensors file")
        header: dict[str, Any] = json.loads(file.read(length))
    return header, 8 + length


def weight_files(folder: Path) -> list[Path]:
    """Return the safetensors files of a model folder, in order of their names."""
    return sorted(folder.glob("*.safetensors"))


def weight_bytes(folder: Path) -> int:
    """Return the size of a model folder's weights in bytes."""
    return sum(path.stat().st_size for path in weight_files(folder))


def tensors(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the header entries of every tensor in a model folder.

    Raises:
        ValueError: a file is no safetensors file, or a tensor is in two of them.
    """
    found: dict[str, dict[str, Any]] = {}
    for path in weight_files(folder):
        header = read_header(path)
        twice = found.keys() & header.keys()
        if twice:
            raise ValueError(f"{min(twice)} is in more than one weight file")
        found |= header
    return found


def carried_files(source: Path) -> list[Path]:
    """Return the source's files that every checkpoint made from it holds unchanged."""
    return sorted(
        path
        for path in source.iterdir()
        if path.is_file()
        and any(fnmatch(path.name, pattern) for pattern in CARRIED)
        and not any(fnmatch(path.name, pattern) for pattern in NOT_CARRIED)
    )


def carry_files(source: Path, checkpoint: Path) -> list[str]:
    """Make a checkpoint's files the source's own, but for weights and configuration.

    What a library wrote beside the weights (re-saved tokenizers, "repaired" generation settings,
    logs) is removed first.

    Returns:
        The names of the files copied.
    """
    kept = {"config.json", "quantize_config.json", INDEX}
    for path in checkpoint.iterdir():
        if path.name not in kept and path.suffix != ".safetensors":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    names = []
    for path in carried_files(source):
        shutil.copyfile(path, checkpoint / path.name)
        names.append(path.name)
    return names


def quantized_modules(entries: Mapping[str, Any]) -> set[str]:
    """Return the names of the modules whose weight is packed."""
    marks = ((name, mark) for name in entries for mark in _QUANTIZED if name.endswith(mark))
    return {name.removesuffix(mark) for name, mark in marks}


def plain_branches(entries: Mapping[str, Any]) -> list[str]:
    """Return the branches of a model that hold no packed weight, such as its vision tower.

    A branch is given both as the checkpoint names it and without the leading `model.`, since
    transformers compares from the start of a module's name and other loaders nest it otherwise.
    Branches that are no stack of layers (embeddings, norms, the output layer) are left out.
    """
    packed = quantized_modules(entries)
    branches = set()
    for name, entry in entries.items():
        if not name.endswith(".weight") or len(entry["shape"]) != 2 or name[:-7] in packed:
            continue
        parts = name.removeprefix("model.").split(".")
        if len(parts) > 2 and not any(f".{parts[0]}." in f".{module}." for module in packed):
            branches.add(parts[0])
    return [name for branch in sorted(branches) for name in (branch, f"model.{branch}")]


def local_paths(folder: Path) -> Iterator[str]:
    """Yield `file: key = value` for every path of this machine in a checkpoint's JSON files."""
    for path in sorted(folder.glob("*.json")):
        if path.name not in VOCABULARIES:
            for key, value in strings(json.loads(path.read_bytes())):
                if is_local_path(value) and not key.endswith(POINTER):
                    yield f"{path.name}: {key} = {value}"


def is_local_path(text: str) -> bool:
    """Return whether a text is a path of some machine, from its beginning."""
    return bool(_LOCAL_PATH.match(text))


def without_paths(value: Any) -> Any:
    """Return JSON data without the entries that name a path of this machine or a cache."""
    if isinstance(value, dict):
        return {
            key: without_paths(inner)
            for key, inner in value.items()
            if key not in {"_name_or_path", "offload_to_disk_path"}
            and not (isinstance(inner, str) and is_local_path(inner))
        }
    if isinstance(value, list):
        return [without_paths(inner) for inner in value]
    return value


def write_json(path: Path, value: Any) -> None:
    """Write indented JSON with a final newline."""
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def strings(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield every string of JSON data with where it is: `a.b[0]`."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from strings(inner, f"{key}.{name}" if key else name)
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from strings(inner, f"{key}[{position}]")

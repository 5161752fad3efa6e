"""The files of a checkpoint: are they whole, are they all there, and do they hold nothing private?

Standard library only.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import checkpoint_files
from certify_checks import Fault, listed

#: Finding -> the files that it is about, in the order in which they are told.
KINDS = {
    "missing-processor": ("preprocessor_config.json", "processor_config.json", "*processor*.json"),
    "missing-chat-template": ("chat_template.*",),
    "missing-generation-config": ("generation_config.json",),
    "missing-license": ("LICENSE*", "NOTICE*", "USE_POLICY*"),
    "missing-tokenizer": ("tokenizer*", "vocab*", "merges*", "*.model", "*.tiktoken", "*token*"),
}
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.pickle")
#: A sentence: no setting is one, a calibration row is.
SENTENCE_WORDS = 8
_TEXT_KEYS = re.compile(r"dataset|calib|sample|text|prompt", re.IGNORECASE)
#: A path inside of a longer text; the first folders are those where people and programs keep data.
_PATH_INSIDE = re.compile(
    r"(?:^|[\s'\"=:(,\[])"
    r"((?:/(?:home|Users|root|tmp|mnt|media|data|workspace|opt|scratch|srv|var|private|content)"
    r"|~|[A-Za-z]:\\Users)[/\\][^\s'\",)\]]+)"
)
#: A folder where a model's name should be; `org/name` is a name.
_FOLDER = re.compile(r"^\.|\\|/.*/|/$")
_TEXTS = ("*.yaml", "*.yml", "*.csv", "*.txt", "*.log", "*.toml", "*.py")


def weight_fault(folder: Path) -> Fault | None:
    """Return what is wrong with a checkpoint's weight files or with its index."""
    pickles = sorted(p.name for pattern in PICKLES for p in folder.glob(pattern))
    if pickles:
        said = f"{listed(pickles)}: weights that can run code when they are loaded"
        return Fault(finding="pickle", said=said)
    headers = {}
    for path in checkpoint_files.weight_files(folder):
        try:
            headers[path.name] = checkpoint_files.read_header(path)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return _header_fault(path, error)
    if not headers:
        return Fault(finding="no-weights", said="there are no safetensors files")
    return _twice(headers) or _index_fault(folder, headers)


def _header_fault(path: Path, error: Exception) -> Fault:
    said = str(error) if str(error).startswith(path.name) else f"{path.name}: {error}"
    whole = " bytes where its header says " in said
    return Fault(finding="truncated-shard" if whole else "not-safetensors", said=said)


def _twice(headers: Mapping[str, Mapping[str, Any]]) -> Fault | None:
    places: dict[str, str] = {}
    for file, header in headers.items():
        for name in header:
            if name in places:
                said = f"{name} is both in {places[name]} and in {file}"
                return Fault(finding="duplicate-tensor", said=said)
            places[name] = file
    return None


def _index_fault(folder: Path, headers: Mapping[str, Mapping[str, Any]]) -> Fault | None:
    path = folder / checkpoint_files.INDEX
    if not path.is_file():
        if len(headers) == 1:
            return None
        said = f"{len(headers)} weight files and no {path.name}"
        return Fault(finding="no-index", said=said)
    index = json.loads(path.read_bytes())
    return _place_fault(index["weight_map"], headers) or _size_fault(folder, index, headers)


def _place_fault(
    places: Mapping[str, str], headers: Mapping[str, Mapping[str, Any]]
) -> Fault | None:
    """Return where an index and the weight files do not agree on what is where."""
    for name, file in sorted(places.items()):
        if name not in headers.get(file, {}):
            what = "which has no such tensor" if file in headers else "which is not there"
            said = f"the index says that {name} is in {file}, {what}"
            return Fault(finding="dangling-index", said=said)
    orphans = sorted(headers.keys() - set(places.values()))
    if orphans:
        return Fault(finding="orphan-shard", said=f"{listed(orphans)} is not in the index")
    unlisted = sorted(name for header in headers.values() for name in header.keys() - places.keys())
    if unlisted:
        said = f"{listed(unlisted)} is in a weight file and not in the index"
        return Fault(finding="unlisted-tensor", said=said)
    return None


def _size_fault(
    folder: Path, index: Mapping[str, Any], headers: Mapping[str, Mapping[str, Any]]
) -> Fault | None:
    """Return whether the index names another size; some libraries count the headers too."""
    said = (index.get("metadata") or {}).get("total_size")
    offsets = (entry["data_offsets"] for header in headers.values() for entry in header.values())
    total = sum(end - begin for begin, end in offsets)
    if said is None or total <= int(said) <= checkpoint_files.weight_bytes(folder):
        return None
    return Fault(
        finding="index-size", said=f"the index says {said} bytes of tensors, there are {total}"
    )


def set_fault(source: Path, checkpoint: Path, *, exact: bool) -> Fault | None:
    """Return which of the source's files a checkpoint lacks, or has otherwise.

    Args:
        source: the folder of the model it was made from.
        checkpoint: its own.
        exact: whether they must be the source's byte for byte; else it is enough that what they
            are for is there, in whatever files.
    """
    needed = checkpoint_files.carried_files(source)
    missing = [path.name for path in needed if not (checkpoint / path.name).is_file()]
    if not exact:
        missing = [name for name in missing if not _stands_elsewhere(name, checkpoint)]
    if missing:
        found = _kind(missing)
        said = f"the source's {listed(sorted(missing))} is missing"
        return Fault(finding=found, said=said)
    if not exact:
        return None
    changed = [p.name for p in needed if p.read_bytes() != (checkpoint / p.name).read_bytes()]
    if changed:
        said = f"{listed(changed)} is not the source's"
        return Fault(finding="changed-file", said=said)
    return None


def _kind(names: Iterable[str]) -> str:
    for finding, patterns in KINDS.items():
        if any(fnmatch(name, pattern) for name in names for pattern in patterns):
            return finding
    return "missing-file"


def _stands_elsewhere(name: str, checkpoint: Path) -> bool:
    """Return whether another file of a checkpoint does what a file of the source is for."""
    kind = _kind([name])
    if kind == "missing-chat-template":
        return has_chat_template(checkpoint)
    if kind in {"missing-generation-config", "missing-file"}:
        return kind == "missing-file"
    return any(list(checkpoint.glob(pattern)) for pattern in KINDS[kind][:3])


def has_chat_template(folder: Path) -> bool:
    """Return whether a model folder has a chat template, in a file of its own or another."""
    if any(folder.glob("chat_template.*")):
        return True
    path = folder / "tokenizer_config.json"
    return path.is_file() and bool(json.loads(path.read_bytes()).get("chat_template"))


def own_set_fault(checkpoint: Path, config: Mapping[str, Any]) -> Fault | None:
    """Return which files a checkpoint lacks to be used by itself, without knowing its source."""
    if not any(
        list(checkpoint.glob(pattern)) for pattern in ("tokenizer.json", "*.model", "vocab*")
    ):
        return Fault(finding="missing-tokenizer", said="there is no tokenizer")
    if "vision_config" not in config:
        return None
    if not any(list(checkpoint.glob(pattern)) for pattern in KINDS["missing-processor"]):
        said = "there is no preprocessor_config.json and no processor_config.json"
        return Fault(finding="missing-processor", said=said)
    if not has_chat_template(checkpoint):
        return Fault(finding="missing-chat-template", said="there is no chat template")
    return None


def path_fault(folder: Path) -> Fault | None:
    """Return where a checkpoint's files name a path of the machine that it was made on."""
    leaks = [*checkpoint_files.local_paths(folder), *_paths_inside(folder)]
    if leaks:
        return Fault(finding="local-path", said="; ".join(dict.fromkeys(leaks[:3])))
    config = folder / "config.json"
    names = checkpoint_files.strings(json.loads(config.read_bytes())) if config.is_file() else ()
    for key, value in names:
        if key.endswith("_name_or_path") and _FOLDER.search(value):
            return Fault(finding="internal-name", said=f"config.json: {key} = {value}")
    return None


def _paths_inside(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("*.json")):
        if path.name not in checkpoint_files.VOCABULARIES and path.name != "tokenizer_config.json":
            for key, value in checkpoint_files.strings(json.loads(path.read_bytes())):
                if not checkpoint_files.is_local_path(value) and not key.endswith(
                    checkpoint_files.POINTER
                ):
                    yield from (
                        f"{path.name}: {key} has {at}" for at in _PATH_INSIDE.findall(value)
                    )
    for pattern in _TEXTS:
        for path in sorted(folder.glob(pattern)):
            if path.name not in {"merges.txt", "vocab.txt"}:
                text = path.read_text(encoding="utf-8", errors="replace")
                yield from (f"{path.name}: {at}" for at in _PATH_INSIDE.findall(text)[:3])
    for path in checkpoint_files.weight_files(folder):
        for key, value in checkpoint_files.read_metadata(path).items():
            yield from (f"{path.name}: {key} has {at}" for at in _PATH_INSIDE.findall(value))


def calibration_fault(folder: Path) -> Fault | None:
    """Return where a checkpoint's quantization configuration holds text it was calibrated on."""
    for name in ("config.json", "quantize_config.json"):
        if not (folder / name).is_file():
            continue
        said = json.loads((folder / name).read_bytes())
        if name == "config.json":
            said = {"quantization_config": said.get("quantization_config")}
        for key, value in checkpoint_files.strings(said):
            words = len(value.split())
            listed_text = bool(re.search(r"\[\d+\]", key)) and bool(_TEXT_KEYS.search(key))
            if words >= SENTENCE_WORDS or (listed_text and words > 1):
                text = f"{name}: {key} holds text: {value[:60]!r}"
                return Fault(finding="calibration-text", said=text)
    return None


def digest_fault(folder: Path, digests: Mapping[str, str]) -> Fault | None:
    """Return which weight file is not the one that the quantizer saved.

    Args:
        folder: the checkpoint's.
        digests: file -> SHA-256, as recorded when it was made.
    """
    names = {path.name for path in checkpoint_files.weight_files(folder)}
    if names != digests.keys():
        said = f"{listed(sorted(names ^ digests.keys()))}: not the files that were made"
        return Fault(finding="other-weights", said=said)
    for name, digest in sorted(digests.items()):
        with (folder / name).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != digest:
            said = f"{name} is not the file that was made for this variant"
            return Fault(finding="other-weights", said=said)
    return None

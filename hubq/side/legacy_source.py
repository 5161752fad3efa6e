"""A source's small files as transformers 4.51.3 reads them, which the archived libraries need.

What a transformers 5 has saved is misread by 4.51.3, mostly without a word: a nested `text_config`
is not looked at (the model would have the library's default size), rotary settings and picture
sizes are ignored, and tokenizers of a class it does not know are refused. So the source is read
from a folder of links in which the small files are said in the old way. What is published is made
from the source's own files; nothing of this folder gets there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import checkpoint_files
import events

#: Models whose configuration in 4.51.3 has the language model's settings at its top.
FLAT = ("qwen2_vl", "qwen2_5_vl")
#: Never read: pickles, code, and what is said anew here.
NOT_LINKED = (".bin", ".pt", ".pth", ".ckpt", ".h5", ".msgpack", ".py")
#: Of the top of a configuration, also where the language model's settings say something else.
OF_THE_WHOLE = ("model_type", "architectures", "dtype", "torch_dtype", "tie_word_embeddings")
#: Tokens that every tokenizer has a place for; others are named by a model.
USUAL_TOKENS = ("bos", "eos", "unk", "sep", "pad", "cls", "mask")
#: What transformers 5 writes into tokenizer_config.json for itself.
ONLY_NEW = ("backend", "is_local", "local_files_only", "model_specific_special_tokens")
PARTS = ("image_processor", "video_processor", "feature_extractor", "audio_processor", "tokenizer")

#: Of all vision towers that 4.51.3 knows, fixed there.
VISION_THETA = 10000.0


def readable(source: Path, folder: Path) -> Path:
    """Make a folder from which transformers 4.51.3 reads a source rightly, and return it.

    Args:
        source: a model's folder, saved by transformers 4 or 5; weights are linked, not copied.
        folder: is made; must not be there.

    Raises:
        events.Infeasible: the source says what 4.51.3 has no words for.
    """
    folder.mkdir(parents=True)
    config = _read(source / "config.json")
    made = {"config.json": config_for_v4(config)}
    if (source / "tokenizer_config.json").is_file():
        made["tokenizer_config.json"] = tokenizer_for_v4(_read(source / "tokenizer_config.json"))
    made |= _processors(source)
    for path in source.iterdir():
        if path.is_file() and path.suffix not in NOT_LINKED and path.name not in made:
            (folder / path.name).symlink_to(path.resolve())
    for name, content in made.items():
        checkpoint_files.write_json(folder / name, content)
    return folder


def config_for_v4(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration as transformers 4.51.3 reads it.

    Raises:
        events.Infeasible: its rotary embedding cannot be said in 4.51.3.
    """
    made = dict(config)
    text = made.get("text_config")
    if made.get("model_type") in FLAT and isinstance(text, dict):
        whole = {name: made[name] for name in OF_THE_WHOLE if name in made}
        made = {**made, **text, **whole}
        del made["text_config"]
    made = _with_old_rotary(made)
    for name, part in made.items():
        if isinstance(part, dict) and name.endswith("_config"):
            old = _with_fixed_rotary(part) if name == "vision_config" else _with_old_rotary(part)
            made[name] = _with_old_dtype(old)
    made.pop("transformers_version", None)
    return _with_old_dtype(made)


def tokenizer_for_v4(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tokenizer's configuration as transformers 4.51.3 reads it."""
    made = {name: value for name, value in config.items() if name not in ONLY_NEW}
    if made.get("tokenizer_class") == "TokenizersBackend":
        made["tokenizer_class"] = "PreTrainedTokenizerFast"
    extra = made.get("extra_special_tokens")
    if isinstance(extra, list):
        usual = {f"{name}_token" for name in USUAL_TOKENS}
        made["additional_special_tokens"] = [*made.get("additional_special_tokens", []), *extra]
        made["extra_special_tokens"] = {
            name: value
            for name, value in made.items()
            if name.endswith("_token") and name not in usual and isinstance(value, str)
        }
    return made


def image_processor_for_v4(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return a picture processor's settings as transformers 4.51.3 reads them.

    Its processor of Qwen2-VL's pictures takes no notice of `size`, only of `min_pixels` and
    `max_pixels`; its fast processors need torchvision.
    """
    made = dict(settings)
    kind = made.get("image_processor_type")
    if isinstance(kind, str):
        made["image_processor_type"] = kind.removesuffix("Fast").removesuffix("Pil")
    size = made.get("size")
    if isinstance(size, dict) and {"shortest_edge", "longest_edge"} <= size.keys():
        made["min_pixels"] = made.get("min_pixels") or size["shortest_edge"]
        made["max_pixels"] = made.get("max_pixels") or size["longest_edge"]
    return made


def _processors(source: Path) -> dict[str, dict[str, Any]]:
    """Return the processor files said in the old way: pictures' settings in a file of their own."""
    whole = _read(source / "processor_config.json")
    pictures = _read(source / "preprocessor_config.json") or whole.get("image_processor", {})
    made = {}
    if whole:
        made["processor_config.json"] = {k: v for k, v in whole.items() if k not in PARTS}
    if pictures:
        named = {name: whole[name] for name in ("processor_class",) if name in whole}
        made["preprocessor_config.json"] = image_processor_for_v4(named | pictures)
    return made


def _with_old_rotary(part: dict[str, Any]) -> dict[str, Any]:
    """Return settings with `rope_parameters` said as `rope_theta` and `rope_scaling`."""
    if "rope_parameters" not in part:
        return part
    made = dict(part)
    rotary = dict(made.pop("rope_parameters") or {})
    if any(isinstance(value, dict) for value in rotary.values()):
        raise events.Infeasible(
            "the source has rotary embeddings for each sort of layer; transformers 4.51.3 has one"
        )
    for name in ("rope_theta", "partial_rotary_factor"):
        if name in rotary:
            made[name] = rotary.pop(name)
    if rotary.keys() - {"rope_type", "type"} or rotary.get("rope_type", "default") != "default":
        made["rope_scaling"] = rotary
    return made


def _with_fixed_rotary(part: dict[str, Any]) -> dict[str, Any]:
    """Return a vision tower's settings without what 4.51.3 has fixed.

    Raises:
        events.Infeasible: the source wants it otherwise.
    """
    rotary = part.get("rope_parameters") or {}
    if rotary.get("rope_theta", VISION_THETA) != VISION_THETA:
        raise events.Infeasible(
            f"the vision tower's rope_theta is {rotary['rope_theta']:g}; "
            f"transformers 4.51.3 knows only {VISION_THETA:g}"
        )
    return {name: value for name, value in part.items() if name != "rope_parameters"}


def _with_old_dtype(part: dict[str, Any]) -> dict[str, Any]:
    """Return settings with `dtype` said as `torch_dtype`."""
    made = {name: value for name, value in part.items() if name != "dtype"}
    if part.get("dtype") is not None:
        made["torch_dtype"] = part["dtype"]
    return made


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_bytes()) if path.is_file() else {}
    return content

"""Models in transformers 4.51.3 for the archived libraries: loaded in float16, saved as the source.

AutoGPTQ and AutoAWQ work in float16 and so does what they publish: every tensor that they leave
alone is the source's, cast to float16. Their checkpoints get the names of the source's own tensors,
and nothing that the source has not: see `place`.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import calibration_rows
import checkpoint_files
import events
import legacy_source
import quantizing
from quantizing import QuantizationError, Task

DTYPE = "float16"
#: What a packed Linear has in place of its weight.
PACKED = ("qweight", "qzeros", "scales", "g_idx")
#: Numbers of any width from 2 to 8 bits fill whole words of 32 bits only so many at a time.
INPUTS_OF_WORDS = 32
#: A bias that the source has not: kept only if it says something.
DROPPED_IF_ZERO = "bias"

_QWEN2_VL = {r"^model\.visual\.": "visual.", r"^model\.language_model\.": "model."}
_ONEVISION = {
    r"^model\.language_model\.": "language_model.model.",
    r"^lm_head\.": "language_model.lm_head.",
    r"^(?:model\.)?vision_tower\.(?!vision_model\.)": "vision_tower.vision_model.",
    r"^model\.": "",
}


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where a model of transformers 4.51.3 has its parts.

    Attributes:
        layers: the language model's layers.
        outside: what runs before them, so has to be where the first layer is.
        renamed: source's name, a pattern -> name in 4.51.3; the first that matches counts.
    """

    layers: str
    outside: tuple[str, ...]
    renamed: Mapping[str, str]


def _layout(stem: str, *before: str, renamed: Mapping[str, str] | None = None) -> Layout:
    language = tuple(f"{stem}.{name}" for name in ("embed_tokens", "norm", "rotary_emb"))
    return Layout(layers=f"{stem}.layers", outside=(*before, *language), renamed=renamed or {})


#: The architectures that were tried, each with pictures where it takes them.
LAYOUTS = {
    "llama": _layout("model"),
    "mistral": _layout("model"),
    "qwen2": _layout("model"),
    "qwen3": _layout("model"),
    "qwen2_vl": _layout("model", "visual", renamed=_QWEN2_VL),
    "qwen2_5_vl": _layout("model", "visual", renamed=_QWEN2_VL),
    "llava_onevision": _layout(
        "language_model.model", "vision_tower", "multi_modal_projector", renamed=_ONEVISION
    ),
}


def layout(source: Path, library: str) -> Layout:
    """Return the layout of a source's architecture; reads its configuration only.

    Raises:
        events.Infeasible: the library cannot quantize it.
    """
    kind = json.loads((source / "config.json").read_bytes()).get("model_type")
    if kind not in LAYOUTS:
        known = ", ".join(sorted(LAYOUTS))
        raise events.Infeasible(f"{library} does not do {kind} models; it does {known}")
    return LAYOUTS[kind]


def load(folder: Path, renamed: Mapping[str, str]) -> Any:
    """Load a readable folder in float16 on the CPU, every weight in its place.

    Args:
        folder: as `legacy_source.readable` makes it.
        renamed: see `Layout`.

    Raises:
        QuantizationError: a weight is missing (4.51.3 would draw it) or left over.
        events.Infeasible: a weight is too large for float16.
    """
    import loading
    import torch
    from transformers import AutoModelForCausalLM, AutoModelForImageTextToText

    pictures = loading.is_vision_language(folder)
    loader = AutoModelForImageTextToText if pictures else AutoModelForCausalLM
    model, found = loader.from_pretrained(
        folder,
        torch_dtype=getattr(torch, DTYPE),
        use_safetensors=True,
        low_cpu_mem_usage=True,
        key_mapping=dict(renamed) or None,
        output_loading_info=True,
    )
    wrong = {name: sorted(map(str, names)) for name, names in found.items() if names}
    if wrong:
        raise QuantizationError(f"transformers 4.51.3: {loading.describe_report(wrong)}")
    for name, tensor in model.named_parameters():
        events.check()
        if not bool(torch.isfinite(tensor).all()):
            raise events.Infeasible(f"{name} does not fit into {DTYPE}, in which the library works")
    _without_caches(model)
    return model.eval()


def _without_caches(model: Any) -> None:
    """Make no part of a model keep keys and values: layers are run many times over."""
    for part in model.modules():
        config = getattr(part, "config", None)
        if config is not None:
            config.use_cache = False


def renamed_from(source: Path, renamed: Mapping[str, str]) -> dict[str, str]:
    """Return name in 4.51.3 -> the source's own name, of every tensor of a source."""
    return {new_name(name, renamed): name for name in checkpoint_files.tensors(source)}


def new_name(name: str, renamed: Mapping[str, str]) -> str:
    """Return what a tensor of the source is called in 4.51.3."""
    for pattern, replacement in renamed.items():
        new, count = re.subn(pattern, replacement, name)
        if count:
            return new
    return name


def save_as_in(source: Path, model: Any, renamed: Mapping[str, str]) -> None:
    """Make a quantized model's state the source's tensors, some packed, whoever asks for it.

    The libraries save what `state_dict` gives, AutoGPTQ in one file, AutoAWQ in several.
    """
    names = renamed_from(source, renamed)
    tied = tied_names(model)

    def as_in_source(_model: Any, state: Any, _prefix: str, _metadata: Any) -> None:
        found = {name: state.pop(name) for name in list(state)}
        zero = [
            name
            for name, tensor in found.items()
            if name.endswith(f".{DROPPED_IF_ZERO}") and name not in names and not bool(tensor.any())
        ]
        for name, place_ in place(found, names, zero, tied).items():
            state[place_] = found[name]

    model.register_state_dict_post_hook(as_in_source)


def place(
    saved: Iterable[str],
    names: Mapping[str, str],
    zero: Collection[str],
    tied: Collection[str],
) -> dict[str, str]:
    """Return tensor of a quantized model -> its name in the checkpoint.

    Two sorts are left out. AutoGPTQ gives every packed Linear a bias, all zeros where the source
    has none; and a tied output layer is written though the source has it only as embeddings. Both
    would be left over when the checkpoint is loaded.

    Args:
        saved: the names in the model's state.
        names: name in 4.51.3 -> in the source.
        zero: of the biases that the source has not, those that are all zero.
        tied: names of tensors that are others' too.

    Raises:
        QuantizationError: a tensor is left over, or one of the source is missing.
    """
    places, done = {}, set()
    for name in saved:
        module, _, part = name.rpartition(".")
        weight = f"{module}.weight"
        if name in names:
            places[name] = names[name]
            done.add(name)
        elif part in PACKED and weight in names:
            places[name] = names[weight].removesuffix("weight") + part
            done.add(weight)
        elif not (name in zero or name in tied):
            raise QuantizationError(f"{name} is nothing that the source has")
    missing = sorted(names.keys() - done)
    if missing:
        raise QuantizationError(f"{missing[0]} of the source is not in the quantized model")
    return places


def tied_names(model: Any) -> set[str]:
    """Return the names of a model's parameters that go by more than one name."""
    names = [(id(tensor), name) for name, tensor in model.named_parameters(remove_duplicate=False)]
    times = Counter(tensor for tensor, _ in names)
    return {name for tensor, name in names if times[tensor] > 1}


def say_dtype(checkpoint: Path) -> None:
    """Say in a checkpoint's configuration that its plain tensors are float16, as they are.

    The source's configuration says what the source is; a loader that goes by it would cast them.
    """
    path = checkpoint / "config.json"
    config = json.loads(path.read_bytes())
    checkpoint_files.write_json(path, with_dtype(config))


def with_dtype(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a model's configuration, and those of its parts, with the dtype of what is saved."""
    made = _with_dtype(config)
    return made if {"dtype", "torch_dtype"} & made.keys() else {**made, "torch_dtype": DTYPE}


def _with_dtype(config: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in config.items():
        if name in {"dtype", "torch_dtype"}:
            made[name] = DTYPE
        elif name.endswith("_config") and isinstance(value, dict):
            made[name] = value if name == "quantization_config" else _with_dtype(value)
        else:
            made[name] = value
    return made


def require_packable(linears: Mapping[str, Any], group_size: int, outputs: int) -> None:
    """Refuse shapes at which the library would fail hours later, or pack only a part.

    Args:
        linears: name -> Linear, of one layer.
        group_size: inputs of one group; -1 for all.
        outputs: of what number the outputs have to be a multiple.

    Raises:
        events.Infeasible: groups do not divide the inputs, or packed words not what is in them.
    """
    inputs = {INPUTS_OF_WORDS, group_size} - {-1}
    for name, linear in linears.items():
        shape = [(linear.in_features, "inputs", multiple) for multiple in sorted(inputs)]
        for count, what, multiple in (*shape, (linear.out_features, "outputs", outputs)):
            if count % multiple:
                said = f"{name} has {count} {what}, no multiple of {multiple}"
                raise events.Infeasible(said)


def linears_of(layer: Any) -> dict[str, Any]:
    """Return the Linears of a layer by their names in it."""
    from torch import nn

    return {name: part for name, part in layer.named_modules() if isinstance(part, nn.Linear)}


def encoded(task: Task) -> tuple[Path, list[calibration_rows.Row], list[calibration_rows.Dropped]]:
    """Return the source as these libraries' transformers reads it, and its calibration rows."""
    with task.clock.phase("read calibration"):
        source = legacy_source.readable(task.source, task.scratch / "source")
        rows, dropped = quantizing.encoded_rows(dataclasses.replace(task, source=source))
    return source, rows, dropped


def finished(
    task: Task,
    wrapped: Any,
    renamed: Mapping[str, str],
    modules: list[dict[str, Any]],
    amend: Callable[[dict[str, Any]], dict[str, Any]],
) -> dict[str, Any]:
    """Save what a library has quantized and put it in order; return its configuration.

    Args:
        task: what was to be done.
        wrapped: the library's model; its `model` is transformers' own.
        renamed: of the layout, for the names of tensors.
        modules: what was quantized.
        amend: puts right what the library says of its own quantization.
    """
    with task.clock.phase("save"):
        save_as_in(task.source, wrapped.model, renamed)
        wrapped.save_quantized(str(task.checkpoint))
    with task.clock.phase("put in order"):
        resolved = quantizing.put_in_order(task.source, task.checkpoint, amend=amend)
        say_dtype(task.checkpoint)
        quantizing.require_packed(task.checkpoint, modules)
    return resolved

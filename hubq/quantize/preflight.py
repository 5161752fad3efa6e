"""Preflight: what can be known to fail before any quantizer is started, from headers alone.

Some of these faults a quantizer accepts without a word: groups that do not divide a layer's inputs
are quantized and saved, and the checkpoint cannot be run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hubq.errors import BadInput
from hubq.model.recipe import Calibration, Recipe, VariantSpec
from hubq.model.source import Source
from hubq.quantize import headers, methods
from hubq.quantize.methods import MODEL_TYPES, TEXT_TYPES
from hubq.quantize.shapes import (
    Linear,
    Weights,
    configured_widths,
    disagreement,
    family,
    from_config,
    from_tensors,
    weight_bytes,
)

#: The classes that transformers has for these model types; others would need code of the source,
#: or are made for something else than generating.
ARCHITECTURES = {
    "llava_onevision": "LlavaOnevisionForConditionalGeneration",
    "qwen2": "Qwen2ForCausalLM",
    "qwen2_5_vl": "Qwen2_5_VLForConditionalGeneration",
    "qwen2_vl": "Qwen2VLForConditionalGeneration",
    "qwen3": "Qwen3ForCausalLM",
    "qwen3_vl": "Qwen3VLForConditionalGeneration",
}
#: Weights in files that can run code when they are read.
PICKLES = (".bin", ".pt", ".pth", ".pkl", ".ckpt")


def check_recipe(source: Source, recipe: Recipe, origin: str) -> Weights:
    """Check everything about a source and a recipe that needs no tensor to be loaded.

    Args:
        source: the model; of a folder the headers are read, of a repo the configuration is used.
        recipe: what is to be done with it.
        origin: where the recipe was read, for messages.

    Returns:
        What the source's weight files hold, for estimates.

    Raises:
        BadInput: naming the file and the key, and the numbers that do not go together.
    """
    check_files(source.files, source.label)
    check_model_type(source.config)
    weights = read_weights(source)
    misfit = disagreement(weights, source.config) if weights.exact else ""
    if misfit:
        raise BadInput(f"{source.label}: config.json: {misfit}", remedy="Fetch the source again.")
    widths = _widths(weights.linears) if weights.exact else configured_widths(source.config)
    check_variants(source.config, recipe.variants, origin, widths)
    for position, variant in enumerate(recipe.variants):
        _check_multiples(variant, weights, f"{origin}: variants[{position}]")
    shared = (one for one in recipe.variants if one.calibration is None)
    if any(methods.facts(variant).calibrated for variant in shared):
        check_calibration(source.config, recipe.calibration, origin)
    return weights


def read_weights(source: Source) -> Weights:
    """Return what a source's weight files hold: from headers, or else from its configuration.

    Raises:
        BadInput: a weight file is missing, or not whole.
    """
    if source.path:
        return from_tensors(headers.read_tensors(Path(source.path)), source.config)
    return from_config(source.config, weight_bytes(source.files))


def check_variants(
    config: Mapping[str, Any],
    variants: Sequence[VariantSpec],
    origin: str,
    widths: Mapping[str, int],
) -> None:
    """Check that each variant of a recipe can be made of a model.

    Args:
        config: the source's `config.json`.
        variants: of the recipe, in its order.
        origin: where the recipe was read, for messages.
        widths: module -> how many inputs each Linear of that kind has.

    Raises:
        BadInput: naming the variant, the key and the numbers that do not go together.
    """
    for position, variant in enumerate(variants):
        where = f"{origin}: variants[{position}]"
        problem = methods.find_problem(variant, str(config["model_type"]))
        if problem:
            raise BadInput(f"{where}.{problem.key}: {problem.reason}", remedy=problem.remedy)
        _check_groups(variant, widths, where)
        if variant.calibration is not None:
            check_calibration(config, variant.calibration, where)


def _check_groups(variant: VariantSpec, widths: Mapping[str, int], where: str) -> None:
    known = methods.facts(variant).group_sizes
    for layer, inputs in widths.items():
        if variant.group_size > 0 and inputs % variant.group_size:
            fitting = [size for size in known if size > 0 and inputs % size == 0]
            fitting += [-1] if -1 in known else []
            remedy = " or ".join(map(str, fitting)) or "no size fits; use another backend"
            raise BadInput(
                f"{where}.group_size: {variant.group_size} does not divide "
                f"the {inputs} inputs of {layer}",
                remedy=f"group_size: {remedy}",
            )


def _check_multiples(variant: VariantSpec, weights: Weights, where: str) -> None:
    """Refuse Linears that a backend cannot pack: it would drop what fills no word."""
    multiples = methods.facts(variant).multiple
    for one in weights.linears:
        for count, what, multiple in zip(
            (one.inputs, one.outputs), ("inputs", "outputs"), multiples, strict=True
        ):
            if count % multiple:
                raise BadInput(
                    f"{where}.backend: {variant.backend} packs {what} by {multiple}, "
                    f"{one.module} has {count}",
                    remedy="Use another backend or method.",
                )


def _widths(linears: Iterable[Linear]) -> dict[str, int]:
    return {f"model.layers.*.{one.module}": one.inputs for one in linears}


def check_model_type(config: Mapping[str, Any]) -> None:
    """Check that a source is an unquantized model that transformers itself knows.

    Raises:
        BadInput: its type is not supported, it needs code of its own, or is quantized already.
    """
    model_type = config.get("model_type")
    custom = bool(config.get("auto_map"))
    if model_type not in MODEL_TYPES:
        known = ", ".join(sorted(MODEL_TYPES))
        code = " (it comes with code of its own, which hubq never runs)" if custom else ""
        raise BadInput(
            f"config.json: model_type {model_type!r} is not supported{code}; known: {known}"
        )
    named = config.get("architectures")
    classes = named if isinstance(named, list) and named else [ARCHITECTURES[model_type]]
    if ARCHITECTURES[model_type] not in classes:
        code = ", which is code of the source, and hubq never runs it" if custom else ""
        raise BadInput(
            f"config.json: architectures is {classes[0]}{code}",
            remedy=f"Use a source whose architecture is {ARCHITECTURES[model_type]}.",
        )
    if model_type in methods.VISION_TYPES and family(config) not in (model_type, *TEXT_TYPES):
        raise BadInput(
            f"config.json: text_config.model_type {family(config)!r} is not supported; "
            f"known: {', '.join(TEXT_TYPES)}"
        )
    if "quantization_config" in config:
        raise BadInput(
            "config.json: the source is quantized already", remedy="Use the original model."
        )


def check_calibration(config: Mapping[str, Any], calibration: Calibration, origin: str) -> None:
    """Raise BadInput when a text model would be calibrated with pictures."""
    if calibration.modality == "image-text" and config.get("model_type") in TEXT_TYPES:
        dot = "." if origin.endswith("]") else ": "
        raise BadInput(
            f"{origin}{dot}calibration.modality: {config['model_type']} takes no pictures",
            remedy="modality: text",
        )


def check_files(files: Mapping[str, int], label: str) -> None:
    """Check that a source has weights that are data and not programs, and that loaders find them.

    Args:
        files: every file of the source with its size in bytes.
        label: the source's name, for the message.

    Raises:
        BadInput: there are no safetensors files, or neither a whole one nor an index.
    """
    if headers.WEIGHTS in files or headers.INDEX in files:
        return
    if any(name.endswith(".safetensors") for name in files):
        raise BadInput(
            f"{label}: there is neither {headers.WEIGHTS} nor {headers.INDEX}",
            remedy="Use a source that transformers can load.",
        )
    pickles = sorted(name for name in files if name.endswith(PICKLES))
    if pickles:
        raise BadInput(
            f"{label}: {pickles[0]} is a pickle, which can run code when it is read",
            remedy="Use a source whose weights are safetensors files.",
        )
    raise BadInput(f"{label}: there are no safetensors files", remedy="Use a source that has them.")

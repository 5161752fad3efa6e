"""Front matter: what the Hub reads of a card, inherited from the source where it can be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hubq.cards import inheritance
from hubq.cards.family import Family
from hubq.cards.standing import standing_of
from hubq.markdown.escaping import one_line
from hubq.markdown.header import written

_TEXT, _VISION = "text-generation", "image-text-to-text"
_METHOD_TAGS = {
    "gptq": ("gptq",),
    "gptaq": ("gptq", "gptaq"),
    "awq": ("awq",),
    "rtn": ("rtn",),
    "fp8": ("fp8",),
    "smoothquant": ("int8", "w8a8", "smoothquant"),
}
_BACKEND_TAGS = {"llmcompressor": ("compressed-tensors",)}


def metadata_of(
    family: Family, variant: str, document: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the front matter of a variant's card, in the order in which it is written.

    License, languages, pipeline tag, tags and data sets are the source's own where its card has
    them: the Hub reads `datasets` as what a model was trained on, so those of calibration and
    evaluation are not among them. A source that is a local folder has no `base_model`, since no
    repo could be named.

    Args:
        family: what the card speaks of.
        variant: the card's.
        document: the card's comparisons, as `comparison.json` holds them; none for no
            `model-index`.
    """
    source, spec = family.source, family.spec(variant)
    inherited, card = source.card, family.loaded.recipe.card
    data = inheritance.license_of(inherited)
    languages = [one_line(code) for code in card.languages] or inheritance.languages_of(inherited)
    if languages:
        data["language"] = languages
    data["library_name"] = "transformers"
    tag = inheritance.pipeline_tag_of_source(inherited)
    data["pipeline_tag"] = tag or pipeline_tag_of(source.config)
    if source.repo:
        data["base_model"] = source.repo
        data["base_model_relation"] = "quantized"
    datasets = inheritance.datasets_of(inherited)
    if datasets:
        data["datasets"] = datasets
    own = (*_METHOD_TAGS[spec.method], *_BACKEND_TAGS.get(spec.backend, ()), f"{spec.bits}-bit")
    data["tags"] = _tags(inheritance.tags_of(inherited), own, card.tags)
    index = standing_of(family, variant, document, data["pipeline_tag"]) if document else []
    if index:
        data["model-index"] = index
    return data


def pipeline_tag_of(config: dict[str, Any]) -> str:
    """Return the pipeline tag that a model's configuration calls for."""
    return _VISION if is_vision(config) else _TEXT


def is_vision(config: dict[str, Any]) -> bool:
    """Say whether a model reads images."""
    return "vision_config" in config


def front_matter(data: dict[str, Any]) -> str:
    """Return front matter as it stands at the top of a README, fences included."""
    return written(data)


def _tags(inherited: list[str], own: tuple[str, ...], wanted: tuple[str, ...]) -> list[str]:
    asked = [text for tag in wanted if (text := one_line(tag))]
    return list(dict.fromkeys([*inherited, "quantized", *own, "hubq", *asked]))

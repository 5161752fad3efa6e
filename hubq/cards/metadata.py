"""Front matter: what the Hub reads of a card, inherited from the source where it can be."""

from __future__ import annotations

from typing import Any

import yaml

from hubq.cards.family import Family

_TEXT, _VISION = "text-generation", "image-text-to-text"
_LICENSE_KEYS = ("license", "license_name", "license_link")
_METHOD_TAGS = {
    "gptq": ("gptq",),
    "gptaq": ("gptq", "gptaq"),
    "awq": ("awq",),
    "rtn": ("rtn",),
    "fp8": ("fp8",),
    "smoothquant": ("int8", "w8a8", "smoothquant"),
}
_BACKEND_TAGS = {"llmcompressor": ("compressed-tensors",)}


def metadata_of(family: Family, variant: str) -> dict[str, Any]:
    """Return the front matter of a variant's card, in the order in which it is written.

    License, languages, pipeline tag, tags and data sets are the source's own where its card has
    them. A source that is a local folder has no `base_model`, since no repo could be named.
    """
    source, spec = family.source, family.spec(variant)
    inherited, card = source.card, family.loaded.recipe.card
    data: dict[str, Any] = {key: inherited[key] for key in _LICENSE_KEYS if inherited.get(key)}
    languages = list(card.languages) or inherited.get("language")
    if languages:
        data["language"] = languages
    data["library_name"] = "transformers"
    data["pipeline_tag"] = inherited.get("pipeline_tag") or pipeline_tag_of(source.config)
    if source.repo:
        data["base_model"] = source.repo
        data["base_model_relation"] = "quantized"
    if inherited.get("datasets"):
        data["datasets"] = inherited["datasets"]
    own = (*_METHOD_TAGS[spec.method], *_BACKEND_TAGS.get(spec.backend, ()), f"{spec.bits}-bit")
    data["tags"] = _tags(inherited.get("tags"), own, card.tags)
    return data


def pipeline_tag_of(config: dict[str, Any]) -> str:
    """Return the pipeline tag that a model's configuration calls for."""
    return _VISION if is_vision(config) else _TEXT


def is_vision(config: dict[str, Any]) -> bool:
    """Say whether a model reads images."""
    return "vision_config" in config


def front_matter(data: dict[str, Any]) -> str:
    """Return front matter as it stands at the top of a README, fences included."""
    text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=1000)
    return f"---\n{text}---\n"


def _tags(inherited: Any, own: tuple[str, ...], wanted: tuple[str, ...]) -> list[str]:
    source = [str(tag) for tag in inherited] if isinstance(inherited, list) else []
    return list(dict.fromkeys([*source, "quantized", *own, "hubq", *wanted]))

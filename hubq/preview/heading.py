"""The head of a card's page: what the Hub shows of its front matter."""

from __future__ import annotations

import msgspec

from hubq.markdown.frontmatter import FrontMatter

_HUB = "https://huggingface.co"
_RELATIONS = {
    "quantized": "Quantized from",
    "finetune": "Finetuned from",
    "adapter": "Adapter for",
    "merge": "Merged from",
}


class Heading(msgspec.Struct, frozen=True, kw_only=True):
    """What stands above and beside a card.

    Attributes:
        chips: label, text and link of each chip; label and link may be empty.
        facts: label and value of each line of the panel.
        bases: name and link of each model that this one is made from.
        relation: how it is made from them, in words.
    """

    chips: tuple[tuple[str, str, str], ...]
    facts: tuple[tuple[str, str], ...]
    bases: tuple[tuple[str, str], ...]
    relation: str


def heading(front: FrontMatter, site: str = _HUB) -> Heading:
    """Return the head of a card.

    Args:
        front: the card's front matter.
        site: the Hub that base models are linked to; empty for no links.
    """
    bases = [(name, f"{site}/{name}" if site else "") for name in front.items("base_model")]
    licenses = ", ".join(front.items("license"))
    if front.text("license_name"):
        licenses = f"{licenses} ({front.text('license_name')})"
    plain = [front.text("pipeline_tag"), front.text("library_name"), *front.items("language")]
    chips = [("", text, "") for text in plain if text]
    chips += [("base_model:", name, link) for name, link in bases]
    chips += [("dataset:", name, "") for name in front.items("datasets")]
    chips += [("license:", licenses, "")] if licenses else []
    chips += [("", text, "") for text in front.items("tags")]
    facts = [
        ("License", licenses),
        ("Task", front.text("pipeline_tag")),
        ("Library", front.text("library_name")),
        ("Languages", ", ".join(front.items("language"))),
        ("Datasets", ", ".join(front.items("datasets"))),
        ("Results", _results(front)),
    ]
    return Heading(
        chips=tuple(dict.fromkeys(chips)),
        facts=tuple((label, value) for label, value in facts if value),
        bases=tuple(bases),
        relation=_RELATIONS.get(front.text("base_model_relation"), "Made from"),
    )


def _results(front: FrontMatter) -> str:
    """Return how many results `model-index` holds, in words."""
    index = front.data.get("model-index")
    models = (
        [model for model in index if isinstance(model, dict)] if isinstance(index, list) else []
    )
    found = [model.get("results") for model in models]
    count = sum(len(results) for results in found if isinstance(results, list))
    return f"{count} in model-index" if count else ""

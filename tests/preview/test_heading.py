from __future__ import annotations

from hubq.markdown.frontmatter import parse
from hubq.preview.heading import heading

CARD = """---
license: other
license_name: qwen
language: [en, zh]
library_name: transformers
pipeline_tag: image-text-to-text
base_model: [a/b, c/d]
base_model_relation: quantized
tags: [gptq, gptq]
datasets: [e/f]
model-index:
- name: x
  results: [{}, {}]
---
"""


def test_chips_stand_in_the_order_of_the_hub() -> None:
    found = heading(parse(CARD), "https://hub.example")
    assert found.chips == (
        ("", "image-text-to-text", ""),
        ("", "transformers", ""),
        ("", "en", ""),
        ("", "zh", ""),
        ("base_model:", "a/b", "https://hub.example/a/b"),
        ("base_model:", "c/d", "https://hub.example/c/d"),
        ("dataset:", "e/f", ""),
        ("license:", "other (qwen)", ""),
        ("", "gptq", ""),
    )


def test_the_panel_says_the_rest() -> None:
    found = heading(parse(CARD))
    assert found.relation == "Quantized from"
    assert [name for name, _ in found.bases] == ["a/b", "c/d"]
    assert dict(found.facts)["Results"] == "2 in model-index"
    assert dict(found.facts)["Languages"] == "en, zh"


def test_front_matter_of_any_shape_is_no_error() -> None:
    for text in ("", "# none", "---\ntags: 3\nmodel-index: {a: 1}\nlicense: [[1]]\n---\n"):
        assert heading(parse(text)).relation == "Made from"

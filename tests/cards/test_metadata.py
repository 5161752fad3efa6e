from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import yaml

from hubq.cards.family import Family
from hubq.cards.metadata import front_matter, metadata_of, pipeline_tag_of
from hubq.cards.rendering import render_card
from hubq.markdown.lint import lint
from tests.cards.factory import Factory
from tests.cards.nano import loaded_recipe, source
from tests.fakes import write_files


def test_front_matter_is_inherited_and_says_what_was_quantized(
    family: Family, templates: tuple[Path, ...]
) -> None:
    text = render_card(family, "GPTQ-Int8", templates)["README.md"].decode()
    data = yaml.safe_load(text.split("---\n")[1])
    assert [one["name"] for one in data.pop("model-index")] == ["nano-qwen2-vl-GPTQ-Int8"]
    assert data == {
        "license": "apache-2.0",
        "language": ["en"],
        "library_name": "transformers",
        "pipeline_tag": "image-text-to-text",
        "base_model": "hubq/nano-qwen2-vl",
        "base_model_relation": "quantized",
        "tags": ["multimodal", "quantized", "gptq", "8-bit", "hubq", "nano"],
    }


def test_a_license_of_its_own_keeps_name_and_link(whole: Factory) -> None:
    card = {
        "license": "other",
        "license_name": "tongyi-qianwen",
        "license_link": "https://example.org/LICENSE",
    }
    data = metadata_of(whole.family(source=source(card=card)), "AWQ")
    assert list(data)[:3] == ["license", "license_name", "license_link"]
    assert data["license_name"] == "tongyi-qianwen"


def test_the_recipe_decides_on_languages(whole: Factory) -> None:
    card = msgspec.structs.replace(loaded_recipe().recipe.card, languages=("de", "fr"))
    family = whole.family(loaded=loaded_recipe(card=card))
    assert metadata_of(family, "AWQ")["language"] == ["de", "fr"]


def test_tags_of_the_recipe_are_one_line_each(whole: Factory) -> None:
    card = msgspec.structs.replace(loaded_recipe().recipe.card, tags=("a\nb", "\ue000", "c"))
    family = whole.family(loaded=loaded_recipe(card=card))
    assert metadata_of(family, "AWQ")["tags"][-3:] == ["hubq", "a b", "c"]


def test_a_folder_has_no_base_model(whole: Factory) -> None:
    data = metadata_of(whole.family(source=source(repo=None, commit=None)), "AWQ")
    assert "base_model" not in data
    assert "base_model_relation" not in data


def test_data_sets_are_the_sources_own(whole: Factory) -> None:
    data = metadata_of(whole.family(source=source(card={"datasets": ["a/b"]})), "AWQ")
    assert data["datasets"] == ["a/b"]


@pytest.mark.parametrize(
    ("config", "tag"),
    [({"vision_config": {}}, "image-text-to-text"), ({}, "text-generation")],
)
def test_the_pipeline_tag_follows_the_architecture(config: dict[str, object], tag: str) -> None:
    assert pipeline_tag_of(config) == tag


def test_awkward_values_survive_the_yaml() -> None:
    data = {"license": "no", "tags": ["yes", "1.0", "a: b", "ü"]}
    assert yaml.safe_load(front_matter(data).strip("-\n")) == data


@pytest.mark.parametrize("kind", ["family", "gappy"])
def test_lint_finds_nothing_on_a_rendered_card(
    request: pytest.FixtureRequest, templates: tuple[Path, ...], tmp_path: Path, kind: str
) -> None:
    family: Family = request.getfixturevalue(kind)
    files = render_card(family, "GPTQ-Int4", templates)
    write_files(tmp_path, files)
    assert lint(files["README.md"].decode(), tmp_path) == ()

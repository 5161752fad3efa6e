"""Recipes are read strictly, and errors name the place."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from hubq import recipes
from hubq.errors import BadInput
from hubq.model.recipe import LoadedRecipe

Edit = Callable[[dict[str, Any]], object]


def edited(tmp_path: Path, edit: Edit) -> Path:
    data = yaml.safe_load(recipes.find("qwen2-vl").read_text())
    edit(data)
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(data))
    return path


@pytest.mark.parametrize("name", recipes.names())
def test_every_bundled_recipe_reads_well(name: str) -> None:
    loaded = recipes.load(name)
    assert loaded.recipe.name == name
    assert loaded.origin == f"recipes/{name}.yaml"


def test_qwens_published_parameters_are_in_the_recipe() -> None:
    variants = {v.name: v for v in recipes.load("qwen2-vl").recipe.variants}
    assert list(variants) == ["GPTQ-Int8", "GPTQ-Int4", "AWQ"]
    assert {v.group_size for v in variants.values()} == {128}
    assert variants["GPTQ-Int4"].damp == 0.1
    assert not variants["GPTQ-Int4"].desc_act
    assert variants["GPTQ-Int4"].sym


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (
            lambda d: d["variants"][1].update(bits=5),
            "variants[1].bits: expected 2, 3, 4 or 8, got 5",
        ),
        (lambda d: d["variants"][1].update(bits="4"), "variants[1].bits: expected int, got '4'"),
        (
            lambda d: d["variants"][0].update(method="magic"),
            "variants[0].method: expected gptq, gptaq, awq, rtn, fp8 or smoothquant, got 'magic'",
        ),
        (lambda d: d["variants"][2].update(bitz=4), "variants[2].bitz: unknown key; known: name,"),
        (lambda d: d["variants"][0].pop("name"), "variants[0].name: missing"),
        (lambda d: d.update(scheme=1), "scheme: unknown key; known: schema,"),
        (lambda d: d.update(schema=2), "schema: expected 1, got 2"),
        (
            lambda d: d["calibration"].update(samples=0),
            "calibration.samples: expected int >= 1, got 0",
        ),
        (lambda d: d["variants"][1].update(name="AWQ"), "variants: the name 'AWQ' is there twice"),
        (lambda d: d["variants"][1].update(name="BF16"), "BF16 is the source itself"),
        (lambda d: d["variants"][2].update(bits=8), "variants[2].bits: expected 4 with method awq"),
        (lambda d: d.update(variants=[]), "variants: expected at least one, got none"),
        (lambda d: d.update(repo="{nam}/x"), "repo: expected {namespace}, {source} and {variant}"),
        (lambda d: d.update(suite="nope"), "suite: no such file 'nope'; bundled: documents,"),
    ],
)
def test_an_error_names_file_place_and_what_was_expected(
    tmp_path: Path, edit: Edit, message: str
) -> None:
    path = edited(tmp_path, edit)
    with pytest.raises(BadInput) as caught:
        recipes.load(str(path))
    assert caught.value.message.startswith(f"{path}: ")
    assert message in caught.value.message
    assert caught.value.exit_code == 2


def test_broken_yaml_names_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("schema: 1\nname: [x\n")
    with pytest.raises(BadInput, match=r"broken.yaml:3:1: not YAML"):
        recipes.load(str(path))


def test_a_recipe_is_chosen_by_model_type_but_never_the_nano_one() -> None:
    assert recipes.for_model_type("qwen2_vl") == "qwen2-vl"
    with pytest.raises(
        BadInput, match="no recipe for model_type 'mamba'; there are recipes for: llava_onevision"
    ):
        recipes.for_model_type("mamba")


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(
        BadInput, match="unknown recipe 'qwen'; there are: llava-onevision, modality"
    ):
        recipes.load("qwen")


def test_only_the_variants_asked_for_stay() -> None:
    loaded = recipes.choose_variants(recipes.load("qwen2-vl"), ("AWQ",))
    assert [v.name for v in loaded.recipe.variants] == ["AWQ"]
    with pytest.raises(BadInput, match="has no variant 'Q4'; it has: GPTQ-Int8, GPTQ-Int4, AWQ"):
        recipes.choose_variants(recipes.load("qwen2-vl"), ("Q4",))


def test_a_copy_elsewhere_has_the_same_digest(tmp_path: Path) -> None:
    path = edited(tmp_path, lambda _: None)
    assert recipes.recipe_digest(recipes.load(str(path))) == recipes.recipe_digest(
        recipes.load("qwen2-vl")
    )


@pytest.mark.parametrize("part", ["recipe", "suite", "workloads"])
def test_the_schema_knows_every_key(part: str) -> None:
    schema = recipes.json_schema(part)
    assert "schema" in str(schema)
    assert msgspec.json.encode(schema)


def test_defaults_are_filled_in_the_same_for_every_spelling(tmp_path: Path) -> None:
    def spell_out(data: dict[str, Any]) -> None:
        data["variants"][0] = copy.deepcopy(data["variants"][0]) | {"publish": True}

    path = edited(tmp_path, spell_out)
    assert recipes.recipe_digest(recipes.load(str(path))) == recipes.recipe_digest(
        recipes.load("qwen2-vl")
    )


LOADS = [{"requests": 4, "concurrency": 1}]
SERVED = {"name": "chat", "input_tokens": 8, "output_tokens": 8, "loads": LOADS}


def with_workloads(tmp_path: Path, **changes: Any) -> LoadedRecipe:
    workloads = yaml.safe_load((recipes.find("nano").parent / "workloads/nano.yaml").read_text())
    (tmp_path / "own.yaml").write_text(yaml.safe_dump({**workloads, **changes}))
    path = edited(tmp_path, lambda data: data.update(workloads="own.yaml"))
    return recipes.load(str(path))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"rounds": {"least": 5, "most": 9, "processes": 3}},
            "rounds.processes: expected 1, or at least the 5 of rounds.least, got 3",
        ),
        ({"rounds": {"least": 9, "most": 5}}, "rounds.most: expected at least 9, got 5"),
        ({"warm_up": {"least": 9, "most": 5}}, "warm_up.most: expected at least 9, got 5"),
        ({"serving": [SERVED, SERVED]}, "workloads: the name 'chat' is there twice"),
        ({"serving": [{**SERVED, "loads": LOADS * 2}]}, "loads: the name 'c1' is there twice"),
        (
            {"serving": [{**SERVED, "input_tokens": 0}]},
            "serving[0].input_tokens: expected at least 1 without images, got 0",
        ),
        (
            {"serving": [{**SERVED, "loads": [{"requests": 1, "concurrency": 1, "rate": 2.0}]}]},
            "serving[0].loads[0]: expected rate or concurrency, got both",
        ),
    ],
)
def test_workloads_that_cannot_be_measured_are_refused(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadInput) as error:
        with_workloads(tmp_path, **changes)
    assert message in error.value.message


def test_a_load_has_a_name_of_its_own(tmp_path: Path) -> None:
    loads = [{"requests": 1, "rate": 2.5}, {"requests": 1}, {"requests": 1, "concurrency": 8}]
    loaded = with_workloads(tmp_path, serving=[{**SERVED, "loads": loads}])
    assert [load.step for load in loaded.workloads.serving[0].loads] == ["r2.5", "max", "c8"]

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hubq.errors import BadInput
from hubq.model.recipe import Calibration, Recipe, VariantSpec
from hubq.model.source import Source
from hubq.quantize import footprint, preflight
from hubq.quantize.headers import INDEX, WEIGHTS
from hubq.quantize.shapes import configured_widths
from tests.factory import a_recipe
from tests.fakes import write_safetensors
from tests.rows import each_row

CONFIG: dict[str, Any] = {
    "model_type": "qwen2_vl",
    "architectures": ["Qwen2VLForConditionalGeneration"],
    "text_config": {
        "hidden_size": 256,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "intermediate_size": 512,
        "num_hidden_layers": 1,
    },
}
GPTQ = VariantSpec(name="GPTQ-Int4", method="gptq", bits=4)
SHAPES = {
    "model.embed_tokens.weight": (1000, 256),
    "model.layers.0.self_attn.q_proj.weight": (256, 256),
    "model.layers.0.self_attn.q_proj.bias": (256,),
    "model.layers.0.self_attn.o_proj.weight": (256, 256),
    "model.layers.0.input_layernorm.weight": (256,),
    "model.layers.0.mlp.down_proj.weight": (256, 512),
    "visual.blocks.0.attn.qkv.weight": (192, 64),
    "visual.layers.0.fc1.weight": (192, 64),
}


def recipe(*variants: VariantSpec, **changes: Any) -> Recipe:
    whole = a_recipe().recipe
    return msgspec.structs.replace(whole, variants=variants or (GPTQ,), **changes)


def folder_source(folder: Path, **changes: Any) -> Source:
    config = {**CONFIG, **changes}
    (folder / "config.json").write_text(json.dumps(config))
    files = {path.name: path.stat().st_size for path in folder.iterdir()}
    return Source(name="m", digest="d", path=str(folder), config=config, files=files)


def repo_source(**changes: Any) -> Source:
    config = {**CONFIG, **changes}
    return Source(name="m", digest="d", path="", config=config, files={WEIGHTS: 2_000_000})


def check(
    config: dict[str, Any],
    variants: list[VariantSpec],
    origin: str,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
) -> None:
    preflight.check_model_type(config)
    stack = {n: s for n, s in (shapes or {}).items() if ".layers." in n and len(s) == 2}
    widths = {
        re.sub(r"\d+", "*", name).removesuffix(".weight"): shape[1]
        for name, shape in stack.items()
        if not name.startswith("visual")
    }
    preflight.check_variants(config, variants, origin, widths or configured_widths(config))


def test_a_recipe_that_fits_passes() -> None:
    check(CONFIG, [GPTQ], "recipes/x.yaml", SHAPES)


def test_a_group_that_does_not_divide_is_named_with_variant_layer_and_numbers() -> None:
    shapes = {**SHAPES, "model.layers.0.mlp.down_proj.weight": (256, 192)}
    wide = VariantSpec(name="GPTQ-Int8", method="gptq", bits=8, group_size=64)
    with pytest.raises(BadInput) as caught:
        check(CONFIG, [wide, GPTQ], "recipes/x.yaml", shapes)
    assert caught.value.message == (
        "recipes/x.yaml: variants[1].group_size: 128 does not divide "
        "the 192 inputs of model.layers.*.mlp.down_proj"
    )
    assert caught.value.remedy == "group_size: 16 or 32 or 64 or -1"


def test_every_linear_is_looked_at_not_only_the_largest() -> None:
    shapes = {**SHAPES, "model.layers.7.self_attn.o_proj.weight": (256, 320)}
    with pytest.raises(BadInput, match=r"320 inputs of model\.layers\.\*\.self_attn\.o_proj"):
        check(CONFIG, [GPTQ], "x", shapes)


def test_one_scale_per_channel_fits_any_width() -> None:
    shapes = {"model.layers.0.mlp.down_proj.weight": (256, 190)}
    per_channel = VariantSpec(name="v", method="gptq", bits=4, group_size=-1)
    check(CONFIG, [per_channel], "x", shapes)


def test_without_headers_the_widths_come_from_the_configuration() -> None:
    config = {**CONFIG, "text_config": {**CONFIG["text_config"], "intermediate_size": 192}}
    with pytest.raises(BadInput, match=r"192 inputs of model\.layers\.\*\.mlp\.down_proj"):
        check(config, [GPTQ], "x")


@each_row("model_type", sorted(preflight.ARCHITECTURES))
def test_the_families_are_known(model_type: str) -> None:
    architecture = preflight.ARCHITECTURES[model_type]
    preflight.check_model_type({"model_type": model_type, "architectures": [architecture]})
    preflight.check_model_type({"model_type": model_type})


def test_an_unknown_architecture_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadInput, match=r"model_type 'bert' is not supported; known: .*qwen2_vl"):
        check({"model_type": "bert"}, [GPTQ], "x", SHAPES)


def test_code_of_the_source_is_never_needed() -> None:
    code = {"auto_map": {"AutoModelForCausalLM": "modeling_mine.Mine"}}
    with pytest.raises(BadInput, match=r"'mine' is not supported \(it comes with code of its own"):
        preflight.check_model_type({"model_type": "mine", **code})
    with pytest.raises(BadInput, match=r"architectures is Mine, which is code of the source"):
        preflight.check_model_type({"model_type": "qwen2", "architectures": ["Mine"], **code})
    preflight.check_model_type(
        {"model_type": "qwen2", "architectures": ["Qwen2ForCausalLM"], **code}
    )


def test_a_model_that_is_made_for_something_else_is_refused() -> None:
    with pytest.raises(BadInput) as caught:
        preflight.check_model_type(
            {"model_type": "qwen2", "architectures": ["Qwen2ForSequenceClassification"]}
        )
    assert caught.value.message == "config.json: architectures is Qwen2ForSequenceClassification"
    assert "Qwen2ForCausalLM" in caught.value.remedy


def test_a_vision_model_around_another_language_model_is_refused() -> None:
    config = {"model_type": "llava_onevision", "text_config": {"model_type": "llama"}}
    with pytest.raises(BadInput, match=r"text_config\.model_type 'llama' is not supported"):
        preflight.check_model_type(config)


def test_a_quantized_source_is_refused() -> None:
    with pytest.raises(BadInput, match="quantized already"):
        check({**CONFIG, "quantization_config": {"bits": 4}}, [GPTQ], "x", SHAPES)


def test_what_a_method_has_not_is_refused_with_the_key() -> None:
    eight = VariantSpec(name="AWQ", method="awq", bits=8)
    with pytest.raises(BadInput) as caught:
        check(CONFIG, [GPTQ, eight], "x", SHAPES)
    assert caught.value.message == "x: variants[1].bits: gptqmodel's awq has 4 bits, not 8"
    assert caught.value.remedy == "bits: 4"


def test_a_text_model_is_not_calibrated_with_pictures() -> None:
    pictures = Calibration(dataset="c.jsonl")
    text = Calibration(dataset="c.jsonl", modality="text")
    with pytest.raises(BadInput, match=r"x: calibration\.modality: qwen2 takes no pictures"):
        preflight.check_calibration({"model_type": "qwen2"}, pictures, "x")
    preflight.check_calibration({"model_type": "qwen2"}, text, "x")
    preflight.check_calibration(CONFIG, pictures, "x")


def test_rows_of_a_variants_own_are_looked_at_too() -> None:
    config = {"model_type": "qwen2", "hidden_size": 256, "intermediate_size": 512}
    own = msgspec.structs.replace(GPTQ, calibration=Calibration(dataset="c.jsonl"))
    with pytest.raises(BadInput, match=r"^x: variants\[1\]\.calibration\.modality: qwen2 takes no"):
        check(config, [GPTQ, own], "x")


def test_rows_that_nothing_looks_at_may_be_of_any_kind() -> None:
    text = {"model_type": "qwen2", "architectures": ["Qwen2ForCausalLM"]}
    rounded = VariantSpec(name="v", method="rtn", bits=4)
    preflight.check_recipe(repo_source(**text), recipe(rounded), "x")
    with pytest.raises(BadInput, match=r"x: calibration\.modality"):
        preflight.check_recipe(repo_source(**text), recipe(rounded, GPTQ), "x")


def test_pickled_weights_are_refused() -> None:
    with pytest.raises(BadInput, match=r"org/m: pytorch_model\.bin is a pickle"):
        preflight.check_files({"config.json": 1, "pytorch_model.bin": 9}, "org/m")
    with pytest.raises(BadInput, match="no safetensors"):
        preflight.check_files({"config.json": 1}, "org/m")
    preflight.check_files({"model.safetensors": 1, "optimizer.pt": 9}, "org/m")


def test_shards_without_an_index_are_refused() -> None:
    shards = {f"model-0000{number}-of-00002.safetensors": 9 for number in (1, 2)}
    preflight.check_files({**shards, INDEX: 1}, "org/m")
    with pytest.raises(BadInput, match=r"org/m: there is neither model\.safetensors nor "):
        preflight.check_files(shards, "org/m")


def test_a_folder_is_read_and_described_exactly(tmp_path: Path) -> None:
    write_safetensors(tmp_path / WEIGHTS, SHAPES)
    weights = preflight.check_recipe(folder_source(tmp_path), recipe(), "x")
    assert weights.exact
    assert [one.module for one in weights.linears] == [
        "mlp.down_proj",
        "self_attn.o_proj",
        "self_attn.q_proj",
    ]


def test_a_repo_is_described_from_its_configuration() -> None:
    weights = preflight.check_recipe(repo_source(), recipe(), "x")
    assert not weights.exact
    assert (len(weights.linears), weights.bytes) == (7, 2_000_000)


def test_weights_of_another_size_than_the_configuration_says_are_refused(tmp_path: Path) -> None:
    shapes = {**SHAPES, "model.layers.0.mlp.down_proj.weight": (256, 1024)}
    write_safetensors(tmp_path / WEIGHTS, shapes)
    with pytest.raises(
        BadInput,
        match=r"m: config\.json: asks for 512 inputs and 256 outputs of mlp\.down_proj, "
        r"the weight files hold 1024 and 256 in layer 0",
    ):
        preflight.check_recipe(folder_source(tmp_path), recipe(), "x")


def test_a_folder_with_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = write_safetensors(tmp_path / WEIGHTS, SHAPES)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(BadInput, match=r"model\.safetensors: has \d+ bytes where its header says"):
        preflight.check_recipe(folder_source(tmp_path), recipe(), "x")


def test_what_a_backend_cannot_pack_is_refused(tmp_path: Path) -> None:
    shapes = {"model.layers.0.mlp.up_proj.weight": (516, 256)}
    config = {**CONFIG["text_config"], "intermediate_size": 516}
    write_safetensors(tmp_path / WEIGHTS, shapes)
    source = folder_source(tmp_path, text_config=config)
    awq = VariantSpec(name="AWQ", method="awq", bits=4, sym=False)
    with pytest.raises(
        BadInput,
        match=r"variants\[0\]\.backend: gptqmodel packs outputs by 8, mlp\.up_proj has 516",
    ):
        preflight.check_recipe(source, recipe(awq), "x")
    preflight.check_recipe(source, recipe(), "x")


def test_disk_is_exact_where_shapes_are_known_and_bounded_where_not() -> None:
    eight = VariantSpec(name="e", method="gptq", bits=8)
    size = 4 << 30
    four, more = footprint.disk_needed(size, [GPTQ]), footprint.disk_needed(size, [eight])
    both = footprint.disk_needed(size, [GPTQ, eight])
    assert size < four < more < both < 3 * size
    weights = preflight.read_weights(repo_source())
    assert footprint.disk_needed(2_000_000, [GPTQ], weights) < four

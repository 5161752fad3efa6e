from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from hubq.errors import BadInput
from hubq.model.recipe import Calibration, VariantSpec
from hubq.quantize import preflight

CONFIG: dict[str, Any] = {
    "model_type": "qwen2_vl",
    "text_config": {"hidden_size": 256, "num_attention_heads": 4, "intermediate_size": 512},
}
GPTQ = VariantSpec(name="GPTQ-Int4", method="gptq", bits=4)
SHAPES = {
    "model.embed_tokens.weight": (1000, 256),
    "model.layers.0.self_attn.q_proj.weight": (256, 256),
    "model.layers.0.self_attn.q_proj.bias": (256,),
    "model.layers.0.input_layernorm.weight": (256,),
    "model.layers.0.mlp.down_proj.weight": (256, 512),
    "visual.blocks.0.attn.qkv.weight": (192, 64),
    "visual.layers.0.fc1.weight": (192, 64),
}


def write_safetensors(path: Path, tensors: dict[str, tuple[int, ...]]) -> Path:
    header, end = {}, 0
    for name, shape in tensors.items():
        size = 2
        for width in shape:
            size *= width
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    raw = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    path.write_bytes(struct.pack("<Q", len(raw)) + raw + bytes(end))
    return path


def test_a_recipe_that_fits_passes() -> None:
    preflight.check(CONFIG, [GPTQ], "recipes/x.yaml", SHAPES)


def test_a_group_that_does_not_divide_is_named_with_variant_layer_and_numbers() -> None:
    shapes = {**SHAPES, "model.layers.0.mlp.down_proj.weight": (256, 192)}
    wide = VariantSpec(name="GPTQ-Int8", method="gptq", bits=8, group_size=64)
    with pytest.raises(BadInput) as caught:
        preflight.check(CONFIG, [wide, GPTQ], "recipes/x.yaml", shapes)
    assert caught.value.message == (
        "recipes/x.yaml: variants[1].group_size: 128 does not divide "
        "the 192 inputs of model.layers.*.mlp.down_proj"
    )
    assert caught.value.remedy == "group_size: use 16, 32, 64 or -1"


def test_one_scale_per_channel_fits_any_width() -> None:
    shapes = {"model.layers.0.mlp.down_proj.weight": (256, 190)}
    per_channel = VariantSpec(name="v", method="gptq", bits=4, group_size=-1)
    preflight.check(CONFIG, [per_channel], "x", shapes)


def test_without_headers_the_widths_come_from_the_configuration() -> None:
    config = {**CONFIG, "text_config": {**CONFIG["text_config"], "intermediate_size": 192}}
    with pytest.raises(BadInput, match=r"192 inputs of model\.layers\.\*\.mlp\.down_proj"):
        preflight.check(config, [GPTQ], "x")


def test_the_vision_tower_and_the_embeddings_do_not_have_to_fit() -> None:
    assert preflight.input_widths(SHAPES) == {
        "model.layers.*.self_attn.q_proj": 256,
        "model.layers.*.mlp.down_proj": 512,
    }


def test_an_unknown_architecture_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadInput, match=r"model_type 'bert' is not supported; known: .*qwen2_vl"):
        preflight.check({"model_type": "bert"}, [GPTQ], "x", SHAPES)


def test_a_quantized_source_is_refused() -> None:
    with pytest.raises(BadInput, match="quantized already"):
        preflight.check({**CONFIG, "quantization_config": {"bits": 4}}, [GPTQ], "x", SHAPES)


def test_bits_that_a_method_does_not_have_are_refused() -> None:
    eight = VariantSpec(name="AWQ", method="awq", bits=8)
    with pytest.raises(BadInput, match=r"^x: variants\[0\]\.bits: awq has 4 bits, not 8"):
        preflight.check(CONFIG, [eight], "x", SHAPES)


def test_column_order_is_refused_where_the_method_has_none() -> None:
    ordered = VariantSpec(name="AWQ", method="awq", bits=4, desc_act=True)
    with pytest.raises(BadInput, match="only gptq orders columns"):
        preflight.check(CONFIG, [ordered], "x", SHAPES)


def test_a_text_model_is_not_calibrated_with_pictures() -> None:
    pictures = Calibration(dataset="c.jsonl")
    text = Calibration(dataset="c.jsonl", modality="text")
    with pytest.raises(BadInput, match=r"x: calibration\.modality: qwen2 takes no pictures"):
        preflight.check_calibration({"model_type": "qwen2"}, pictures, "x")
    preflight.check_calibration({"model_type": "qwen2"}, text, "x")
    preflight.check_calibration(CONFIG, pictures, "x")


def test_pickled_weights_are_refused() -> None:
    with pytest.raises(BadInput, match=r"org/m: pytorch_model\.bin is a pickle"):
        preflight.check_files({"config.json": 1, "pytorch_model.bin": 9}, "org/m")
    with pytest.raises(BadInput, match="no safetensors"):
        preflight.check_files({"config.json": 1}, "org/m")
    preflight.check_files({"model.safetensors": 1, "optimizer.pt": 9}, "org/m")


def test_fewer_bits_need_less_disk_and_more_variants_need_more() -> None:
    source = 4 << 30
    four = preflight.disk_needed(source, [GPTQ])
    eight = preflight.disk_needed(source, [VariantSpec(name="e", method="gptq", bits=8)])
    both = preflight.disk_needed(source, [GPTQ, VariantSpec(name="e", method="gptq", bits=8)])
    assert source < four < eight < both < 3 * source


def test_headers_are_read_over_all_files_of_a_folder(tmp_path: Path) -> None:
    write_safetensors(tmp_path / "model-00001-of-00002.safetensors", {"a": (2, 3)})
    write_safetensors(tmp_path / "model-00002-of-00002.safetensors", {"b": (4,)})
    assert preflight.read_shapes(tmp_path) == {"a": (2, 3), "b": (4,)}


def test_a_truncated_file_is_refused_with_both_sizes(tmp_path: Path) -> None:
    path = write_safetensors(tmp_path / "m.safetensors", {"a": (2, 3)})
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    with pytest.raises(BadInput, match=f"has {len(whole) - 5} bytes where .* {len(whole)}"):
        preflight.read_header(path)


@pytest.mark.parametrize("raw", [b"", b"PK\x03\x04", b"\xff" * 40, struct.pack("<Q", 2) + b"[]"])
def test_what_is_no_safetensors_file_is_refused(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(raw)
    with pytest.raises(BadInput, match="not a safetensors file"):
        preflight.read_header(path)

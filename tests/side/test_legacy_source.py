from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

SIDE = Path(__file__).resolve().parents[2] / "hubq" / "side"
NANO = SIDE.parents[1] / "examples" / "nano-qwen2-vl" / "model"
ROTARY = {"rope_type": "default", "rope_theta": 5000.0}


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def test_the_nano_model_is_said_in_the_old_way(side: Any, tmp_path: Path) -> None:
    folder = side("legacy_source").readable(NANO, tmp_path / "source")
    config = read(folder / "config.json")
    assert (config["hidden_size"], config["num_hidden_layers"]) == (128, 6)
    assert (config["model_type"], config["torch_dtype"]) == ("qwen2_vl", "bfloat16")
    assert config["rope_theta"] == 10000.0
    assert config["rope_scaling"] == {"rope_type": "default", "mrope_section": [8, 4, 4]}
    assert not {"text_config", "rope_parameters", "dtype", "transformers_version"} & config.keys()
    assert config["vision_config"]["hidden_size"] == 128
    assert "rope_parameters" not in config["vision_config"]
    tokenizer = read(folder / "tokenizer_config.json")
    assert tokenizer["tokenizer_class"] == "PreTrainedTokenizerFast"
    assert tokenizer["additional_special_tokens"] == []
    assert tokenizer["extra_special_tokens"]["image_token"] == "<|image_pad|>"
    assert "eos_token" not in tokenizer["extra_special_tokens"]
    assert "backend" not in tokenizer


def test_everything_else_is_linked_but_pickles_and_code(side: Any, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "config.json").write_text('{"model_type": "llama"}')
    linked = ["model.safetensors", "model.safetensors.index.json", "tokenizer.json", "vocab.json"]
    for name in [*linked, "pytorch_model.bin", "model.pt", "modeling.py"]:
        (source / name).write_text(name)
    folder = side("legacy_source").readable(source, tmp_path / "made")
    assert {path.name for path in folder.iterdir()} == {"config.json", *linked}
    assert all((folder / name).is_symlink() for name in linked)
    assert not (folder / "config.json").is_symlink()


def test_what_transformers_4_has_saved_stays_as_it_is(side: Any) -> None:
    look = side("legacy_source")
    flat = {"model_type": "qwen2_vl", "hidden_size": 8, "rope_theta": 1e6, "torch_dtype": "float16"}
    flat |= {"rope_scaling": {"type": "mrope", "mrope_section": [1, 1, 2]}}
    assert look.config_for_v4(flat) == flat
    tokenizer = {"tokenizer_class": "Qwen2Tokenizer", "additional_special_tokens": ["<a>"]}
    assert look.tokenizer_for_v4(tokenizer) == tokenizer
    pictures = {"image_processor_type": "Qwen2VLImageProcessor", "min_pixels": 4, "max_pixels": 8}
    assert look.image_processor_for_v4(pictures) == pictures


def test_a_nested_configuration_stays_nested_where_4_has_it_so(side: Any) -> None:
    text = {"model_type": "qwen2", "hidden_size": 8, "rope_parameters": ROTARY, "dtype": "bfloat16"}
    made = side("legacy_source").config_for_v4(
        {"model_type": "llava_onevision", "text_config": text}
    )
    assert made["text_config"] == {
        "model_type": "qwen2",
        "hidden_size": 8,
        "rope_theta": 5000.0,
        "torch_dtype": "bfloat16",
    }


def test_rotary_settings_that_scale_are_kept_and_plain_ones_are_not_a_scaling(side: Any) -> None:
    look = side("legacy_source").config_for_v4
    assert look({"rope_parameters": ROTARY}) == {"rope_theta": 5000.0}
    yarn = {"rope_type": "yarn", "factor": 4.0}
    made = look({"rope_parameters": {**yarn, "rope_theta": 1e6, "partial_rotary_factor": 0.5}})
    assert made == {"rope_theta": 1e6, "partial_rotary_factor": 0.5, "rope_scaling": yarn}


def test_what_4_has_no_words_for_is_infeasible(side: Any) -> None:
    look, infeasible = side("legacy_source").config_for_v4, side("events").Infeasible
    with pytest.raises(infeasible, match="each sort of layer"):
        look({"rope_parameters": {"full_attention": ROTARY, "sliding_attention": ROTARY}})
    with pytest.raises(infeasible, match="the vision tower's rope_theta is 5000"):
        look({"vision_config": {"rope_parameters": ROTARY}})


def test_pictures_settings_get_a_file_of_their_own(side: Any, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "config.json").write_text("{}")
    size = {"shortest_edge": 3136, "longest_edge": 7056}
    pictures = {"image_processor_type": "Qwen2VLImageProcessorFast", "size": size}
    whole = {"processor_class": "Qwen2VLProcessor", "num_image_tokens": 9}
    parts = {"image_processor": pictures, "video_processor": {"size": size}}
    (source / "processor_config.json").write_text(json.dumps(whole | parts))
    folder = side("legacy_source").readable(source, tmp_path / "made")
    assert read(folder / "processor_config.json") == whole
    made = read(folder / "preprocessor_config.json")
    assert made["processor_class"] == "Qwen2VLProcessor"
    assert made["image_processor_type"] == "Qwen2VLImageProcessor"
    assert (made["min_pixels"], made["max_pixels"]) == (3136, 7056)

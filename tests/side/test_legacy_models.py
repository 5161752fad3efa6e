from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

STEM = "model.layers.0.mlp.up_proj"


def linear(inputs: int, outputs: int) -> Any:
    return SimpleNamespace(in_features=inputs, out_features=outputs)


@pytest.mark.parametrize(
    ("kind", "name", "old"),
    [
        ("qwen2_vl", "model.visual.blocks.0.attn.qkv.weight", "visual.blocks.0.attn.qkv.weight"),
        ("qwen2_vl", "model.language_model.norm.weight", "model.norm.weight"),
        ("qwen2_5_vl", "model.layers.0.mlp.up_proj.weight", "model.layers.0.mlp.up_proj.weight"),
        ("qwen2", "lm_head.weight", "lm_head.weight"),
        ("llava_onevision", "lm_head.weight", "language_model.lm_head.weight"),
        ("llava_onevision", "model.language_model.norm.weight", "language_model.model.norm.weight"),
        ("llava_onevision", "model.image_newline", "image_newline"),
        ("llava_onevision", "vision_tower.x.bias", "vision_tower.vision_model.x.bias"),
        ("llava_onevision", "model.vision_tower.x.bias", "vision_tower.vision_model.x.bias"),
        (
            "llava_onevision",
            "model.vision_tower.vision_model.x.bias",
            "vision_tower.vision_model.x.bias",
        ),
    ],
)
def test_names_that_4_does_not_know_are_told_to_it(
    side: Any, kind: str, name: str, old: str
) -> None:
    models = side("legacy_models")
    assert models.new_name(name, models.LAYOUTS[kind].renamed) == old


def test_an_architecture_that_was_not_tried_is_infeasible(side: Any, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "qwen3_vl"}))
    with pytest.raises(side("events").Infeasible, match="AutoAWQ does not do qwen3_vl models"):
        side("legacy_models").layout(tmp_path, "AutoAWQ")


def test_a_checkpoint_gets_the_sources_own_names_and_nothing_more(side: Any) -> None:
    place = side("legacy_models").place
    names = {f"{STEM}.weight": f"a.{STEM}.weight", "model.norm.weight": "a.norm.weight"}
    names |= {"model.embed_tokens.weight": "a.embed_tokens.weight"}
    saved = [f"{STEM}.{part}" for part in ("qweight", "qzeros", "scales", "g_idx", "bias")]
    saved += ["model.norm.weight", "model.embed_tokens.weight", "lm_head.weight"]
    assert place(saved, names, {f"{STEM}.bias"}, {"lm_head.weight"}) == {
        **{f"{STEM}.{p}": f"a.{STEM}.{p}" for p in ("qweight", "qzeros", "scales", "g_idx")},
        "model.norm.weight": "a.norm.weight",
        "model.embed_tokens.weight": "a.embed_tokens.weight",
    }


def test_a_bias_that_is_not_zero_or_a_lost_tensor_is_refused(side: Any) -> None:
    place = side("legacy_models").place
    names = {f"{STEM}.weight": f"{STEM}.weight", "model.norm.weight": "model.norm.weight"}
    with pytest.raises(Exception, match=r"up_proj\.bias is nothing that the source has"):
        place([f"{STEM}.qweight", f"{STEM}.bias", "model.norm.weight"], names, set(), set())
    with pytest.raises(Exception, match=r"model\.norm\.weight of the source is not in"):
        place([f"{STEM}.qweight"], names, set(), set())


def test_the_configuration_says_the_dtype_of_what_is_saved(side: Any) -> None:
    say = side("legacy_models").with_dtype
    new = {"dtype": "bfloat16", "text_config": {"dtype": "float32"}, "vision_config": {"depth": 2}}
    new["quantization_config"] = {"quant_method": "gptq"}
    assert say(new) == {
        "dtype": "float16",
        "text_config": {"dtype": "float16"},
        "vision_config": {"depth": 2},
        "quantization_config": {"quant_method": "gptq"},
    }
    assert say({"torch_dtype": "bfloat16"}) == {"torch_dtype": "float16"}
    assert say({"model_type": "llama"}) == {"model_type": "llama", "torch_dtype": "float16"}


def test_shapes_that_cannot_be_packed_are_infeasible(side: Any) -> None:
    require = side("legacy_models").require_packable
    require({"up": linear(256, 128)}, 128, 64)
    require({"up": linear(96, 64)}, -1, 64)
    for shape, group, said in (
        ((192, 64), 128, "up has 192 inputs, no multiple of 128"),
        ((48, 64), -1, "up has 48 inputs, no multiple of 32"),
        ((48, 64), 24, "up has 48 inputs, no multiple of 32"),
        ((256, 32), 128, "up has 32 outputs, no multiple of 64"),
    ):
        with pytest.raises(side("events").Infeasible, match=said):
            require({"up": linear(*shape)}, group, 64)

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest


def tensors(path: Path, shapes: dict[str, tuple[int, ...]]) -> None:
    header, end = {}, 0
    for name, shape in shapes.items():
        size = 2
        for width in shape:
            size *= width
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    raw = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(raw)) + raw + bytes(end))


def index(folder: Path, places: dict[str, str]) -> None:
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))


def test_a_truncated_weight_file_is_noticed(side: Any, tmp_path: Path) -> None:
    tensors(tmp_path / "a.safetensors", {"x": (9,)})
    raw = (tmp_path / "a.safetensors").read_bytes()
    (tmp_path / "a.safetensors").write_bytes(raw[:-1])
    with pytest.raises(ValueError, match="bytes where its header says"):
        side("checkpoint_files").tensors(tmp_path)


def test_a_checkpoint_gets_the_sources_files_and_loses_the_librarys(
    side: Any, tmp_path: Path
) -> None:
    source, made = tmp_path / "source", tmp_path / "made"
    source.mkdir()
    made.mkdir()
    carried = ["generation_config.json", "tokenizer.json", "chat_template.jinja", "merges.txt"]
    carried += ["LICENSE", "NOTICE.txt", "USE_POLICY.md", "preprocessor_config.json"]
    for name in [*carried, "README.md", "pytorch_model.bin", "model.pt", "modeling.py"]:
        (source / name).write_text(f"the source's {name}")
    for name in ["config.json", "model.safetensors", "model.safetensors.index.json"]:
        (source / name).write_text("the source's")
        (made / name).write_text("the variant's")
    (made / "quantize_config.json").write_text("the variant's")
    for name in ["generation_config.json", "processor_config.json", "quant_log.csv"]:
        (made / name).write_text("the library's")
    names = side("checkpoint_files").carry_files(source, made)
    assert names == sorted(carried)
    for name in carried:
        assert (made / name).read_bytes() == (source / name).read_bytes()
    kept = {"config.json", "model.safetensors", "model.safetensors.index.json"}
    kept.add("quantize_config.json")
    assert {path.name for path in made.iterdir()} == {*carried, *kept}
    assert {(made / name).read_text() for name in kept} == {"the variant's"}


def test_paths_of_a_machine_are_found_and_removed(side: Any, tmp_path: Path) -> None:
    files = side("checkpoint_files")
    config = {
        "_name_or_path": "org/model",
        "text_config": {"_name_or_path": "/mnt/models/x", "act": "silu"},
        "meta": {"offload_to_disk_path": "scratch", "uri": "https://example.org/a", "cache": "~/c"},
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "tokenizer.json").write_text(json.dumps({"merges": ["/a/ b"]}))
    assert list(files.local_paths(tmp_path)) == [
        "config.json: text_config._name_or_path = /mnt/models/x",
        "config.json: meta.cache = ~/c",
    ]
    assert files.without_paths(config) == {
        "text_config": {"act": "silu"},
        "meta": {"uri": "https://example.org/a"},
    }


def test_branches_without_packed_weights_are_named_both_ways(side: Any) -> None:
    shape = {"shape": [8, 8]}
    packed = {
        "model.language_model.layers.0.mlp.up_proj.qweight": shape,
        "model.language_model.layers.0.input_layernorm.weight": {"shape": [8]},
        "model.language_model.embed_tokens.weight": shape,
        "lm_head.weight": shape,
    }
    vision = {
        "model.visual.blocks.0.attn.qkv.weight": shape,
        "model.visual.merger.mlp.0.weight": shape,
    }
    look = side("checkpoint_files").plain_branches
    assert look(packed | vision) == ["visual", "model.visual"]
    assert look(packed) == []
    older = {"model.layers.0.mlp.up_proj.qweight": shape, "visual.blocks.0.attn.qkv.weight": shape}
    assert look(older) == ["visual", "model.visual"]


def row(side: Any, name: str, length: int, vision_end: int = 0) -> Any:
    return side("calibration_rows").Row(
        id=name, digest="", inputs={}, length=length, vision=vision_end // 2, vision_end=vision_end
    )


def test_the_common_length_keeps_most_tokens_and_no_picture_is_cut(side: Any) -> None:
    look = side("calibration_rows").common_length
    assert look([row(side, "a", 30), row(side, "b", 30), row(side, "c", 40)]) == 30
    rows = [row(side, "a", 30), row(side, "b", 50, 45), row(side, "c", 50, 45)]
    assert look(rows) == 50


LOGGED = {"layer": "0", "module": "mlp.up_proj", "loss": "0.5", "damp": "0.05", "samples": "10"}
TOKENS = {
    f"{what}_{sort}_tokens": 90 for what in ("activation", "scale") for sort in ("raw", "retained")
}


def read(side: Any, method: str, *entries: dict[str, Any]) -> Any:
    return side("quantize_gptqmodel")._modules({method: list(entries)}, {"method": method})


def test_losses_are_read_as_numbers(side: Any) -> None:
    (module,) = read(side, "gptq", LOGGED)
    assert (module["layer"], module["loss"], module["damp"]) == (0, 0.5, 0.05)
    (rounded,) = read(side, "rtn", {**LOGGED, "loss": "rtn: 0.0182"})
    assert rounded["loss"] == 0.0182


@pytest.mark.parametrize("said", ["rtn fallback", "fallback(rtn): 0.1", "nan", "inf", None])
def test_a_module_that_was_rounded_instead_is_refused(side: Any, said: object) -> None:
    with pytest.raises(Exception, match=r"layer 0 mlp\.up_proj was not quantized as asked"):
        read(side, "gptq", {**LOGGED, "loss": said})


def test_a_module_that_needed_all_the_damping_is_refused(side: Any) -> None:
    with pytest.raises(Exception, match="damping reached 1"):
        read(side, "gptq", {**LOGGED, "damp": "1.000"})


def test_awq_that_looked_at_the_last_row_only_is_refused(side: Any) -> None:
    assert len(read(side, "awq", {**LOGGED, **TOKENS})) == 1
    with pytest.raises(Exception, match="AWQ looked at 30 of 90 tokens"):
        read(side, "awq", {**LOGGED, **TOKENS, "scale_retained_tokens": 30})


def test_awq_without_a_scale_is_good_for_one_module_but_not_for_a_layer(side: Any) -> None:
    unscaled = {**LOGGED, **TOKENS, "module": "self_attn.o_proj", "loss": "not applicable"}
    assert len(read(side, "awq", {**LOGGED, **TOKENS}, unscaled)) == 2
    with pytest.raises(Exception, match="layer 0 was rounded"):
        read(side, "awq", unscaled)


def test_a_run_that_ended_early_is_refused(side: Any) -> None:
    require = side("quantizing").require_every_layer
    require([{"layer": 0}, {"layer": 1}, {"layer": 2}], 3)
    with pytest.raises(Exception, match="only 2 of 3 layers"):
        require([{"layer": 0}, {"layer": 1}], 3)

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest

ASKED = {"method": "awq", "bits": 4, "group_size": 128, "sym": False, "desc_act": False}


def tensors(path: Path, names: list[str]) -> None:
    """Write a safetensors file with a matrix of one number under each name."""
    header = {
        name: {"dtype": "I32", "shape": [1, 1], "data_offsets": [4 * at, 4 * at + 4]}
        for at, name in enumerate(names)
    }
    raw = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(raw)) + raw + bytes(4 * len(names)))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"method": "gptq"}, "AutoAWQ does awq, not gptq"),
        ({"bits": 8}, "AutoAWQ packs 4 bits, not 8"),
        ({"sym": True}, "sym must be false"),
        ({"desc_act": True}, "desc_act must be false"),
        ({"group_size": -1}, "group_size must not be -1"),
    ],
)
def test_what_the_library_has_not_is_infeasible(
    side: Any, changes: dict[str, Any], said: str
) -> None:
    require = side("quantize_autoawq").require_feasible
    require(ASKED)
    with pytest.raises(side("events").Infeasible, match=said):
        require(ASKED | changes)


def test_it_is_infeasible_before_any_work(side: Any, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "qwen3_vl"}')
    job = {"settings": ASKED, "paths": {"model": str(tmp_path)}}
    with pytest.raises(side("events").Infeasible, match="AutoAWQ does not do qwen3_vl models"):
        side("quantize_autoawq").run(job, tmp_path / "work")
    assert not (tmp_path / "work").exists()


def test_a_layer_that_was_only_rounded_is_refused(side: Any) -> None:
    require = side("quantize_autoawq").require_searched
    searched = {"layer": 0, "module": "mlp.up_proj", "loss": 0.5}
    unscaled = {"layer": 0, "module": "self_attn.o_proj", "loss": None}
    require([searched, unscaled])
    with pytest.raises(Exception, match="layer 1 was rounded"):
        require([searched, unscaled, unscaled | {"layer": 1}])


def test_all_that_is_left_alone_is_named_for_every_loader(side: Any, tmp_path: Path) -> None:
    names = ["model.layers.0.mlp.up_proj.qweight", "visual.blocks.0.attn.qkv.weight"]
    tensors(tmp_path / "model.safetensors", names)
    amend = side("quantize_autoawq").amend
    saved = {"bits": 4, "modules_to_not_convert": ["visual"]}
    assert amend(tmp_path, saved)["modules_to_not_convert"] == ["visual", "model.visual"]
    tensors(tmp_path / "model.safetensors", names[:1])
    assert amend(tmp_path, {"bits": 4, "modules_to_not_convert": None}) == {"bits": 4}

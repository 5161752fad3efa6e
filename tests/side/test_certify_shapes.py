from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.backend import planting
from tests.side import tiny_checkpoints

SIDE = Path(__file__).resolve().parents[2] / "hubq" / "side"


@pytest.fixture
def shapes(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(SIDE))
    for path in SIDE.glob("*.py"):
        monkeypatch.delitem(sys.modules, path.stem, raising=False)
    return importlib.import_module("certify_shapes")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_checkpoints.gptq(tmp_path / "made")


def faults(shapes: Any, folder: Path) -> dict[str, str]:
    """Return finding -> what was said, of every check of shapes."""
    scheme_of = sys.modules["certify_scheme"]
    scheme = scheme_of.read_scheme(scheme_of.read_config(folder))
    entries = shapes.read_entries(folder)
    modules = shapes.read_packed(entries, scheme.layout)
    names = [module.name for module in modules]
    found = [
        shapes.scheme_fault(modules, scheme),
        shapes.membership_fault(names, tiny_checkpoints.linears()[:-2], scheme),
    ]
    if scheme.quant_method == "gptq":
        found.append(shapes.order_fault(modules, entries, scheme))
    return {fault.finding: fault.said for fault in found if fault}


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
def test_bits_and_groups_of_gptq_come_from_shapes(shapes: Any, tmp_path: Path, bits: int) -> None:
    entries = shapes.read_entries(tiny_checkpoints.gptq(tmp_path / "made", bits))
    modules = shapes.read_packed(entries, "gptq")
    assert len(modules) == 4
    assert {(module.bits, module.outputs, module.group_size) for module in modules} == {
        (bits, 64, 128)
    }
    assert {module.inputs for module in modules} == {128, 256}
    assert faults(shapes, tmp_path / "made") == {}


def test_bits_and_groups_of_awq_come_from_shapes(shapes: Any, tmp_path: Path) -> None:
    folder = tiny_checkpoints.awq(tmp_path / "made")
    modules = shapes.read_packed(shapes.read_entries(folder), "gemm")
    assert {(m.bits, m.outputs, m.group_size, m.groups * 128 == m.inputs) for m in modules} == {
        (4, 64, 128, True)
    }
    assert faults(shapes, folder) == {}


def test_bits_and_groups_of_compressed_tensors_come_from_shapes(
    shapes: Any, tmp_path: Path
) -> None:
    path = tmp_path / planting.WEIGHTS
    planting.write(
        path,
        {
            "layers.0.up_proj.weight_packed": planting.saved(np.zeros((8, 32)), "I32"),
            "layers.0.up_proj.weight_scale": planting.saved(np.ones((8, 2)), "BF16"),
            "layers.0.up_proj.weight_shape": planting.saved(np.array([8, 256]), "I64"),
        },
    )
    (module,) = shapes.read_packed(shapes.read_entries(tmp_path), "pack-quantized")
    assert (module.bits, module.inputs, module.outputs, module.group_size) == (4, 256, 8, 128)
    planting.write(
        path,
        {
            "layers.0.up_proj.weight": planting.saved(np.zeros((8, 256)), "I8"),
            "layers.0.up_proj.weight_scale": planting.saved(np.ones((8, 1)), "BF16"),
        },
    )
    (module,) = shapes.read_packed(shapes.read_entries(tmp_path), "int-quantized")
    assert (module.bits, module.inputs, module.groups) == (8, 256, 1)
    with pytest.raises(shapes.ShapeError, match="is I8, which is not float-quantized"):
        shapes.read_packed(shapes.read_entries(tmp_path), "float-quantized")


@pytest.mark.parametrize(
    ("plant", "finding", "words"),
    [
        (planting.group_not_dividing, "group-not-dividing", "256 inputs, which groups of 96"),
        (lambda at: planting.other_bits(at, 8), "bits", "say 4 bits, config.json says 8"),
        (
            lambda at: planting.other_group_size(at, 64),
            "group-size",
            "say groups of 128 (2 for 256 inputs), config.json says 64",
        ),
        (
            lambda at: planting.other_group_size(at, -1),
            "group-size",
            "say groups of 128 (2 for 256 inputs), config.json says -1",
        ),
        (
            lambda at: planting.vision_quantized(at, "visual.blocks.0.mlp.fc1"),
            "vision-tower-quantized",
            "model.visual.blocks.0.mlp.fc1 is packed: the vision tower was quantized",
        ),
        (
            lambda at: planting.configure(at, lambda said: said.update(desc_act=True)),
            "act-order",
            "config.json says desc_act is true, every g_idx is in order",
        ),
    ],
)
def test_tensors_that_are_not_what_the_configuration_says_are_named(
    shapes: Any, folder: Path, plant: Callable[[Path], None], finding: str, words: str
) -> None:
    plant(folder)
    assert words in faults(shapes, folder)[finding]


def change(folder: Path, name: str, values: Any) -> None:
    with planting.weights(folder) as tensors:
        tensors[name] = planting.saved(values, "I32")


def test_the_order_of_channels_is_what_desc_act_says(shapes: Any, folder: Path) -> None:
    name = "model.language_model.layers.1.mlp.down_proj.g_idx"
    change(folder, name, np.arange(256)[::-1] // 128)
    said = faults(shapes, folder)["act-order"]
    assert said == f"{name} is not in order, config.json says desc_act is false"
    planting.configure(folder, lambda config: config.update(desc_act=True))
    assert faults(shapes, folder) == {}
    change(folder, name, np.arange(256) // 64)
    assert faults(shapes, folder)["g-idx"] == f"{name} names group 3 of 2"


def test_a_linear_that_is_not_packed_is_named_unless_the_configuration_spares_it(
    shapes: Any, folder: Path
) -> None:
    name = "model.language_model.layers.0.self_attn.q_proj"
    with planting.weights(folder) as tensors:
        for part in ("qweight", "qzeros", "scales", "g_idx"):
            del tensors[f"{name}.{part}"]
    assert faults(shapes, folder)["not-packed"] == f"{name}: not packed, 3 modules are"
    planting.configure(folder, lambda said: said.update(modules_to_not_convert=["q_proj"]))
    assert "not-packed" not in faults(shapes, folder)


def test_tensors_that_do_not_belong_together_are_named(shapes: Any, folder: Path) -> None:
    name = "model.language_model.layers.0.mlp.down_proj"
    with planting.weights(folder) as tensors:
        tensors[f"{name}.scales"] = planting.saved(np.ones((3, 64)), "F16")
    with pytest.raises(shapes.ShapeError, match=r"scales \[3, 64\], qzeros \[2, 8\]"):
        shapes.read_packed(shapes.read_entries(folder), "gptq")
    with planting.weights(folder) as tensors:
        del tensors[f"{name}.scales"]
    with pytest.raises(shapes.ShapeError, match="scales is missing"):
        shapes.read_packed(shapes.read_entries(folder), "gptq")


def test_a_layout_that_nobody_knows_is_skipped(shapes: Any, folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    assert config["quantization_config"]["checkpoint_format"] == "gptq"
    skip = sys.modules["certify_checks"].Skip
    with pytest.raises(skip, match="nothing is known of the layout 'qqq'"):
        shapes.read_packed(shapes.read_entries(folder), "qqq")

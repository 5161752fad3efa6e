from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.backend import planting
from tests.side import tiny_checkpoints

SIDE = Path(__file__).resolve().parents[2] / "hubq" / "side"
SETTINGS = {
    "method": "gptq",
    "bits": 4,
    "group_size": 128,
    "desc_act": False,
    "sym": True,
    "backend": "gptqmodel",
}
IGNORING = [r"re:(.*\.)?lm_head(\..*)?$", r"re:(.*\.)?visual(\..*)?$"]


@pytest.fixture
def scheme(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(SIDE))
    for path in SIDE.glob("*.py"):
        monkeypatch.delitem(sys.modules, path.stem, raising=False)
    return importlib.import_module("certify_scheme")


def configured(**quantization: Any) -> dict[str, Any]:
    return {"dtype": "bfloat16", "quantization_config": {**tiny_checkpoints.GPTQ, **quantization}}


def compressed(bits: int = 4, group: int | None = 128, **said: Any) -> dict[str, Any]:
    weights = {"num_bits": bits, "type": "int", "symmetric": True, "actorder": None}
    weights |= {"strategy": "group" if group else "channel", "group_size": group}
    layout = "pack-quantized" if group else "int-quantized"
    one = {"format": layout, "targets": ["Linear"], "weights": weights}
    quantization = {"quant_method": "compressed-tensors", "config_groups": {"group_0": one}}
    return {"quantization_config": {**quantization, "format": layout, "ignore": IGNORING, **said}}


def test_a_configuration_as_asked_for_is_good(scheme: Any) -> None:
    assert scheme.asked_fault(configured(), SETTINGS) is None
    wanted = {**SETTINGS, "backend": "llmcompressor"}
    assert scheme.asked_fault(compressed(), wanted) is None
    wanted |= {"method": "smoothquant", "bits": 8, "group_size": 128}
    assert scheme.asked_fault(compressed(8, None), wanted) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"bits": 8}, "bits is 8, asked for was 4"),
        ({"group_size": 64}, "group_size is 64, asked for was 128"),
        ({"quant_method": "awq"}, "quant_method is 'awq', asked for was 'gptq'"),
        ({"desc_act": True}, "desc_act is True, asked for was False"),
        ({"sym": False}, "sym is False, asked for was True"),
    ],
)
def test_a_configuration_that_was_not_asked_for_is_named(
    scheme: Any, change: dict[str, object], said: str
) -> None:
    assert scheme.asked_fault(configured(**change), SETTINGS).said == said
    assert scheme.asked_fault(configured(**change), {"derived": True}) is None


def test_another_librarys_format_and_no_quantization_were_not_asked_for(scheme: Any) -> None:
    fault = scheme.asked_fault(compressed(), SETTINGS)
    assert fault.said == "quant_method is 'compressed-tensors', asked for was 'gptq'"
    fault = scheme.asked_fault({"dtype": "bfloat16"}, SETTINGS)
    assert fault.said == "config.json has no quantization_config"


def test_two_configurations_that_differ_are_refused(scheme: Any, tmp_path: Path) -> None:
    folder = tiny_checkpoints.gptq(tmp_path / "made")
    assert scheme.twin_fault(folder) is None
    (folder / "quantize_config.json").write_text(json.dumps({**tiny_checkpoints.GPTQ, "x": 1}))
    assert scheme.twin_fault(folder).said == "config.json and quantize_config.json differ"


def test_only_the_language_models_linears_may_be_packed(scheme: Any) -> None:
    assert scheme.is_packable("model.language_model.layers.0.mlp.up_proj")
    assert scheme.is_packable("model.layers.11.self_attn.q_proj")
    assert not scheme.is_packable("model.visual.blocks.0.attn.qkv")
    assert not scheme.is_packable("model.vision_tower.encoder.layers.0.fc1")
    assert not scheme.is_packable("lm_head")


def test_versions_of_a_model_name_a_tensor_alike_but_for_its_nesting(scheme: Any) -> None:
    names = (
        "model.layers.0.x",
        "model.language_model.layers.0.x",
        "language_model.model.layers.0.x",
    )
    assert {scheme.canonical(name) for name in names} == {"layers.0.x"}
    assert scheme.canonical("model.visual.blocks.0.y") == "visual.blocks.0.y"


def test_an_awq_checkpoint_must_name_what_is_not_quantized(scheme: Any, tmp_path: Path) -> None:
    folder = tiny_checkpoints.awq(tmp_path / "made")
    plain = tiny_checkpoints.PLAIN
    look = scheme.exclusion_fault
    assert look(scheme.read_scheme(scheme.read_config(folder)), plain) is None
    planting.configure(folder, lambda said: said.update(modules_to_not_convert=["visual"]))
    fault = look(scheme.read_scheme(scheme.read_config(folder)), plain)
    assert fault.said.startswith("modules_to_not_convert does not name model.visual.blocks.0.attn")
    planting.no_exclusions(folder)
    fault = look(scheme.read_scheme(scheme.read_config(folder)), plain)
    assert fault.finding == "modules-to-not-convert"
    assert fault.said.startswith("modules_to_not_convert is missing: loaders would take model.vis")
    gptq = scheme.read_scheme(configured())
    with pytest.raises(sys.modules["certify_checks"].Skip, match="go by the tensors"):
        look(gptq, plain)


def test_an_ignore_list_must_cover_the_names_of_the_loaded_model(scheme: Any) -> None:
    plain = tiny_checkpoints.PLAIN
    assert scheme.exclusion_fault(scheme.read_scheme(compressed()), plain) is None
    saved = [name.removeprefix("model.") for name in plain]
    fault = scheme.exclusion_fault(scheme.read_scheme(compressed(ignore=saved)), plain)
    assert fault.finding == "ignore"
    assert fault.said.startswith("ignore does not name model.visual.blocks.0.attn.qkv, model.vis")


@pytest.mark.parametrize(
    ("name", "bits", "said"),
    [
        ("nano-GPTQ-Int4", 4, None),
        ("nano-GPTQ-Int4", 8, "nano-GPTQ-Int4 says 4 bits, the tensors have 8"),
        ("Qwen2-VL-7B-Instruct-GPTQ-Int8", 8, None),
        ("model-w4a16", 8, "model-w4a16 says 4 bits, the tensors have 8"),
        ("Llama-3-8B-4bit-128g", 4, None),
        ("Llama-3-8B-4bit-64g", 4, "Llama-3-8B-4bit-64g says groups of 64, they are of 128"),
        ("Qwen3-4B-AWQ", 4, "Qwen3-4B-AWQ says awq, the files are gptq's"),
        ("my-model", 4, None),
    ],
)
def test_a_name_says_nothing_else_than_the_files(
    scheme: Any, name: str, bits: int, said: str | None
) -> None:
    fault = scheme.name_fault(name, scheme.read_scheme(configured()), bits)
    assert (fault.said if fault else None) == said


def test_awq_scales_are_in_the_precision_that_loaders_choose(scheme: Any) -> None:
    config = {"dtype": "bfloat16", "quantization_config": tiny_checkpoints.AWQ}
    assert scheme.dtype_fault(config, {"a.scales": "BF16"}) is None
    fault = scheme.dtype_fault(config, {"a.scales": "F16"})
    assert fault.finding == "awq-dtype"
    said = "config.json says bfloat16, a.scales is float16: the AWQ kernel needs float16"
    assert fault.said == said
    half = {**config, "dtype": "float16"}
    assert scheme.dtype_fault(half, {"a.scales": "F16"}) is None
    assert scheme.dtype_fault(half, {"a.scales": "BF16"}).finding == "awq-dtype"
    assert scheme.dtype_fault(configured(), {"a.scales": "F16"}) is None

"""What can be said of GPTQModel's backend without GPTQModel; `tests/backend` runs the rest."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.side.loaded import side_importer

QWEN2_VL = {
    "model.visual.merger.ln_q.weight": "visual.merger.ln_q.weight",
    "model.language_model.norm.weight": "model.norm.weight",
    "model.language_model.layers.0.mlp.up_proj.weight": "model.layers.0.mlp.up_proj.weight",
}


@pytest.fixture
def side(monkeypatch: pytest.MonkeyPatch) -> Any:
    return side_importer(monkeypatch)


def resolve(module: str, leaf: str) -> str:
    return QWEN2_VL[f"{module}.{leaf}"]


def test_tensors_are_named_as_the_source_names_them(side: Any) -> None:
    look = side("gptqmodel_repairs").published_name
    assert look("model.visual.merger.ln_q.weight", resolve) == "visual.merger.ln_q.weight"
    packed = "model.language_model.layers.0.mlp.up_proj"
    for leaf in ("qweight", "qzeros", "scales", "g_idx"):
        assert look(f"{packed}.{leaf}", resolve) == f"model.layers.0.mlp.up_proj.{leaf}"


def test_awq_folds_into_what_stands_before_the_attention(side: Any) -> None:
    attention = ("q_proj:0", "k_proj:0", "v_proj:0", "o_proj:1", "q_norm:!", "k_norm:!")
    tree = ["model", "layers", "#", {"self_attn": attention, "mlp": ("down_proj:1",)}]
    look = side("gptqmodel_families").norms_first
    expected = ("q_norm:!", "k_norm:!", "q_proj:0", "k_proj:0", "v_proj:0", "o_proj:1")
    assert look(tree)[-1] == {"self_attn": expected, "mlp": ("down_proj:1",)}
    assert look(look(tree)) == look(tree)
    assert tree[-1]["self_attn"] == attention


def test_a_loss_is_told_as_a_number_and_words_are_not(side: Any, events: Any) -> None:
    tell = side("quantize_gptqmodel").report
    entry = {"layer": "3", "module": "mlp.up_proj"}
    for loss in ("0.25", "rtn: 0.5", "rtn fallback", "not applicable", "nan", None):
        tell({**entry, "loss": loss})
    told = [(event["name"], event["value"], event["labels"]) for event in events()]
    about = {"layer": 3, "module": "mlp.up_proj"}
    assert told == [("loss", 0.25, about), ("loss", 0.5, about)]


@pytest.fixture
def events(side: Any, tmp_path: Path) -> Any:
    """Return a function that reads the events sent so far."""
    path = tmp_path / "events"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    side("events").connect(descriptor)
    yield lambda: [json.loads(line) for line in path.read_text().splitlines()]
    side("events").connect(None)
    os.close(descriptor)


def test_a_configuration_says_nothing_of_how_this_machine_worked(side: Any) -> None:
    meta = {
        "quantizer": ["gptqmodel:7.7.0"],
        "damp_percent": 0.05,
        "gptaq": None,
        "offload_to_disk": True,
        "gc_mode": "interval",
        "telemetry": {"device": False},
    }
    described = side("quantize_gptqmodel").described(meta)
    assert described == {"quantizer": ["gptqmodel:7.7.0"], "damp_percent": 0.05}


def test_weight_files_are_no_larger_than_the_sources_largest(side: Any, tmp_path: Path) -> None:
    for name, size in {"a": 10, "b": 30, "c": 20}.items():
        (tmp_path / f"{name}.safetensors").write_bytes(bytes(size))
    assert side("shards").largest(tmp_path) == 30


def test_layers_get_the_rows_positions_and_what_is_added_to_them_back(side: Any) -> None:
    """The repairs themselves are seen at work in tests/families."""
    repairs = side("gptqmodel_repairs")
    named = {repairs.VISUAL_PLACES, repairs.VISUAL_FEATURES}
    assert len(named) == 2
    assert all(name.startswith("hubq_") for name in named)

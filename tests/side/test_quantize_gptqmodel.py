"""What can be said of GPTQModel's backend without GPTQModel; `tests/backend` runs the rest."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

QWEN2_VL = {
    "model.visual.merger.ln_q.weight": "visual.merger.ln_q.weight",
    "model.language_model.norm.weight": "model.norm.weight",
    "model.language_model.layers.0.mlp.up_proj.weight": "model.layers.0.mlp.up_proj.weight",
}


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
    tree: list[Any] = ["model", "layers", "#", {"self_attn": attention, "mlp": ("down_proj:1",)}]
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
def events(side: Any, tmp_path: Path) -> Iterator[Any]:
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


class States(list[float]):
    """Hidden states that are changed in place, as the library keeps them."""

    def copy_(self, values: list[float]) -> None:
        self[:] = values


class Kept:
    """A tensor as far as moving it goes."""

    def __init__(self, value: Any, device: str = "gpu") -> None:
        self.value, self.device = value, device

    def to(self, device: str) -> Kept:
        return Kept(self.value, device)


class Language:
    """A language model that adds features to its first layers' states at some places."""

    def __init__(self) -> None:
        self.hooks: list[Any] = []

    def register_forward_pre_hook(self, hook: Any, *, with_kwargs: bool) -> Any:
        assert with_kwargs
        self.hooks.append(hook)
        return SimpleNamespace(remove=self.hooks.clear)

    def _deepstack_process(self, states: list[float], places: Kept, added: Kept) -> Any:
        assert places.device == added.device == "cpu"
        return [value + added.value * (n in places.value) for n, value in enumerate(states)]


def layer(number: int) -> Any:
    return SimpleNamespace(self_attn=SimpleNamespace(layer_idx=number))


def test_early_layers_put_out_what_qwen3_vl_adds_to_them(side: Any) -> None:
    language = Language()
    model = SimpleNamespace(model=SimpleNamespace(model=SimpleNamespace(language_model=language)))
    with side("gptqmodel_repairs").deepstack(model):
        features = [Kept(10.0), Kept(100.0)]
        given = {"visual_pos_masks": Kept([1, 2]), "deepstack_visual_embeds": features}
        language.hooks[0](language, (), given)
        about = {"layer_input_kwargs": {"mask": 0}, "batch_device": "cpu", "args": ()}
        row = model.capture_first_layer_input_kwargs(**about)
        assert model.prepare_layer_replay_kwargs(additional_inputs=dict(row)) == {"mask": 0}
        put_out = []
        for number in range(3):
            states = States([1.0, 2.0, 3.0])
            model.update_layer_replay_kwargs_from_output(
                layer=layer(number), layer_output=states, layer_input_kwargs=row
            )
            put_out.append(list(states))
        assert put_out == [[1, 12, 13], [1, 102, 103], [1, 2, 3]]
        language.hooks[0](language, (), {})
        assert model.capture_first_layer_input_kwargs(**about) == {"mask": 0}
    assert not language.hooks
    assert vars(model).keys() == {"model"}


def test_other_models_are_left_alone(side: Any) -> None:
    model = SimpleNamespace(model=SimpleNamespace(model=SimpleNamespace()))
    with side("gptqmodel_repairs").deepstack(model):
        assert vars(model).keys() == {"model"}

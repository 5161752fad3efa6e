"""What can be said of optimum's backend without optimum; `tests/backend` runs the rest."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

SETTINGS = {"bits": 4, "group_size": 128, "sym": True, "desc_act": False, "damp": 0.05}
DONE = {
    "bits": 4,
    "dataset": [{"input_ids": [1, 2]}],
    "group_size": 128,
    "damp_percent": 0.05,
    "desc_act": False,
    "act_group_aware": True,
    "sym": True,
    "true_sequential": True,
    "quant_method": "GPTQ",
    "modules_in_block_to_quantize": None,
    "format": "gptq",
    "meta": {"quantizer": ["optimum:2.3.0", "gptqmodel:7.7.0"]},
}


def test_a_configuration_has_the_weights_format_and_no_calibration_rows(side: Any) -> None:
    described = side("quantize_optimum").describe(DONE)
    assert described["format"] == described["checkpoint_format"] == "gptq"
    assert described["quant_method"] == "gptq"
    assert described["meta"] == DONE["meta"]
    written = json.dumps(described)
    assert not any(word in written for word in ("dataset", "input_ids", "modules_in_block"))
    asymmetric = side("quantize_optimum").describe(DONE | {"format": "gptq_v2", "sym": False})
    assert asymmetric["format"] == asymmetric["checkpoint_format"] == "gptq_v2"


@pytest.mark.parametrize(
    ("changed", "aware"),
    [({}, True), ({"desc_act": True}, False), ({"group_size": -1}, False)],
)
def test_settings_are_handed_on(side: Any, changed: dict[str, Any], aware: bool) -> None:
    options = side("quantize_optimum")._options(SETTINGS | changed)
    assert options["damp_percent"] == 0.05
    assert options["batch_size"] == 1
    assert options["act_group_aware"] == aware
    assert {name: options[name] for name in changed} == changed


def test_rows_are_handed_on_as_tokens(side: Any) -> None:
    row = SimpleNamespace(inputs={"input_ids": [[1]], "attention_mask": [[1]], "other": 0})
    examples = side("quantize_optimum")._examples([row])
    assert examples == [{"input_ids": [[1]], "attention_mask": [[1]]}]


def test_a_module_is_recorded_with_what_the_solver_says(side: Any) -> None:
    read = side("quantize_optimum").read_module
    assert read((3, "mlp.up_proj"), 0.5, 0.25, 0.05, 640) == {
        "layer": 3,
        "module": "mlp.up_proj",
        "loss": 0.25,
        "damp": 0.05,
        "samples": 640.0,
        "seconds": 0.5,
    }


@pytest.mark.parametrize(
    ("loss", "damp", "said"),
    [
        ("rtn fallback", 0.05, "was not quantized as asked: loss 'rtn fallback'"),
        (float("nan"), 0.05, "was not quantized as asked: loss nan"),
        (0.25, 1.0, "could not be solved: damping reached 1"),
    ],
)
def test_a_module_that_was_rounded_instead_is_refused(
    side: Any, loss: object, damp: float, said: str
) -> None:
    with pytest.raises(Exception, match=f"layer 0 mlp.up_proj {said}"):
        side("quantize_optimum").read_module((0, "mlp.up_proj"), 0.5, loss, damp, 640)

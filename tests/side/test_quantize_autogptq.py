from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

ASKED = {"method": "gptq", "bits": 4}


class Model:
    """A model without parts that reads no picture."""

    def __init__(self, said: str) -> None:
        self.said = said

    def forward(self, **row: str) -> None:
        raise ValueError(*([self.said] if self.said else []))

    def modules(self) -> list[Any]:
        return []


def say(log: Any, *lines: str) -> None:
    """Log lines as the library does."""
    solver = logging.getLogger("auto_gptq.quantization.gptq")
    with log.listening():
        for line in lines:
            solver.info(line)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"method": "awq"}, "AutoGPTQ does gptq, not awq"),
        ({"method": "gptaq"}, "AutoGPTQ does gptq, not gptaq"),
        ({"bits": 5}, "AutoGPTQ packs 2, 3, 4 or 8 bits, not 5"),
    ],
)
def test_what_the_library_has_not_is_infeasible(
    side: Any, changes: dict[str, Any], said: str
) -> None:
    require = side("quantize_autogptq").require_feasible
    require(ASKED)
    with pytest.raises(side("events").Infeasible, match=said):
        require(ASKED | changes)


def test_it_is_infeasible_before_any_work(side: Any, tmp_path: Path) -> None:
    job = {"settings": ASKED | {"method": "fp8"}, "paths": {}}
    with pytest.raises(side("events").Infeasible):
        side("quantize_autogptq").run(job, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_losses_and_seconds_are_read_from_the_librarys_log(side: Any) -> None:
    log = side("autogptq_models").Log(0.01, 24)
    say(
        log,
        "Start quantizing layer 1/2",
        "Quantizing self_attn.v_proj in layer 1/2...",
        "duration: 0.25",
        "avg loss: 1.5",
        "Quantizing self_attn.k_proj in layer 1/2...",
        "duration: 0.5",
        "avg loss: 2.5",
        "Packing model...",
    )
    assert log.solved() == [
        {"layer": 0, "module": "self_attn.k_proj", "loss": 2.5, "seconds": 0.5}
        | {"damp": 0.01, "samples": 24},
        {"layer": 0, "module": "self_attn.v_proj", "loss": 1.5, "seconds": 0.25}
        | {"damp": 0.01, "samples": 24},
    ]
    say(log, "Quantizing mlp.up_proj in layer 2/2...", "avg loss: 1")
    assert log.current == "layer 1 mlp.up_proj"


@pytest.mark.parametrize("loss", ["nan", "inf", ""])
def test_a_loss_that_is_no_number_is_refused(side: Any, loss: str) -> None:
    log = side("autogptq_models").Log(0.01, 24)
    say(log, "Quantizing mlp.up_proj in layer 3/3...", *([f"avg loss: {loss}"] if loss else []))
    with pytest.raises(Exception, match=r"layer 2 mlp\.up_proj .* no finite loss"):
        log.solved()


def test_the_log_is_a_safe_point_and_is_left_as_it_was(
    side: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    solver = logging.getLogger("auto_gptq.quantization.gptq")
    before = (solver.level, list(logging.getLogger("auto_gptq").handlers))
    log = side("autogptq_models").Log(0.01, 24)
    monkeypatch.setattr(side("events")._line, "stopping", True)
    with pytest.raises(side("events").Stop):
        say(log, "Start quantizing layer 1/2")
    assert (solver.level, list(logging.getLogger("auto_gptq").handlers)) == before


def test_a_row_that_the_model_cannot_read_is_an_error(side: Any) -> None:
    honest = side("autogptq_models").honest_errors
    model = Model("Image features and image tokens do not match")
    with (
        honest(model),
        pytest.raises(side("quantizing").QuantizationError, match="cannot read a row: Image feat"),
    ):
        model.forward()
    with pytest.raises(ValueError, match="Image features"):
        model.forward()
    # The library ends a run at the first layer with an empty one.
    captured = Model("")
    with honest(captured), pytest.raises(ValueError, match=r"^$"):
        captured.forward()


def test_the_quantization_says_nothing_of_the_librarys_files(side: Any) -> None:
    saved = {"bits": 4, "model_name_or_path": None, "model_file_base_name": "model"}
    assert side("quantize_autogptq").amend(saved | {"x": "/home/me/x"}) == {"bits": 4}

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hubq.errors import BadInput
from hubq.quantize import quantization

RECORD: dict[str, Any] = {
    "schema": 1,
    "settings": {},
    "calibration": {
        "rows": [{"id": "a", "sha256": "0" * 64, "tokens": 30, "vision_tokens": 9}] * 3,
        "rows_used": 3,
        "rows_cut": 0,
        "rows_dropped": 1,
        "dropped": [{"id": "b", "reason": "3000 tokens, more than 2048", "kind": "long"}],
        "dropped_by_kind": {"long": 1},
        "text_tokens": 63,
        "vision_tokens": 27,
        "vision_per_text": 0.428571,
    },
    "modules": [{"layer": 0, "module": "mlp.up_proj", "loss": 0.1}],
    "libraries": {"gptqmodel": "7.7.0"},
    "seconds": {"load": 1.0, "quantize": 9.5},
    "peak_resident_bytes": 600,
    "size_bytes": 1234,
    "quantization_config": {"bits": 4},
}


def test_the_job_names_the_rows_in_the_prepared_folder(tmp_path: Path) -> None:
    job = quantization.job({"bits": 4}, {"model": tmp_path / "m", "calibration": tmp_path / "c"})
    assert job == {
        "settings": {"bits": 4},
        "paths": {"model": f"{tmp_path}/m", "calibration": f"{tmp_path}/c/rows.jsonl"},
    }


def test_every_measure_is_where_its_pointer_says(tmp_path: Path) -> None:
    (tmp_path / "quantize.json").write_text(json.dumps(RECORD))
    collected = quantization.collect(tmp_path, {})
    assert {measure.name: measure.value for measure in collected.measures} == {
        "seconds": 9.5,
        "size_bytes": 1234,
        "peak_resident_bytes": 600,
        "calibration_rows": 3,
        "calibration_rows_cut": 0,
        "calibration_rows_dropped": 1,
        "calibration_vision_per_text": 0.428571,
        "calibration_text_tokens": 63,
        "calibration_vision_tokens": 27,
    }
    for measure in collected.measures:
        found: Any = json.loads((tmp_path / measure.file).read_text())
        for step in measure.pointer.split("/")[1:]:
            found = found[step]
        assert found == measure.value
    assert collected.facts["dropped_rows"] == 1
    assert collected.facts["dropped_by_kind"] == {"long": 1}
    assert collected.refusal == ""


@pytest.mark.parametrize("text", [None, "{", "{}"])
def test_a_record_that_is_missing_or_not_whole_is_refused(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "quantize.json").write_text(text)
    with pytest.raises(BadInput, match=r"quantize\.json"):
        quantization.collect(tmp_path, {})


@pytest.mark.parametrize(
    "calibration",
    [
        None,
        {"rows": [], "dropped": [], "rows_used": 0, "text_tokens": 0, "vision_tokens": 0},
    ],
)
def test_a_method_without_calibration_has_no_numbers_of_it(
    tmp_path: Path, calibration: dict[str, Any] | None
) -> None:
    record = {name: value for name, value in RECORD.items() if name != "calibration"}
    if calibration is not None:
        record["calibration"] = calibration
    (tmp_path / "quantize.json").write_text(json.dumps(record))
    collected = quantization.collect(tmp_path, {})
    names = {measure.name for measure in collected.measures}
    assert names == {"seconds", "size_bytes", "peak_resident_bytes"}
    assert collected.facts["dropped_rows"] == 0
    assert collected.facts["vision_per_text"] is None

"""Quantization: what the quantize stage's worker is given, and what is read from what it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from hubq.errors import BadInput
from hubq.model.result import Collected, Measure
from hubq.quantize.calibration import ROWS

CHECKPOINT = "checkpoint"
RECORD = "quantize.json"


class _Tokens(msgspec.Struct, frozen=True, kw_only=True):
    rows: list[dict[str, Any]]
    dropped: list[dict[str, Any]]
    text_tokens: int
    vision_tokens: int
    vision_per_text: float | None


class _Record(msgspec.Struct, frozen=True, kw_only=True):
    calibration: _Tokens
    modules: list[dict[str, Any]]
    libraries: dict[str, str]
    seconds: dict[str, float]
    peak_resident_bytes: int
    size_bytes: int
    quantization_config: dict[str, Any]


def job(settings: Mapping[str, Any], paths: Mapping[str, Path]) -> dict[str, Any]:
    """Return the content of the worker's job.json.

    Args:
        settings: of the stage.
        paths: `model`, the source's folder; `calibration`, the folder that
            `hubq.quantize.calibration.prepare` has written.
    """
    named = {"model": str(paths["model"]), "calibration": str(paths["calibration"] / ROWS)}
    return {"settings": dict(settings), "paths": named}


def collect(work: Path, out: Mapping[str, Any]) -> Collected:  # noqa: ARG001 - one signature
    """Read the measures of a quantize stage from what its worker left.

    Raises:
        BadInput: `quantize.json` is missing or not whole.
    """
    try:
        record = msgspec.json.decode((work / RECORD).read_bytes(), type=_Record)
    except (FileNotFoundError, msgspec.DecodeError) as error:
        raise BadInput(f"{work / RECORD}: {error}") from error
    tokens = record.calibration
    rows = len(tokens.rows)
    peak = record.peak_resident_bytes
    measures = (
        _measure("seconds", record.seconds["quantize"], "s", "/seconds/quantize"),
        _measure("size_bytes", record.size_bytes, "bytes", "/size_bytes"),
        _measure("peak_resident_bytes", peak, "bytes", "/peak_resident_bytes"),
        _counted("rows", rows, "rows_used", rows),
        _counted("text_tokens", tokens.text_tokens, "text_tokens", rows),
        _counted("vision_tokens", tokens.vision_tokens, "vision_tokens", rows),
    )
    facts = {
        "modules": len(record.modules),
        "dropped_rows": len(tokens.dropped),
        "vision_per_text": tokens.vision_per_text,
        "libraries": record.libraries,
        "quantization_config": record.quantization_config,
    }
    return Collected(measures=measures, facts=facts)


def _counted(name: str, value: int, key: str, rows: int) -> Measure:
    return _measure(f"calibration_{name}", value, "count", f"/calibration/{key}", rows)


def _measure(name: str, value: float, unit: str, pointer: str, n: int = 1) -> Measure:
    return Measure(
        name=name, value=float(value), unit=unit, n=max(n, 1), file=RECORD, pointer=pointer
    )

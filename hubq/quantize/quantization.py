"""Quantization: what the quantize stage's worker is given, and what is read from what it leaves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from hubq.errors import BadInput
from hubq.model.result import Collected, Measure
from hubq.quantize.calibration import ROWS

CHECKPOINT = "checkpoint"
RECORD = "quantize.json"


class _Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker says of its calibration; nothing of it where a method needs none."""

    rows: list[dict[str, Any]] = []
    dropped: list[dict[str, Any]] = []
    dropped_by_kind: dict[str, int] = {}
    rows_used: int = 0
    rows_cut: int | None = None
    rows_dropped: int | None = None
    text_tokens: int = 0
    vision_tokens: int = 0
    vision_per_text: float | None = None


class _Record(msgspec.Struct, frozen=True, kw_only=True):
    calibration: _Tokens = _Tokens()
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
    peak = record.peak_resident_bytes
    measures = (
        _measure("seconds", record.seconds["quantize"], "s", "/seconds/quantize"),
        _measure("size_bytes", record.size_bytes, "bytes", "/size_bytes"),
        _measure("peak_resident_bytes", peak, "bytes", "/peak_resident_bytes"),
        *_calibrated(record.calibration),
    )
    facts = {
        "modules": len(record.modules),
        "dropped_rows": len(record.calibration.dropped),
        "dropped_by_kind": record.calibration.dropped_by_kind,
        "vision_per_text": record.calibration.vision_per_text,
        "libraries": record.libraries,
        "quantization_config": record.quantization_config,
    }
    return Collected(measures=measures, facts=facts)


def _calibrated(tokens: _Tokens) -> Iterator[Measure]:
    """Yield the numbers of a calibration; none of a method that looks at no rows."""
    rows = tokens.rows_used
    if not rows:
        return
    counted = {
        "rows": ("rows_used", rows),
        "rows_cut": ("rows_cut", tokens.rows_cut),
        "rows_dropped": ("rows_dropped", tokens.rows_dropped),
        "text_tokens": ("text_tokens", tokens.text_tokens),
        "vision_tokens": ("vision_tokens", tokens.vision_tokens),
    }
    for name, (key, value) in counted.items():
        if value is not None:
            yield _measure(f"calibration_{name}", value, "count", f"/calibration/{key}", rows)
    if tokens.vision_per_text is not None:
        ratio, key = tokens.vision_per_text, "vision_per_text"
        yield _measure(f"calibration_{key}", ratio, "ratio", f"/calibration/{key}", rows)


def _measure(name: str, value: float, unit: str, pointer: str, n: int = 1) -> Measure:
    return Measure(
        name=name, value=float(value), unit=unit, n=max(n, 1), file=RECORD, pointer=pointer
    )

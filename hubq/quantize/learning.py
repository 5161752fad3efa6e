"""Learning: estimates corrected by what earlier quantize results really took.

Nothing is stored for it. A quantize result holds its measures and its stage's settings, the resolve
result that it came from holds the source's configuration; the estimate is made again from these
with today's formulas, and today's estimates are multiplied by the median of what was measured over
what was estimated, for the same backend, method and device.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from statistics import median
from typing import Any

import msgspec

from hubq.errors import BadInput
from hubq.model.recipe import Calibration, VariantSpec
from hubq.model.result import Result
from hubq.model.source import Source
from hubq.model.stage import Kind
from hubq.quantize import methods
from hubq.quantize.footprint import Estimate, estimate
from hubq.quantize.shapes import from_config, weight_bytes
from hubq.store import RESULT_FILE, Store

#: Time is taken from results of about the same size only: a tiny model's is all overhead.
SCALE = 30.0
_VARIANT = ("method", "bits", "group_size", "desc_act", "sym", "damp", "alpha")
_TOKENS = ("calibration_text_tokens", "calibration_vision_tokens")


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """An earlier quantize result beside what would be estimated for it today.

    Attributes:
        estimate: with the tokens that its rows really had.
        size_bytes, ram_bytes, gpu_bytes: as measured; 0 where that was not.
        seconds: of quantizing.
    """

    estimate: Estimate
    size_bytes: int
    ram_bytes: int
    gpu_bytes: int
    seconds: float


Key = tuple[str, str, str]
Learned = dict[Key, tuple[Seen, ...]]
"""(backend, method, device) -> what was seen of it."""


def seen(result: Result, source: Source) -> Seen | None:
    """Return what a quantize result says of estimates; none when it says nothing.

    Args:
        result: of a quantize stage.
        source: what it was made from, as its resolve result holds it.
    """
    stage = result.stage
    if stage.kind is not Kind.QUANTIZE:
        return None
    measured = {measure.name: measure.value for measure in result.measures}
    settings = stage.settings
    known = {name: settings[name] for name in _VARIANT if name in settings}
    try:
        variant = msgspec.convert(
            {"name": "v", "backend": stage.backend, **known}, VariantSpec, strict=False
        )
        calibration = msgspec.convert(_calibration(settings), Calibration)
    except msgspec.ValidationError:
        # A result of another version of hubq; it still counts as a result, not as a measure.
        return None
    weights = from_config(source.config, weight_bytes(source.files))
    device = settings.get("device")
    if methods.unsupported(variant, source.model_type) or not weights.linears:
        return None
    if device not in {"cpu", "cuda"} or not {"seconds", "size_bytes"} <= measured.keys():
        return None
    tokens = int(sum(measured.get(name, 0) for name in _TOKENS))
    return Seen(
        estimate=estimate(weights, variant, calibration, device, tokens=tokens),
        size_bytes=int(measured["size_bytes"]),
        ram_bytes=int(measured.get("peak_resident_bytes", 0)),
        gpu_bytes=int(measured.get("peak_device_bytes", 0)),
        seconds=measured["seconds"],
    )


def learned(results: Iterable[tuple[Result, Source]]) -> Learned:
    """Return what earlier quantize results say, by backend, method and device.

    Args:
        results: each with the source that it was made from; others than of quantize stages are
            passed over.
    """
    found: dict[Key, tuple[Seen, ...]] = {}
    for result, source in results:
        one = seen(result, source)
        if one is not None:
            found[_key(one.estimate)] = (*found.get(_key(one.estimate), ()), one)
    return found


def stored(store: Store) -> Learned:
    """Return what the quantize results in a runs folder say; damaged ones say nothing."""
    return learned(_with_sources(store))


def _with_sources(store: Store) -> Iterator[tuple[Result, Source]]:
    for path in sorted(store.root.glob(f"results/*/*/{RESULT_FILE}")):
        # Most results are of other kinds, and large; theirs need not be decoded.
        if b'"quantize"' not in path.read_bytes():
            continue
        try:
            result = store.load(path.parent.name)
            resolved = store.load(result.inputs[Kind.RESOLVE.value])
            yield result, msgspec.convert(resolved.facts["source"], Source)
        except (BadInput, KeyError, msgspec.ValidationError):
            continue


def corrected(one: Estimate, earlier: Learned) -> Estimate:
    """Return an estimate corrected by what earlier results really took.

    Sizes are multiplied by the median ratio of measured to estimated; time is the median time per
    multiplication of results within a factor of `SCALE` of the same work.
    """
    known = earlier.get(_key(one), ())
    if not known:
        return one
    size = _ratio((each.size_bytes, each.estimate.size_bytes) for each in known)
    ram = _ratio((each.ram_bytes, each.estimate.ram_bytes) for each in known)
    gpu = _ratio((each.gpu_bytes, each.estimate.gpu_bytes) for each in known)
    near = [
        each.seconds / each.estimate.work
        for each in known
        if 1 / SCALE <= each.estimate.work / max(one.work, 1.0) <= SCALE
    ]
    return msgspec.structs.replace(
        one,
        size_bytes=round(one.size_bytes * size),
        disk_bytes=round(one.disk_bytes * size),
        ram_bytes=round(one.ram_bytes * ram),
        gpu_bytes=round(one.gpu_bytes * gpu),
        seconds=median(near) * one.work if near else None,
        results=len(known),
    )


def _ratio(pairs: Iterable[tuple[int, int]]) -> float:
    ratios = [measured / guess for measured, guess in pairs if measured and guess]
    return median(ratios) if ratios else 1.0


def _key(one: Estimate) -> Key:
    return one.backend, one.method, one.device


def _calibration(settings: Mapping[str, Any]) -> dict[str, Any]:
    rows = settings.get("calibration") or {}
    kept = {name: rows[name] for name in ("samples", "length") if name in rows}
    return {"dataset": "", **kept}

"""Certificates: what the certify stage's worker is given, and whether a checkpoint may be used."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from hubq.errors import BadInput
from hubq.model.result import Collected, Measure

CERTIFICATE = "certificate.json"
ITEMS = "items/"


PATHS = frozenset({"model", "checkpoint", "quantize"})
DTYPES = frozenset({"bfloat16", "float16", "float32"})

CheckState = Literal["passed", "failed", "skipped"]


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing looked at.

    Attributes:
        name: what was looked at.
        good: whether nothing was found against the checkpoint; true when skipped.
        said: what was seen, or why it was skipped.
        state: `passed`, `failed` or `skipped`; by default what `good` says.
        finding: the fault's id when failed.
    """

    name: str
    good: bool
    said: str
    state: CheckState | None = None
    finding: str = ""


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """A mean over items, its standard error and its 95 % interval."""

    value: float
    n: int
    low: float
    high: float
    se: float | None = None


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """What `certificate.json` says.

    Attributes:
        good: whether every check is.
        checks: everything looked at, in order.
        kl: the divergence from the baseline in nats per token; none when it could not be measured.
        top1_agreement: the share of tokens on which both would say the same.
        kl_floor, top1_floor: the same between the baseline and itself in float32.
        kernels: class -> how many linear modules it runs.
    """

    good: bool
    checks: tuple[Check, ...]
    kl: Estimate | None = None
    top1_agreement: Estimate | None = None
    kl_floor: Estimate | None = None
    top1_floor: Estimate | None = None
    kernels: dict[str, int] = {}


def job(settings: Mapping[str, Any], paths: Mapping[str, Path]) -> dict[str, Any]:
    """Return the content of the worker's job.json.

    Args:
        settings: of the stage.
        paths: `checkpoint`; where there are such, `model`, the baseline's folder, `quantize`, the
            record of how the checkpoint was made, and `items/<task>` for each task.
    """
    named = {
        name: str(path) for name, path in paths.items() if name in PATHS or name.startswith(ITEMS)
    }
    return {"settings": dict(settings), "paths": named}


def collect(work: Path, out: Mapping[str, Any]) -> Collected:  # noqa: ARG001 - one signature
    """Read the verdict and the measures of a certify stage from what its worker left.

    Raises:
        BadInput: `certificate.json` is missing or not whole.
    """
    certificate = read(work / CERTIFICATE)
    measures = tuple(
        _measure(name, estimate, unit)
        for name, estimate, unit in (
            ("kl", certificate.kl, "nats"),
            ("top1_agreement", certificate.top1_agreement, "fraction"),
            ("kl_floor", certificate.kl_floor, "nats"),
            ("top1_floor", certificate.top1_floor, "fraction"),
        )
        if estimate is not None
    )
    facts = {
        "good": certificate.good,
        "checks": [msgspec.to_builtins(check) for check in certificate.checks],
        "kernels": certificate.kernels,
    }
    return Collected(measures=measures, facts=facts, refusal=refusal(certificate))


def derive_settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a certify stage for a checkpoint of which only its files are known.

    Args:
        config: its config.json.

    Returns:
        `method`, `bits`, `group_size`, `desc_act`, `sym` (those that it says), `dtype`, and
        `derived`: nothing was asked for, so that nothing is held against it. The method of a
        compressed-tensors checkpoint with integer weights is not said; it is `compressed-tensors`.

    Raises:
        BadInput: the checkpoint is not quantized, or says so in no way that is known.
    """
    said = config.get("quantization_config")
    if not isinstance(said, Mapping):
        raise BadInput("config.json has no quantization_config: the model is not quantized")
    if said.get("quant_method") == "compressed-tensors" or "config_groups" in said:
        found = _derive_compressed(said)
    elif said.get("quant_method"):
        found = _derive_plain(said)
    else:
        raise BadInput("the quantization_config in config.json has no quant_method")
    dtype = str(config.get("dtype") or config.get("torch_dtype") or "").removeprefix("torch.")
    found |= {"dtype": dtype if dtype in DTYPES else "bfloat16", "derived": True}
    return {name: value for name, value in found.items() if value is not None}


def _derive_plain(said: Mapping[str, Any]) -> dict[str, Any]:
    zero_point = said.get("zero_point")
    return {
        "method": str(said["quant_method"]),
        "bits": said.get("bits", said.get("w_bit", 8 if said["quant_method"] == "fp8" else None)),
        "group_size": said.get("group_size", said.get("q_group_size")),
        "desc_act": said.get("desc_act"),
        "sym": said.get("sym", None if zero_point is None else not zero_point),
    }


def _derive_compressed(said: Mapping[str, Any]) -> dict[str, Any]:
    groups = said.get("config_groups")
    schemes = list(groups.values()) if isinstance(groups, Mapping) else []
    weights = next((one["weights"] for one in schemes if one.get("weights")), None)
    if weights is None:
        raise BadInput("the quantization_config in config.json has no group with weights")
    return {
        "method": "fp8" if weights.get("type") == "float" else "compressed-tensors",
        "bits": weights.get("num_bits"),
        "group_size": weights.get("group_size") if weights.get("strategy") == "group" else -1,
        "desc_act": weights.get("actorder") is not None,
        "sym": weights.get("symmetric"),
    }


def read(path: Path) -> Certificate:
    """Read a certificate.

    Raises:
        BadInput: the file is missing or not whole.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Certificate)
    except (FileNotFoundError, msgspec.DecodeError) as error:
        raise BadInput(f"{path}: {error}") from error


def refusal(certificate: Certificate) -> str:
    """Return why a checkpoint must not be used, each failed check in its words; empty if good."""
    failed = [check for check in certificate.checks if not check.good]
    if not failed and not certificate.good:
        return "the certificate is not good and does not say why"
    return "; ".join(
        check.said if check.name == "divergence" else f"{check.name}: {check.said}"
        for check in failed
    )


def _measure(name: str, estimate: Estimate, unit: str) -> Measure:
    return Measure(
        name=name,
        value=estimate.value,
        unit=unit,
        n=estimate.n,
        se=estimate.se,
        low=estimate.low,
        high=estimate.high,
        file=CERTIFICATE,
        pointer=f"/{name}/value",
    )

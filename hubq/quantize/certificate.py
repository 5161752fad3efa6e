"""Certificates: what the certify stage's worker is given, and whether a checkpoint may be used."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from hubq.errors import BadInput
from hubq.model.result import Collected, Measure

CERTIFICATE = "certificate.json"
ITEMS = "items/"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing looked at: its name, whether it is good, and what was seen."""

    name: str
    good: bool
    said: str


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
        kernels: class -> how many linear modules it runs.
    """

    good: bool
    checks: tuple[Check, ...]
    kl: Estimate | None = None
    top1_agreement: Estimate | None = None
    kernels: dict[str, int] = {}


def job(settings: Mapping[str, Any], paths: Mapping[str, Path]) -> dict[str, Any]:
    """Return the content of the worker's job.json.

    Args:
        settings: of the stage.
        paths: `model`, the baseline's folder; `checkpoint`; `items/<task>` for each task.
    """
    named = {
        name: str(path)
        for name, path in paths.items()
        if name in {"model", "checkpoint"} or name.startswith(ITEMS)
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
        )
        if estimate is not None
    )
    facts = {
        "good": certificate.good,
        "checks": [msgspec.to_builtins(check) for check in certificate.checks],
        "kernels": certificate.kernels,
    }
    return Collected(measures=measures, facts=facts, refusal=refusal(certificate))


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

"""Certificates of serving engines: whether vLLM loads a checkpoint, with which kernels, or why not.

That an engine has no kernels for a format on a device is no fault of the checkpoint: it is said and
nothing is refused. A checkpoint that the engine should be able to load and cannot is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from hubq.errors import BadInput
from hubq.model.result import Collected
from hubq.quantize import certificate
from hubq.quantize.certificate import CERTIFICATE, Check

EngineState = Literal["loads", "infeasible", "failed"]


class Engine(msgspec.Struct, frozen=True, kw_only=True):
    """An engine: the distribution that was installed and its version."""

    name: str
    version: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked (a data set's question by task and key) about how many pictures, and said."""

    question: str
    pictures: int
    answer: str


class EngineCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """What `certificate.json` of an engine says.

    Attributes:
        good: whether nothing speaks against the checkpoint; true when it is infeasible.
        state: `loads`; `infeasible` when the engine cannot run such a checkpoint on this device;
            `failed`.
        reason: why it is not `loads`, in the engine's words; empty when it is.
        checks: everything looked at, in order.
        engine: that was asked.
        dtype: the arithmetic it took; empty when it did not load.
        kernels: kernel, and how the engine came to it -> how many linear modules it runs.
        answer: to the first question; none when it did not come to that.
    """

    good: bool
    state: EngineState
    checks: tuple[Check, ...]
    engine: Engine
    reason: str = ""
    dtype: str = ""
    kernels: dict[str, int] = {}
    answer: Answer | None = None


def job(settings: Mapping[str, Any], paths: Mapping[str, Path]) -> dict[str, Any]:
    """Return the content of the worker's job.json.

    Args:
        settings: of the stage.
        paths: `checkpoint`; where there are such, `model`, the baseline's folder, and
            `items/<task>` for each task, of which the questions are taken.
    """
    wanted = {name: path for name, path in paths.items() if name != "quantize"}
    return certificate.job(settings, wanted)


def collect(work: Path, out: Mapping[str, Any]) -> Collected:  # noqa: ARG001 - one signature
    """Read the verdict of an engine's certify stage from what its worker left.

    Raises:
        BadInput: `certificate.json` is missing or not whole.
    """
    found = read(work / CERTIFICATE)
    return Collected(facts=msgspec.to_builtins(found), refusal=refusal(found))


def read(path: Path) -> EngineCertificate:
    """Read an engine's certificate.

    Raises:
        BadInput: the file is missing or not whole.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=EngineCertificate)
    except (FileNotFoundError, msgspec.DecodeError) as error:
        raise BadInput(f"{path}: {error}") from error


def refusal(found: EngineCertificate) -> str:
    """Return why a checkpoint must not be used; empty unless the engine found it broken."""
    if found.state != "failed":
        return ""
    engine = f"{found.engine.name} {found.engine.version}"
    return f"{engine}: {found.reason or 'failed and does not say why'}"

"""Sittings as jobs: what the workers that time a family are given, and what is read of it at once.

The measures of each subject are worked out by stages of their own (`hubq.bench.measures`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from hubq.bench.sitting import SAMPLES_FILE, SITTING_FILE, read_samples, read_sitting
from hubq.errors import BadInput
from hubq.model.result import Collected

_SETTINGS = ("workloads", "serving", "warm_up", "rounds", "limit_seconds", "dtype", "device")


def job(
    settings: Mapping[str, Any], checkpoints: Sequence[Path | None], partial: Path
) -> dict[str, Any]:
    """Return the content of the worker's job.json.

    Args:
        settings: `workloads` or `serving`, `warm_up`, `rounds`, `limit_seconds`, `dtype`, `device`
            (and `round`, which only tells results apart).
        checkpoints: a model folder for each position, the baseline's first; none where a variant
            could not be made.
        partial: where finished rounds outlive a kill.
    """
    return {
        "checkpoints": [None if path is None else str(path) for path in checkpoints],
        "partial": str(partial),
        **{name: settings[name] for name in _SETTINGS if name in settings},
    }


def collect(work: Path, out: Mapping[str, Any]) -> Collected:  # noqa: ARG001 - one signature
    """Read what a sitting came to; its measures are worked out for each subject later.

    Raises:
        BadInput: a file is missing or broken.
    """
    try:
        sitting = read_sitting(work)
        samples = sum(1 for _ in read_samples(work))
    except FileNotFoundError as error:
        raise BadInput(f"{work}: no {SITTING_FILE} with {SAMPLES_FILE}") from error
    except msgspec.MsgspecError as error:
        raise BadInput(f"{work}: {SITTING_FILE} or {SAMPLES_FILE} is broken: {error}") from error
    return Collected(
        facts={
            "engine": sitting.engine,
            "residency": sitting.residency,
            "processes": sitting.processes,
            "subjects": {str(one.position): one.state for one in sitting.subjects},
            "rounds": {place: counted.rounds for place, counted in sitting.rounds.items()},
            "stopped": {place: counted.stopped for place, counted in sitting.rounds.items()},
            "busy": list(sitting.conditions.busy),
            "samples": samples,
        },
    )

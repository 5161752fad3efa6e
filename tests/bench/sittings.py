"""Sittings made up: what a bench worker leaves, consistent, and quick to make."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from hubq.bench.asked import Asked, asked_of
from hubq.bench.sitting import (
    SAMPLES_FILE,
    SITTING_FILE,
    Cell,
    Conditions,
    Counted,
    Memory,
    Request,
    Sample,
    Sitting,
    Subject,
    Warm,
)
from hubq.model.codec import pretty
from hubq.model.suite import Engine
from hubq.model.workload import Workload

ROUNDS = 5
NO_CHECKPOINT = ("failed", "no checkpoint")
Lost = Mapping[tuple[int, str], tuple[str, str]]
"""Position and workload -> state and reason."""


class MadeUp(msgspec.Struct, frozen=True, kw_only=True):
    """A subject to make up.

    Attributes:
        rate: tokens/s under the first workload, on average; exactly that over the rounds.
        weights: bytes of its weights.
        memory: bytes in use at most under the first workload.
    """

    rate: float
    weights: int
    memory: int


def sitting_of(
    settings: Mapping[str, Any],
    subjects: Sequence[MadeUp | None],
    lost: Lost | None = None,
    rounds: int = ROUNDS,
) -> tuple[Sitting, tuple[Sample, ...]]:
    """Return a sitting and its runs.

    Args:
        settings: of the sitting's stage, or its job.
        subjects: by position; none for a variant without checkpoint.
        lost: what could not be measured.
        rounds: how many each workload gets.
    """
    asked, gone = asked_of(settings), lost or {}
    engine: Engine = "vllm" if settings.get("serving") else "transformers"
    sitting = Sitting(
        schema=1,
        engine=engine,
        definition="tokens over seconds",
        residency="together",
        processes=1,
        subjects=tuple(
            _subject(position, made, asked, settings, gone)
            for position, made in enumerate(subjects)
        ),
        rounds={one.place: Counted(rounds=rounds, stopped="narrow") for one in asked},
        conditions=Conditions(
            facts={"others_cores": 0.02, "others_cores_most": 0.3},
            series={"seconds": [0.0, 0.5], "others_cores": [0.01, 0.03]},
        ),
        versions={"torch": "2.13.0+cpu"},
    )
    samples = tuple(_samples(asked, subjects, gone, rounds))
    return sitting, samples


def files_of(sitting: Sitting, samples: Sequence[Sample]) -> dict[str, str]:
    """Return the files of a sitting, by name."""
    lines = msgspec.json.Encoder().encode_lines(samples).decode()
    return {SITTING_FILE: pretty(sitting), SAMPLES_FILE: lines}


def write(folder: Path, sitting: Sitting, samples: Sequence[Sample]) -> Path:
    """Write the files of a sitting."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files_of(sitting, samples).items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def _subject(
    position: int,
    made: MadeUp | None,
    asked: Sequence[Asked],
    settings: Mapping[str, Any],
    lost: Lost,
) -> Subject:
    if made is None:
        state, why = NO_CHECKPOINT
        return msgspec.convert({"position": position, "state": state, "why": why}, Subject)
    cells = {}
    for number, name in enumerate(dict.fromkeys(one.workload.name for one in asked)):
        workload = next(one.workload for one in asked if one.workload.name == name)
        if (position, name) in lost:
            state, why = lost[position, name]
            cells[name] = msgspec.convert({"state": state, "why": why}, Cell)
            continue
        cells[name] = Cell(
            state="measured",
            prompt_tokens=workload.input_tokens + 11 * workload.images,
            warm=(Warm(seconds=(0.71, 0.62, 0.61), settled=True),),
            memory=Memory(
                kind="resident",
                peak_bytes=made.memory + 40_000_000 * number,
                weights_bytes=made.weights,
                before_bytes=made.memory // 2,
            ),
        )
    served = bool(settings.get("serving"))
    return Subject(
        position=position,
        state="measured",
        load_seconds=1.25,
        weights_bytes=made.weights,
        disk_bytes=made.weights,
        kernels={"Linear": 14},
        attention="sdpa",
        dtype=str(settings["dtype"]),
        device=str(settings["device"]),
        threads=1,
        cache_tokens=100_000 if served else None,
        cache_bytes=4 << 30 if served else None,
        cells=cells,
    )


def _samples(
    asked: Sequence[Asked], subjects: Sequence[MadeUp | None], lost: Lost, rounds: int
) -> Iterator[Sample]:
    at = 0.0
    for number, one in enumerate(asked):
        drift = _noise(f"drift {one.place}", rounds, 0.01)
        own = {
            position: _noise(f"{position} {one.place}", rounds, 0.005)
            for position in range(len(subjects))
        }
        for turn in range(rounds):
            for order in range(len(subjects)):
                position = (order + turn) % len(subjects)
                made = subjects[position]
                if made is None or (position, one.workload.name) in lost:
                    continue
                pace = made.rate / (1 + number / 5) * math.exp(drift[turn] + own[position][turn])
                sample = Sample(
                    workload=one.workload.name,
                    step=one.step,
                    round=turn,
                    position=position,
                    order=order,
                    at=at,
                    **_run(one, pace),
                )
                at += sample.seconds
                yield sample


def _noise(seed: str, count: int, size: float) -> list[float]:
    """Return numbers whose mean is 0, so that a mean over rounds is exactly what was asked for."""
    draw = random.Random(seed)  # noqa: S311 - made-up data
    values = [draw.gauss(0, size) for _ in range(count)]
    mean = math.fsum(values) / count
    return [value - mean for value in values]


def _run(asked: Asked, pace: float) -> dict[str, Any]:
    """Return the fields of one run of a subject that generates at a pace, in tokens/s."""
    workload = asked.workload
    if isinstance(workload, Workload):
        seconds = workload.output_tokens * workload.batch_size / pace
        return {"seconds": seconds, "first_token_seconds": seconds / 20, "joules": 30 * seconds}
    assert asked.load is not None
    count = asked.load.requests
    streams = min(count, asked.load.concurrency or count)
    wait = (1 + streams / 8) / pace
    first = 3 * wait
    whole = first + (workload.output_tokens - 1) * wait
    requests = tuple(
        Request(
            start=(number // streams) * whole,
            ttft=first * (1 + number / (10 * count)),
            e2e=whole * (1 + number / (10 * count)),
            itl=(wait,) * (workload.output_tokens - 1),
            input_tokens=workload.input_tokens,
            output_tokens=workload.output_tokens,
        )
        for number in range(count)
    )
    seconds = max(one.start + one.e2e for one in requests)
    return {"seconds": seconds, "requests": requests, "joules": 30 * seconds}

"""Sittings: the files that a bench worker leaves, in which all variants took turns.

`sitting.json` says what was measured, on what and under which conditions; `samples.jsonl` has every
single run, in the order in which they ran. A subject is the baseline or a variant, known by its
position: 0 is the baseline, the others follow in the order of the recipe. Names are no part of it,
since a stage's key knows none.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

from hubq.model.suite import Engine

SITTING_FILE = "sitting.json"
SAMPLES_FILE = "samples.jsonl"
SCHEMA = 1

CAPPED = "most"
"""How rounds are said to have ended that were not as precise as was asked."""

State = Literal["measured", "oom", "timeout", "failed", "infeasible"]
Residency = Literal["together", "in-turn"]


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """The memory of a subject under a workload, in bytes.

    Attributes:
        kind: how it was read: `cuda-allocated` (PyTorch's allocator), `resident` (of the process,
            since the workload began), `resident-since-start`, `device` (of the process, as the
            driver has it).
        peak_bytes: the most that was in use, weights and all.
        weights_bytes: of the weights in it.
        before_bytes: in use before the first run.
        reserved_bytes: the most that the allocator kept; none on a CPU.
        device_bytes: of the process as the driver has it; none where it does not say.
    """

    kind: str
    peak_bytes: int
    weights_bytes: int
    before_bytes: int = 0
    reserved_bytes: int | None = None
    device_bytes: int | None = None


class Warm(msgspec.Struct, frozen=True, kw_only=True):
    """The warm-up of a workload: how long each run took, and whether they settled."""

    seconds: tuple[float, ...]
    settled: bool


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """A subject under a workload.

    Attributes:
        state: what became of it.
        why: why it was not measured; empty when it was.
        prompt_tokens: of one prompt, pictures and all; none where it was not measured.
        warm: of each process in turn.
        memory: none where it was not measured.
    """

    state: State
    why: str = ""
    prompt_tokens: int | None = None
    warm: tuple[Warm, ...] = ()
    memory: Memory | None = None


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """The baseline or a variant in a sitting.

    Attributes:
        position: 0 for the baseline.
        state: `measured` when it could be loaded; its cells have states of their own.
        why: why it could not be loaded.
        load_seconds: how long loading took, the first time.
        weights_bytes: what parameters and buffers hold in memory.
        disk_bytes: what the weights' files hold on disk.
        kernels: what runs the linear modules -> how many of them.
        attention: what computes attention, by part of the model where that differs.
        dtype: the arithmetic.
        device: `cpu`, or the CUDA device.
        threads: of PyTorch.
        cache_tokens: how many tokens' keys and values fit beside the weights; none where unknown.
        cache_bytes: what they were given; none where unknown.
        cells: workload -> what became of it.
    """

    position: int
    state: State
    why: str = ""
    load_seconds: float | None = None
    weights_bytes: int | None = None
    disk_bytes: int | None = None
    kernels: dict[str, int] = {}
    attention: Any = ""
    dtype: str = ""
    device: str = ""
    threads: int | None = None
    cache_tokens: int | None = None
    cache_bytes: int | None = None
    cells: dict[str, Cell] = {}


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """How many rounds a workload (or a step of its load) got, and why no more.

    Attributes:
        rounds: that were counted.
        stopped: `narrow` when every interval was narrow enough, `most` at the recipe's limit.
    """

    rounds: int
    stopped: Literal["narrow", "most"]


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """What the machine was doing, as `side/conditions.py` watched it while rounds ran.

    Attributes:
        busy: why the figures may be of a busy machine, in words; empty where nothing was seen.
        facts: what was read, by name; `others_cores` is how many cores' worth of time other
            processes took on average, and `others_cores_most` in the worst second.
        series: name -> readings, `seconds` among them.
    """

    busy: tuple[str, ...] = ()
    facts: dict[str, Any] = {}
    series: dict[str, list[float | None]] = {}


class Sitting(msgspec.Struct, frozen=True, kw_only=True):
    """What a bench worker left.

    Attributes:
        schema: of this file.
        engine: what ran the models.
        definition: what is counted, in words.
        residency: whether all models were loaded side by side, or each one when its turn came.
        processes: how often they were loaded.
        subjects: by position.
        rounds: workload, or `WORKLOAD/STEP` of a server -> how many it got.
        conditions: of the machine.
        versions: package -> version.
    """

    schema: int
    engine: Engine
    definition: str
    residency: Residency
    processes: int
    subjects: tuple[Subject, ...]
    rounds: dict[str, Counted]
    conditions: Conditions
    versions: dict[str, str] = {}


class Request(msgspec.Struct, frozen=True, array_like=True):
    """One request to a server; seconds.

    Attributes:
        start: since the first request of the run.
        ttft: to the first token.
        e2e: to the last token.
        itl: between tokens, in order.
        input_tokens: of the prompt, as the client counts them.
        output_tokens: that were generated.
        error: why it failed; empty when it did not.
    """

    start: float
    ttft: float
    e2e: float
    itl: tuple[float, ...]
    input_tokens: int
    output_tokens: int
    error: str = ""


class Sample(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One run of one subject under one workload in one round.

    Attributes:
        workload: its name.
        step: of its load; empty for plain generation.
        round: from 0.
        process: which load of the models it was, from 0.
        position: the subject's.
        order: whose turn it was in the round, from 0.
        at: seconds since the sitting began.
        seconds: of the whole run: one generate call, or from the first request to the last answer.
        first_token_seconds: of a call that generates one token and no more; plain generation only.
        joules: that GPU or processor took meanwhile; none where they do not tell.
        requests: to a server, in the order in which they were sent.
    """

    workload: str
    round: int
    position: int
    order: int
    at: float
    seconds: float
    step: str = ""
    process: int = 0
    first_token_seconds: float | None = None
    joules: float | None = None
    requests: tuple[Request, ...] = ()


def read_sitting(folder: Path) -> Sitting:
    """Return what a bench worker left in a folder."""
    return msgspec.json.decode((folder / SITTING_FILE).read_bytes(), type=Sitting)


def read_samples(folder: Path) -> Iterator[Sample]:
    """Yield every run in a folder, in the order in which they ran."""
    decoder = msgspec.json.Decoder(Sample)
    with (folder / SAMPLES_FILE).open("rb") as lines:
        yield from (decoder.decode(line) for line in lines if line.strip())

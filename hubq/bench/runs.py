"""Runs of a benchmark, as they are shown and compared: files of a release, or kept from one.

A run is read from results in a runs folder, from any folder with `bench.json` or `sitting.json` in
it, or from the one file that `hubq bench show --format json` writes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

from hubq.bench.asked import asked_of
from hubq.bench.measures import FACTS, document
from hubq.bench.paired import Round
from hubq.bench.sitting import (
    SITTING_FILE,
    Conditions,
    Residency,
    Subject,
    Warm,
    read_samples,
    read_sitting,
)
from hubq.errors import BadInput
from hubq.model.codec import from_builtins, pretty, read_json
from hubq.model.environment import EnvironmentStack, Hardware
from hubq.model.recipe import BASELINE
from hubq.model.result import Result
from hubq.model.suite import Engine
from hubq.model.workload import Price
from hubq.stats.rounds import Relative, Typical

RESULT_FILE = "result.json"
ENVIRONMENT_FILE = "environment.json"
_MADE = "quantize/"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A workload, or one step of a server's load, in a `bench.json`.

    Attributes:
        name, step: of the workload and of the load; `step` is empty for plain generation.
        state, why: what became of it.
        asked: tokens, pictures and load, as the recipe has them.
        prompt_tokens: of one prompt, pictures and all.
        memory: as in `hubq.bench.sitting.Memory`; none where it was not read.
        warm: the warm-up of each process.
        stopped: why there were no more rounds.
        requests, requests_failed, errors: of a server.
        rounds: what each round gave.
        quantities, relative: over the rounds.
    """

    name: str
    step: str
    state: str
    why: str
    asked: dict[str, Any] = {}
    prompt_tokens: int | None = None
    memory: dict[str, Any] | None = None
    warm: tuple[Warm, ...] = ()
    stopped: str = ""
    load_spread: float = 0.0
    requests: int | None = None
    requests_failed: int | None = None
    errors: tuple[str, ...] = ()
    rounds: tuple[Round, ...] = ()
    quantities: dict[str, Typical] = {}
    relative: dict[str, Relative] = {}

    @property
    def place(self) -> str:
        """`WORKLOAD`, or `WORKLOAD/STEP`."""
        return f"{self.name}/{self.step}" if self.step else self.name

    @property
    def primary(self) -> str:
        """The quantity that its speed is judged by: at a rate of requests, their latency."""
        if not self.step:
            return "tokens_per_second"
        return "request_rate" if self.asked.get("rate") is None else "e2e_seconds"


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """What a sitting says of one subject: a `bench.json`."""

    schema: Literal[2]
    engine: Engine
    definition: str
    position: int
    subject: Subject
    conditions: Conditions
    residency: Residency
    processes: int
    workloads: tuple[Entry, ...]
    versions: dict[str, str] = {}


class Bench(msgspec.Struct, frozen=True, kw_only=True):
    """The speed and memory of one variant on one engine.

    Attributes:
        variant: its name; `BF16` for the baseline.
        document: what the sitting says of it.
        machine: what it ran on; none where that is not known.
        packages: name -> version of what it ran in.
    """

    variant: str
    document: Document
    machine: Hardware | None = None
    packages: dict[str, str] = {}

    @property
    def engine(self) -> Engine:
        """What ran the models."""
        return self.document.engine


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a benchmark.

    Attributes:
        name: as people named it.
        benches: by variant and engine, each pair once.
        price: of the machine, as the recipe has it.
    """

    name: str
    benches: tuple[Bench, ...]
    price: Price | None = None
    schema: Literal[1] = 1


def read_run(path: Path) -> Run:
    """Return the run that a file or a folder holds.

    Raises:
        BadInput: there is none in it, it is broken, or it holds two of the same variant.
    """
    if path.is_dir():
        return make_run(str(path), tuple(_in_folder(path)))
    if path.name == FACTS:
        return make_run(str(path), (read_bench(path.parent),))
    if path.name == SITTING_FILE:
        return make_run(str(path), tuple(_of_sitting(path.parent)))
    found = read_json(path, dict[str, Any])
    if "benches" not in found:
        raise BadInput(
            f"{path}: expected {FACTS}, {SITTING_FILE}, or what hubq bench show writes",
            remedy="Keep a run: hubq bench show NAME --format json > run.json",
        )
    return from_builtins(found, Run, str(path))


def read_bench(folder: Path) -> Bench:
    """Return what lies in the folder of one variant's result.

    Raises:
        BadInput: a file is missing or broken.
    """
    found = read_json(folder / FACTS, Document)
    name = BASELINE if found.position == 0 else f"position {found.position}"
    if (folder / RESULT_FILE).is_file():
        name = read_json(folder / RESULT_FILE, Result).stage.variant or name
    return _bench(name, found, folder)


def make_run(name: str, benches: tuple[Bench, ...], price: Price | None = None) -> Run:
    """Return a run.

    Raises:
        BadInput: it has none, or a variant is in it twice on one engine.
    """
    if not benches:
        raise BadInput(
            f"{name}: no {FACTS} and no {SITTING_FILE} in it",
            remedy="Measure speed first: hubq bench run SOURCE",
        )
    pairs = [(one.variant, one.engine) for one in benches]
    twice = sorted({pair for pair in pairs if pairs.count(pair) > 1})
    if twice:
        raise BadInput(
            f"{name}: {twice[0][0]} is in it twice on {twice[0][1]}",
            remedy="Name the folder of one run.",
        )
    return Run(name=name, benches=benches, price=price)


def narrowed(run: Run, variants: Collection[str]) -> Run:
    """Return a run with some of its variants; all when none is named.

    Raises:
        BadInput: it has no such variant.
    """
    there = list(dict.fromkeys(bench.variant for bench in run.benches))
    for name in variants:
        if name not in there:
            raise BadInput(f"{run.name} has no {name}; it has: {', '.join(there)}")
    kept = tuple(one for one in run.benches if not variants or one.variant in variants)
    return msgspec.structs.replace(run, benches=kept)


def _in_folder(folder: Path) -> Iterator[Bench]:
    """Yield what a folder holds: results of variants, or else the sittings themselves."""
    found = sorted(folder.rglob(FACTS))
    if found:
        yield from (read_bench(path.parent) for path in found)
        return
    for path in sorted(folder.rglob(SITTING_FILE)):
        yield from _of_sitting(path.parent)


def _of_sitting(folder: Path) -> Iterator[Bench]:
    """Yield every subject of a sitting; the stage's settings say what it was asked."""
    stage = read_json(folder / RESULT_FILE, Result).stage
    made = [need.stage for need in stage.needs if need.stage.startswith(_MADE)]
    names = [BASELINE, *(stage_id.removeprefix(_MADE) for stage_id in made)]
    try:
        sitting, asked = read_sitting(folder), asked_of(stage.settings)
        samples = tuple(read_samples(folder))
    except (FileNotFoundError, msgspec.MsgspecError) as error:
        raise BadInput(f"{folder}: the sitting is incomplete or broken: {error}") from error
    for subject in sitting.subjects:
        told = pretty(document(sitting, samples, asked, subject.position))
        # By way of its JSON, as a file would be: a pair of pixels is a list there.
        found = msgspec.json.decode(told, type=Document)
        yield _bench(names[subject.position], found, folder)


def _bench(name: str, found: Document, folder: Path) -> Bench:
    path = folder / ENVIRONMENT_FILE
    if not path.is_file():
        return Bench(variant=name, document=found, packages=found.versions)
    stack = read_json(path, EnvironmentStack)
    packages = {package.name: package.version for package in stack.installed.packages}
    return Bench(variant=name, document=found, machine=stack.hardware, packages=packages)

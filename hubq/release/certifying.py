"""Certifying a checkpoint that anybody made: load it, look into it, compare it with its source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import msgspec

from hubq.errors import BadInput, StageFailed
from hubq.executors.local import LocalExecutor
from hubq.executors.port import Executor, WorkerJob
from hubq.hub.resolve import download, is_folder, pin_source, resolve_folder
from hubq.model.codec import pretty
from hubq.model.gap import Gap
from hubq.model.result import Collected
from hubq.model.source import Source
from hubq.model.stage import Kind, Plan, Stage
from hubq.model.suite import Engine
from hubq.quantize import certificate
from hubq.release.endpoint import Endpoint
from hubq.release.machine import Machine
from hubq.release.options import Options
from hubq.release.programs import program_digests
from hubq.release.workshop import certify_stage
from hubq.runner import Observer, Runner, View, Voice, Workshop
from hubq.store import Store
from hubq.workers.registry import worker_for

Watching = Callable[[Plan], AbstractContextManager[Observer]]
MakeExecutor = Callable[[Machine, Callable[[str], None]], Executor]
INFERENCE = "gptqmodel"
"""The environment in which checkpoints of unknown make are loaded: it has all formats' loaders."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a checkpoint is to be certified against.

    Attributes:
        source: the model it was made from, a Hub id or a folder; none to look at it alone.
        engines: what it must load in.
        max_kl: the largest mean KL divergence from the source in nats per token; none for no limit.
        min_top1: the smallest share of tokens on which both agree; none for no limit.
    """

    source: str | None = None
    engines: tuple[Engine, ...] = ("transformers",)
    max_kl: float | None = None
    min_top1: float | None = None


class Certified(msgspec.Struct, frozen=True, kw_only=True):
    """What was found.

    Attributes:
        target, source: what was looked at, with commits; no source where none was given.
        good: whether nothing was found against it.
        engines: engine -> what its certificate says: `good`, `checks`, and more where measured.
        measures: the numbers, by name: value, interval and how many items they rest on.
    """

    target: str
    source: str | None
    good: bool
    engines: dict[str, dict[str, Any]]
    measures: dict[str, dict[str, Any]] = {}


def is_checkpoint(options: Options) -> bool:
    """Return whether a SOURCE on the command line is quantized already.

    Raises:
        BadInput: it is neither a folder nor a repo with a config.json.
    """
    endpoint = Endpoint(options.hub, options.runs_dir)
    try:
        return "quantization_config" in _pinned(options.source, endpoint).config
    finally:
        endpoint.close()


def certify(
    options: Options,
    wanted: Wanted,
    watching: Watching,
    progress: Callable[[str], None],
    executor: MakeExecutor | None = None,
) -> Certified:
    """Certify one checkpoint, ours or not, with or without its source.

    Args:
        options: `source` is the checkpoint; runs folder, Hub, device and interpreters are used.
        wanted: what it is held against.
        watching: gives the observer that is told what happens.
        progress: told what is being done before the work proper.
        executor: makes what the workers run in; this machine when none is given.

    Raises:
        BadInput: the checkpoint is not quantized, or nothing is known of its format.
        StageFailed: a worker ended without a certificate.
    """
    machine = Machine(options)
    endpoint = Endpoint(options.hub, options.runs_dir)
    try:
        target = _fetched(options.source, endpoint, progress)
        source = _fetched(wanted.source, endpoint, progress) if wanted.source else None
    finally:
        endpoint.close()
    plan = _plan(target, source, wanted, machine)
    store = Store(options.runs_dir)
    make = executor or _local
    if not all(store.has(key) for key in plan.keys().values()):
        for stage in plan.stages:
            machine.environment(_environment(stage.backend), progress)
    with store.locked(f"certifying {target.name}", progress), watching(plan) as observer:
        workshop = _Workshop(machine, target, source)
        outcome = Runner(plan, store, workshop, make(machine, progress), observer).run()
    for stage_id, gap in outcome.gaps.items():
        raise _failed(stage_id, gap)
    results = {s.backend: store.load(outcome.keys[s.id]) for s in plan.stages}
    measures = {m.name: m for r in results.values() for m in r.measures}
    return Certified(
        target=target.label,
        source=source.label if source else None,
        good=not any(result.facts.get("refusal") for result in results.values()),
        engines={engine: result.facts for engine, result in results.items()},
        measures={
            name: {"value": m.value, "unit": m.unit, "n": m.n, "low": m.low, "high": m.high}
            for name, m in measures.items()
        },
    )


def _failed(stage: str, gap: Gap) -> StageFailed:
    where = f" Log: {gap.log}" if gap.log else ""
    return StageFailed(f"{stage}: {gap.reason}", remedy=f"{gap.log_tail[-2000:]}{where}".strip())


def _local(machine: Machine, progress: Callable[[str], None]) -> Executor:
    return LocalExecutor(
        lambda name: machine.environment(name, progress),
        cpu_slots=machine.cpu_slots,
        gpus=[str(index) for index in range(len(machine.gpus))],
    )


def _pinned(reference: str, endpoint: Endpoint) -> Source:
    if is_folder(reference):
        return resolve_folder(reference)
    repo = reference.partition("@")[0]
    if repo.count("/") != 1:
        raise BadInput(
            f"{reference}: neither a folder nor a Hub id",
            remedy="Give a folder, or org/name (with @revision if you like).",
        )
    return pin_source(endpoint.hub_for(repo), reference)


def _fetched(reference: str, endpoint: Endpoint, progress: Callable[[str], None]) -> Source:
    pinned = _pinned(reference, endpoint)
    if pinned.path:
        return pinned
    progress(f"downloading {pinned.label}")
    return download(endpoint.hub_for(pinned.repo or ""), pinned)


def _plan(target: Source, source: Source | None, wanted: Wanted, machine: Machine) -> Plan:
    """Return one stage for each engine; their keys hold the digests of what is compared."""
    programs = program_digests()
    settings = {
        **certificate.derive_settings(target.config),
        "name": target.name,
        "target": target.digest,
        "source": source.digest if source else None,
        "max_kl": wanted.max_kl,
        "min_top1": wanted.min_top1,
        "device": machine.device,
    }
    stages = [
        Stage(
            id=f"certify/{target.name}" + ("" if engine == "transformers" else f"/{engine}"),
            kind=Kind.CERTIFY,
            backend=engine,
            variant=target.name,
            settings=settings,
            environment=machine.environment_digest(_environment(engine)),
            program=programs[f"certify/{engine}"],
            place=machine.device,
        )
        for engine in dict.fromkeys(wanted.engines)
    ]
    return Plan(name=target.name, stages=tuple(stages))


def _environment(engine: str) -> str:
    if engine == "transformers":
        return INFERENCE
    return worker_for(Kind.CERTIFY.value, engine).environment


class _Workshop(Workshop):
    """Hands the certify stages to their workers; a refusal is what was asked for, not a failure."""

    def __init__(self, machine: Machine, target: Source, source: Source | None) -> None:
        self.machine = machine
        self.paths: Mapping[str, Path] = {"checkpoint": Path(target.path).absolute()} | (
            {"model": Path(source.path).absolute()} if source else {}
        )

    def job(self, stage: Stage, view: View, control: Path) -> WorkerJob | None:
        """Return the job that certifies the checkpoint with one engine."""
        del view
        make, _ = certify_stage(stage.backend)
        return WorkerJob(
            stage=stage.id,
            kind=stage.kind.value,
            backend=stage.backend,
            environment=_environment(stage.backend),
            role=worker_for(stage.kind.value, stage.backend).role,
            job=make(stage.settings, self.paths),
            control=control,
            device=self.machine.device,
        )

    def perform(self, stage: Stage, view: View, work: Path, voice: Voice) -> Collected:
        """Do nothing: every stage has a worker."""
        del view, work, voice
        raise AssertionError(f"{stage.id} is done by a worker")

    def collect(self, stage: Stage, work: Path, out: dict[str, Any]) -> Collected:
        """Read a certificate and keep its verdict as a fact."""
        stack = self.machine.stack(_environment(stage.backend))
        (work / "environment.json").write_text(pretty(stack), encoding="utf-8")
        _, read = certify_stage(stage.backend)
        collected = read(work, out)
        facts = {**collected.facts, "refusal": collected.refusal}
        return msgspec.structs.replace(collected, facts=facts, refusal="")

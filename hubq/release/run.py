"""Running an opened release, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import msgspec

from hubq.executors.local import LocalExecutor
from hubq.executors.port import Executor
from hubq.model.gap import Gap
from hubq.model.stage import Kind, Plan
from hubq.plan import REPORT, stage_environment
from hubq.release.materials import Materials
from hubq.release.session import Session
from hubq.release.workshop import ReleaseWorkshop, has_worker
from hubq.runner import Observer, Outcome, Runner

Watching = Callable[[Plan], AbstractContextManager[Observer]]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a run of a release came to.

    Attributes:
        ran: the stages that were run.
        cached: how many results were there already.
        gaps: stage id -> why it has no result.
        seconds: how long it took.
        urls: variant -> address of its published repo.
        report: where the family report is; empty when it was not asked for.
        exit_code: of the program.
    """

    ran: tuple[str, ...]
    cached: int
    gaps: dict[str, Gap]
    seconds: float
    urls: dict[str, str]
    report: str
    exit_code: int


def local_executor(session: Session) -> Executor:
    """Return an executor for this machine: its CPU slots and GPUs."""
    machine = session.machine
    return LocalExecutor(
        lambda name: machine.environment(name, session.progress),
        cpu_slots=machine.cpu_slots,
        gpus=[str(index) for index in range(len(machine.gpus))],
    )


def run_session(
    session: Session,
    watching: Watching,
    executor: Callable[[Session], Executor] = local_executor,
) -> Report:
    """Run what is missing of an opened release.

    Args:
        session: the release.
        watching: gives the observer that is told what happens.
        executor: makes what the workers run in.

    Raises:
        BadInput: it cannot end well; nothing was started.
        EnvironmentProblem: an environment cannot be built.
    """
    with session.store.locked(f"the release of {session.name}", session.progress):
        missing = session.missing()
        if missing:
            session.check_ready()
            materials = Materials(session)
            if any(name.startswith("generate/") for name in missing):
                materials.prepare(session.progress)
            if any(name.startswith("quantize/") for name in missing):
                materials.refuse_overlaps()
            _build_environments(session, missing)
        outcome = _run(session, watching, executor(session))
        session.save_index(outcome.keys, outcome.gaps)
    return _report(session, outcome)


def _build_environments(session: Session, missing: list[str]) -> None:
    """Build the environments that what is missing runs in, before any of it is begun."""
    stages = [stage for stage in session.plan.stages if stage.id in missing and has_worker(stage)]
    for name in sorted({stage_environment(stage, session.loaded) for stage in stages}):
        session.machine.environment(name, session.progress)


def _run(session: Session, watching: Watching, executor: Executor) -> Outcome:
    with watching(session.plan) as observer:
        workshop = ReleaseWorkshop(session)
        runner = Runner(session.plan, session.store, workshop, executor, observer)
        session.save_index(runner.keys, {})
        return runner.run()


def _report(session: Session, outcome: Outcome) -> Report:
    urls = {}
    for stage in session.plan.stages:
        if stage.kind is Kind.PUSH and stage.id in outcome.keys:
            facts = session.store.load(outcome.keys[stage.id]).facts
            urls[stage.variant] = session.endpoint.address(facts["repo"])
    report = ""
    if REPORT in outcome.keys:
        report = str(session.store.folder(outcome.keys[REPORT]) / "report.html")
    codes = {gap.exit_code for gap in outcome.gaps.values()}
    return Report(
        ran=outcome.ran,
        cached=outcome.cached,
        gaps=outcome.gaps,
        seconds=round(outcome.seconds, 1),
        urls=urls,
        report=report,
        exit_code=max(codes, default=0),
    )

"""Running an opened release, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from urllib.parse import urlsplit

import msgspec

from hubq.executors.local import LocalExecutor
from hubq.executors.port import Executor
from hubq.hub.publication.plan import Published, PublishedRepo
from hubq.model.gap import Gap
from hubq.model.stage import Plan
from hubq.plan import PUSH, REPORT, VERIFY, stage_environment
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
        urls: variant -> address of its published repo, or of its pull request.
        unchanged: the variants that were on the Hub already as they are to be.
        collection: the address of the family's collection; empty for none.
        looked: the stages that are done at every run, and found nothing to do this time.
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
    unchanged: tuple[str, ...] = ()
    collection: str = ""
    looked: tuple[str, ...] = ()

    @property
    def done(self) -> tuple[str, ...]:
        """The stages that were run and did something."""
        return tuple(name for name in self.ran if name not in self.looked)


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
    published = _published(session, outcome)
    unchanged = tuple(one.variant for one in published.repos if not one.changed)
    still = len(unchanged) == len(published.repos)
    report = ""
    if REPORT in outcome.keys:
        report = str(session.store.folder(outcome.keys[REPORT]) / "report.html")
    codes = {gap.exit_code for gap in outcome.gaps.values()}
    return Report(
        ran=outcome.ran,
        cached=outcome.cached,
        gaps=outcome.gaps,
        seconds=round(outcome.seconds, 1),
        urls={one.variant: _address(session, one) for one in published.repos},
        report=report,
        exit_code=max(codes, default=0),
        unchanged=unchanged,
        collection=_place(session, published.collection),
        looked=(PUSH, VERIFY) if published.repos and still else (),
    )


def _published(session: Session, outcome: Outcome) -> Published:
    """Return what this run found or put on the Hub."""
    if PUSH not in outcome.keys:
        return Published(id="", repos=())
    return msgspec.convert(session.store.load(outcome.keys[PUSH]).facts, Published)


def _address(session: Session, one: PublishedRepo) -> str:
    """Return where people find a variant."""
    if one.route == "pull-request":
        return _place(session, one.url)
    return session.endpoint.address(one.repo)


def _place(session: Session, url: str) -> str:
    """Return an address on the release's Hub as people keep it: an embedded Hub's port changes."""
    return session.endpoint.address(urlsplit(url).path.lstrip("/")) if url else ""

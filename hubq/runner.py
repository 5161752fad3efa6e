"""Runs a plan: what is there is taken, what is missing is made, failures stop only what needs them.

The runner knows nothing of what stages do. A `Workshop` says how each one is done, an `Executor`
runs the workers' jobs, and an `Observer` is told what happens.
"""

from __future__ import annotations

import datetime as dt
import queue
import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from hubq.errors import Infeasible as CannotBeDone
from hubq.errors import UserError
from hubq.executors.port import Ended, Executor, Progress, WorkerJob
from hubq.model import outcome as outcomes
from hubq.model.card import CellState
from hubq.model.gap import Gap
from hubq.model.outcome import Done, Failed, Infeasible, Oom, Stopped
from hubq.model.result import Collected, Result
from hubq.model.stage import Plan, Stage
from hubq.secrets import redact
from hubq.store import Store
from hubq.workers.outcomes import log_tail

Happening = Literal[
    "cached", "started", "said", "progress", "done", "failed", "infeasible", "skipped"
]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to a stage.

    Attributes:
        stage: its id.
        what: what happened.
        text: a phase, what hubq does next (`said`), or why it failed.
        done, total, unit: how far it is, for `progress`; item: of what, when not of the whole.
        seconds: how long it took, for `done` and `failed`.
    """

    stage: str
    what: Happening
    text: str = ""
    done: float = 0.0
    total: float = 0.0
    unit: str = ""
    item: str = ""
    seconds: float = 0.0


Observer = Callable[[Event], None]


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What a stage may look at: the results so far, where they are, and the gaps.

    Attributes:
        results: stage id -> result.
        folders: stage id -> the result's folder.
        gaps: stage id -> why there is no result.
    """

    results: dict[str, Result]
    folders: dict[str, Path]
    gaps: dict[str, Gap]


class Voice:
    """What a stage that hubq does itself tells people while it works.

    Args:
        stage: its id.
        observer: who is told.
    """

    def __init__(self, stage: str, observer: Observer) -> None:
        self._stage, self._observer = stage, observer

    def __call__(self, text: str) -> None:
        """Say what is done next, in a few words."""
        self._observer(Event(stage=self._stage, what="said", text=text))

    def count(self, done: float, total: float, unit: str, item: str = "") -> None:
        """Say how far it is, or an item of it: `done` of `total`, in `unit` (plural)."""
        self._observer(
            Event(stage=self._stage, what="progress", done=done, total=total, unit=unit, item=item)
        )


class Workshop(ABC):
    """How each kind of stage is done."""

    @abstractmethod
    def job(self, stage: Stage, view: View, control: Path) -> WorkerJob | None:
        """Return the job of a stage that a worker does, or none when hubq does it itself."""

    @abstractmethod
    def perform(self, stage: Stage, view: View, work: Path, voice: Voice) -> Collected:
        """Do a stage in hubq's own process, writing its files into `work`."""

    @abstractmethod
    def collect(self, stage: Stage, work: Path, out: dict[str, Any]) -> Collected:
        """Read the measures of a stage that a worker did."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a run of a plan came to.

    Attributes:
        keys: stage id -> the key of its result, gaps left out.
        gaps: stage id -> why it has no result.
        ran: the stages that were run, in the order they ended.
        cached: how many results were there already.
        seconds: how long the run took.
    """

    keys: dict[str, str]
    gaps: dict[str, Gap]
    ran: tuple[str, ...]
    cached: int
    seconds: float


class _Since:
    """When a stage began: by the clock for people, and by one that only goes forward."""

    def __init__(self) -> None:
        self.begun = time.monotonic()
        self.started = _now()
        self.stamp = self.started.replace(":", "")


class Runner:
    """Runs one plan once.

    Args:
        plan: what to run.
        store: where results are and go.
        workshop: how stages are done.
        executor: where workers run.
        observer: told what happens, always from the thread that called `run`.
    """

    def __init__(
        self,
        plan: Plan,
        store: Store,
        workshop: Workshop,
        executor: Executor,
        observer: Observer,
    ) -> None:
        self.plan, self.store, self.workshop, self.executor = plan, store, workshop, executor
        self.observer: Observer = lambda e: observer(replace(e, text=redact(e.text)))
        self.keys = plan.keys()
        self.results: dict[str, Result] = {}
        self.gaps: dict[str, Gap] = {}
        self.running: dict[str, tuple[WorkerJob, _Since]] = {}
        self.ready: dict[str, WorkerJob] = {}
        self.ran: list[str] = []
        self.phases: dict[str, str] = {}
        self._posts: queue.SimpleQueue[Progress | Ended] = queue.SimpleQueue()

    def run(self) -> Outcome:
        """Run until every stage has a result or a gap.

        Interrupted, it stops the workers and lets the interruption through; finished stages stay.
        """
        begun = time.monotonic()
        try:
            while len(self.results) + len(self.gaps) < len(self.plan.stages):
                self._advance()
                if self.running:
                    self._receive()
        finally:
            self.executor.stop()
        cached = len(self.results) - sum(name in self.results for name in self.ran)
        return Outcome(
            keys={name: self.keys[name] for name in self.results},
            gaps=dict(self.gaps),
            ran=tuple(self.ran),
            cached=cached,
            seconds=time.monotonic() - begun,
        )

    def _view(self) -> View:
        folders = {name: self.store.folder(result.key) for name, result in self.results.items()}
        return View(results=dict(self.results), folders=folders, gaps=dict(self.gaps))

    def _advance(self) -> None:
        """Settle what can be settled without waiting, then start what the executor has room for."""
        settled = True
        while settled:
            open_stages = (stage for stage in self.plan.stages if self._open(stage))
            settled = sum(self._settle(stage) for stage in open_stages) > 0
        self._start_jobs()

    def _open(self, stage: Stage) -> bool:
        """Say whether a stage has neither a result nor a gap and everything it needs is settled."""
        known = self.results.keys() | self.gaps.keys() | self.running.keys() | self.ready.keys()
        waits = any(n.stage not in self.results and n.stage not in self.gaps for n in stage.needs)
        return stage.id not in known and not waits

    def _settle(self, stage: Stage) -> bool:
        """Take a stage's result from the store, skip it, do it here, or queue its job."""
        cause = next((n.stage for n in stage.needs if n.required and n.stage in self.gaps), None)
        if cause is not None:
            self._skip(stage, cause)
            return True
        key = self.keys[stage.id]
        if self.store.has(key) and not stage.again:
            self.results[stage.id] = self.store.load(key)
            self.observer(Event(stage=stage.id, what="cached"))
            return True
        if key in {self.keys[name] for name in (*self.running, *self.ready)}:
            return False
        control = self.store.root / "work" / key
        try:
            job = self.workshop.job(stage, self._view(), control)
        except UserError as error:
            self._fail(stage, _told(error), 0.0)
            return True
        if job is None:
            self._perform(stage, key)
            return True
        self.ready[stage.id] = job
        return False

    def _skip(self, stage: Stage, cause: str) -> None:
        first = self.gaps[cause]
        reason = f"{first.because or cause}: {first.reason}"
        gap = replace(
            first,
            reason=first.reason if first.because else reason,
            because=first.because or cause,
        )
        self._mark(stage, gap)
        self.observer(Event(stage=stage.id, what="skipped", text=gap.reason))

    def _mark(self, stage: Stage, gap: Gap) -> None:
        reason = self.store.without_places(gap.reason)
        self.gaps[stage.id] = replace(gap, reason=reason).redacted()
        self.keys = self.plan.keys(
            {name: f"{known.state.value}: {known.reason}" for name, known in self.gaps.items()}
        )

    def _fail(self, stage: Stage, gap: Gap, seconds: float) -> None:
        self._mark(stage, gap)
        text = f"{gap.reason} (while: {gap.phase})" if gap.phase else gap.reason
        text += f" (log: {gap.log})" if gap.log else ""
        what: Happening = "infeasible" if gap.state is CellState.INFEASIBLE else "failed"
        self.observer(Event(stage=stage.id, what=what, text=text, seconds=seconds))

    def _perform(self, stage: Stage, key: str) -> None:
        since = _Since()
        self.observer(Event(stage=stage.id, what="started"))
        work = self.store.work(key) / "files"
        work.mkdir()
        voice = Voice(stage.id, self.observer)
        try:
            collected = self.workshop.perform(stage, self._view(), work, voice)
        except UserError as error:
            self.store.discard(key)
            self._fail(stage, _told(error), time.monotonic() - since.begun)
            return
        self._commit(stage, work, collected, since)

    def _start_jobs(self) -> None:
        """Start ready jobs while there is room; those that run alone wait for the others."""
        while self.ready:
            job = self._choose()
            if job is None:
                return
            del self.ready[job.stage]
            self.store.work(self.keys[job.stage])
            self.running[job.stage] = (job, _Since())
            self.observer(Event(stage=job.stage, what="started"))
            self.executor.start(job, self._posts.put)

    def _choose(self) -> WorkerJob | None:
        if any(job.exclusive for job, _ in self.running.values()):
            return None
        side_by_side = [job for job in self.ready.values() if not job.exclusive]
        if side_by_side:
            order = sorted(side_by_side, key=lambda job: not self.executor.prefers(job))
            return next((job for job in order if self.executor.can_take(job)), None)
        return None if self.running else next(iter(self.ready.values()))

    def _receive(self) -> None:
        """Wait for the next post and deal with it."""
        try:
            post = self._posts.get(timeout=1.0)
        except queue.Empty:
            return
        if isinstance(post, Progress):
            self._progress(post)
            return
        job, since = self.running.pop(post.stage)
        stage = self.plan.stage(post.stage)
        outcome = post.outcome
        if isinstance(outcome, Done):
            log = job.control / "log.txt"
            if log.exists():
                shutil.move(log, job.control / "files" / "log.txt")
            work = job.control / "files"
            collected = self.workshop.collect(stage, work, outcome.result)
            self._commit(stage, work, collected, since)
            return
        folder = self.store.keep_failure(self.keys[stage.id], since.stamp)
        gap = _gap(outcome, self.phases.pop(stage.id, ""), folder)
        self._fail(stage, gap, time.monotonic() - since.begun)

    def _progress(self, post: Progress) -> None:
        said = post.event
        if isinstance(said, outcomes.Progress):
            event = Event(
                stage=post.stage, what="progress", done=said.done, total=said.total, unit=said.unit
            )
            self.observer(event)
        elif isinstance(said, outcomes.Phase):
            self.phases[post.stage] = said.name
            self.observer(Event(stage=post.stage, what="progress", text=said.name))

    def _commit(self, stage: Stage, work: Path, collected: Collected, since: _Since) -> None:
        key, seconds = self.keys[stage.id], time.monotonic() - since.begun
        if collected.refusal:
            self.store.keep_failure(key, since.stamp)
            gap = Gap(state=CellState.FAILED, reason=collected.refusal, refused=True, exit_code=3)
            self._fail(stage, gap, seconds)
            return
        result = Result(
            key=key,
            stage=stage,
            inputs={need.stage: self._input(need.stage) for need in stage.needs},
            measures=collected.measures,
            files={},
            facts=collected.facts,
            started=since.started,
            ended=_now(),
            seconds=round(seconds, 3),
        )
        self.results[stage.id] = self.store.commit(work, result, replace=stage.again)
        self.store.discard(key)
        self.ran.append(stage.id)
        self.observer(Event(stage=stage.id, what="done", seconds=seconds))

    def _input(self, stage_id: str) -> str:
        gap = self.gaps.get(stage_id)
        return f"missing:{gap.state.value}: {gap.reason}" if gap else self.keys[stage_id]


def _gap(outcome: Failed | Oom | Infeasible | Stopped, phase: str, folder: Path) -> Gap:
    """Return what stands for the result of a job that ended without one.

    The runner stops workers only when it is itself leaving, so a worker that stopped while it still
    listens was stopped by somebody else.
    """
    log = folder / "log.txt"
    state, code = CellState.FAILED, 1
    match outcome:
        case Oom():
            state, reason = CellState.OOM, outcome.message
        case Infeasible():
            state, reason, code = CellState.INFEASIBLE, outcome.message, CannotBeDone.exit_code
        case Stopped():
            reason = "Stopped: the worker was asked to stop by a signal from outside"
        case Failed():
            reason = f"{outcome.error}: {outcome.message}"
    return Gap(
        state=state,
        reason=reason,
        exit_code=code,
        phase=phase,
        log=str(log),
        log_tail=log_tail(log) if isinstance(outcome, Stopped) else outcome.log_tail,
    )


def _told(error: UserError) -> Gap:
    """Return what stands for the result of a stage that could not be begun or done."""
    state = CellState.INFEASIBLE if isinstance(error, CannotBeDone) else CellState.FAILED
    return Gap(
        state=state,
        reason=error.message,
        refused=error.exit_code == 3,
        exit_code=error.exit_code,
    )


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")

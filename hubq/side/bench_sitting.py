"""Sittings: a baseline and its variants take turns until the recipe's rule says enough.

A worker brings a `Stage`, which loads models and times them; the order, the warm-up, the rounds,
the journal that outlives a kill and the files that are left are the same for all engines.

With all models loaded side by side (`together`) one step after another gets all its rounds. Else
(`in-turn`) a round loads each model in turn, and times it under every step before the next one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import batches
import bench_ledger
import bench_turns
import events
from bench_turns import Step

#: In the folder that outlives a kill: the models turned out not to fit in memory together.
CROWDED = "crowded"


class Lost(Exception):  # noqa: N818 - reads as a sentence where it is raised
    """A subject cannot be measured: under a workload, or at all when it is loaded.

    Attributes:
        state: `oom`, `timeout`, `infeasible` or `failed`.
        why: for people.
    """

    def __init__(self, state: str, why: str) -> None:
        super().__init__(why)
        self.state, self.why = state, why


class Crowded(Exception):  # noqa: N818
    """A model ran out of memory beside the others, and does not when it is alone."""


class _Again(Exception):  # noqa: N818
    """The models are to be loaded afresh."""


class Stage(Protocol):
    """What loads and times the models of an engine; all methods but `unload` may raise `Lost`."""

    def load(self, position: int) -> dict[str, Any]:
        """Load a subject's model and return facts of a `Subject` (see hubq/bench/sitting.py)."""

    def unload(self, position: int) -> None:
        """Give back all that a subject holds; nothing happens when it holds nothing."""

    def begin(self, position: int, step: Step) -> dict[str, Any]:
        """Get ready for a step, loading the model when its process has died.

        Returns:
            Facts of a `Cell`, such as `prompt_tokens`.
        """

    def warm(self, position: int, step: Step) -> float:
        """Do a run that is not counted and return its seconds."""

    def play(self, position: int, step: Step, number: int) -> dict[str, Any]:
        """Do the run of a round and return what of a `Sample` it gives: `seconds` and more.

        Rounds have numbers from 0, which go on after a kill.
        """

    def memory(self, position: int, step: Step) -> dict[str, Any] | None:
        """Return the `Memory` since `begin`."""

    def speed(self, step: Step, sample: Mapping[str, Any]) -> float:
        """Return the number that says how fast a run was, from its sample; it is above 0."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is measured.

    Attributes:
        checkpoints: by position; none where there is no model.
        steps: in order.
        warm_up: how long a subject is warmed up before its first turn of each load.
        rounds: how many there are.
        together: whether all models fit in memory at once.
    """

    checkpoints: tuple[Path | None, ...]
    steps: tuple[Step, ...]
    warm_up: bench_turns.WarmUp
    rounds: bench_turns.Rounds
    together: bool

    @classmethod
    def of(cls, job: Mapping[str, Any], steps: Sequence[Step], *, together: bool) -> Plan:
        """Return the plan of a job: its `checkpoints`, `warm_up` and `rounds`."""
        return cls(
            checkpoints=tuple(path and Path(path) for path in job["checkpoints"]),
            steps=tuple(steps),
            warm_up=bench_turns.WarmUp.of(job["warm_up"]),
            rounds=bench_turns.Rounds.of(job["rounds"]),
            together=together,
        )


def crowded(job: Mapping[str, Any]) -> bool:
    """Return whether a job's models have turned out not to fit in memory together."""
    return (Path(job["partial"]) / CROWDED).exists()


def hold(
    job: Mapping[str, Any],
    steps: Sequence[Step],
    stage: Stage,
    *,
    together: bool,
    busy: Callable[[], Sequence[str]] = tuple,
) -> bench_ledger.Ledger:
    """Measure all that a job asks for, taking up what an earlier run of it has finished.

    Args:
        job: `checkpoints`, `warm_up`, `rounds`, `partial`, and all that decides the figures.
        steps: in the order in which they are measured.
        stage: loads and times.
        together: whether all models are expected to fit in memory at once.
        busy: says why the machine is not quiet; asked after each round.

    Raises:
        events.Stop: a stop was asked for; finished rounds are kept.
    """
    partial = Path(job["partial"])
    partial.mkdir(parents=True, exist_ok=True)
    asked = {name: value for name, value in job.items() if name != "partial"}
    for attempt in (together and not crowded(job), False):
        plan = Plan.of(job, steps, together=attempt)
        digest = batches.digest(asked, attempt)
        with batches.Journal(partial, digest) as journal:
            try:
                return Sitting(plan, stage, journal, busy).run()
            except Crowded:
                (partial / CROWDED).touch()
    raise AssertionError("models that are loaded one at a time do not crowd each other")


class Sitting:
    """A sitting that is under way.

    Args:
        plan: what is measured.
        stage: loads and times.
        journal: keeps what rounds gave; what an earlier run has left there is taken up.
        busy: says why the machine is not quiet.
    """

    def __init__(
        self,
        plan: Plan,
        stage: Stage,
        journal: batches.Journal,
        busy: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        self._plan, self._stage, self._journal, self._busy = plan, stage, journal, busy
        self._pending: list[dict[str, Any]] = []
        self._loaded: set[int] = set()
        self.ledger = bench_ledger.Ledger(together=plan.together)
        for number in sorted(journal.done):
            for entry in journal.done[number]:
                self.ledger.add(entry)
        self.ledger.begin_run()
        self._began = time.monotonic() - self.ledger.seconds

    def run(self) -> bench_ledger.Ledger:
        """Measure until every step has its rounds; return what was found."""
        for position, path in enumerate(self._plan.checkpoints):
            if path is None:
                self._lose(position, Lost("failed", "no checkpoint"))
        try:
            process = self.ledger.processes
            self._say_progress()
            while self._open():
                try:
                    self._together(process) if self._plan.together else self._in_turn(process)
                except _Again:
                    self._forget()
                self._unload()
                process = self.ledger.processes
        finally:
            self._unload()
        total = len(self._plan.steps) * self._plan.rounds.most
        events.progress(total, total, "rounds")
        return self.ledger

    # --- which steps and subjects are left --------------------------------------------------------

    def _open(self) -> list[Step]:
        """Return the steps that need more rounds."""
        left = []
        for step in self._plan.steps:
            alive = self._alive(step.workload)
            if not alive:
                continue
            speeds = self.ledger.speeds(step, alive, self._stage.speed)
            count = self.ledger.count(step)
            stopped = self._plan.rounds.stopped(count, speeds) if count else None
            if stopped:
                self.ledger.stopped[step.key] = stopped
            else:
                left.append(step)
        return left

    def _alive(self, workload: str) -> list[int]:
        positions = range(len(self._plan.checkpoints))
        return [at for at in positions if not self.ledger.lost(at, workload)]

    # --- all models side by side ------------------------------------------------------------------

    def _together(self, process: int) -> None:
        events.phase("load")
        steps = self._open()
        for position in self._positions(steps):
            self._load(position)
        for step in steps:
            self._step(step, process)

    def _step(self, step: Step, process: int) -> None:
        events.phase(f"workload {step.key}")
        for position in self._alive(step.workload):
            self._attempt(position, step, self._warm)
        rounds, first = self._plan.rounds, self.ledger.count(step)
        while step in self._open():
            if rounds.processes > 1 and self.ledger.count(step) - first >= rounds.share:
                break
            alive, turn = self._alive(step.workload), self.ledger.count(step)
            for place, at in enumerate(bench_turns.order(len(alive), turn)):
                self._attempt(alive[at], step, lambda *a, p=place: self._play(*a, p, process))
            self._commit([step])

    # --- one model at a time ----------------------------------------------------------------------

    def _in_turn(self, process: int) -> None:
        steps = self._open()
        positions = self._positions(steps)
        for place, at in enumerate(bench_turns.order(len(positions), process)):
            position = positions[at]
            events.phase("load")
            for step in steps if self._load(position) else ():
                if self.ledger.lost(position, step.workload):
                    continue
                events.phase(f"workload {step.key}")
                if self._attempt(position, step, self._warm):
                    self._attempt(position, step, lambda *a, p=place: self._play(*a, p, process))
            self._unload()
        self._commit(steps)

    # --- a subject's turn -------------------------------------------------------------------------

    def _positions(self, steps: Sequence[Step]) -> list[int]:
        return sorted({at for step in steps for at in self._alive(step.workload)})

    def _load(self, position: int) -> bool:
        try:
            self._loaded.add(position)
            facts = self._stage.load(position)
        except Lost as lost:
            self._give_up(position, None, lost)
            return False
        self._keep("subject", position=position, facts=facts)
        return True

    def _warm(self, position: int, step: Step) -> None:
        facts = self._stage.begin(position, step)
        rule, seconds = self._plan.warm_up, []
        while not rule.enough(seconds):
            events.check()
            seconds.append(self._stage.warm(position, step))
        self._keep("cell", position=position, workload=step.workload, facts=facts)
        warm = {"seconds": seconds, "settled": rule.settled(seconds)}
        self._keep("warm", position=position, workload=step.workload, warm=warm)

    def _play(self, position: int, step: Step, place: int, process: int) -> None:
        events.check()
        at, number = time.monotonic() - self._began, self.ledger.count(step)
        found = self._stage.play(position, step, number)
        where = {"workload": step.workload, "step": step.step, "position": position}
        when = {"round": number, "process": process, "order": place, "at": at}
        self._keep("sample", sample={**where, **when, **found})
        if (memory := self._stage.memory(position, step)) is not None:
            self._keep("memory", position=position, workload=step.workload, memory=memory)

    def _attempt(self, position: int, step: Step, act: Callable[[int, Step], None]) -> bool:
        if self.ledger.lost(position, step.workload):
            return False
        try:
            act(position, step)
        except Lost as lost:
            self._give_up(position, step, lost)
            return False
        return True

    def _give_up(self, position: int, step: Step | None, lost: Lost) -> None:
        """Note that a subject is lost, once it is sure that the others are not the reason.

        Raises:
            Crowded: they are.
            _Again: they were unloaded to find out.
        """
        others = lost.state == "oom" and len(self._loaded) > 1
        if others:
            self._unload()
            if self._fits_alone(position, step):
                raise Crowded
        self._lose(position, lost, step)
        if others:
            raise _Again

    def _fits_alone(self, position: int, step: Step | None) -> bool:
        try:
            self._loaded.add(position)
            self._stage.load(position)
            if step is not None:
                self._stage.begin(position, step)
                self._stage.warm(position, step)
        except Lost:
            return False
        finally:
            self._unload()
        return True

    def _unload(self) -> None:
        while self._loaded:
            self._stage.unload(self._loaded.pop())

    # --- what is kept -----------------------------------------------------------------------------

    def _lose(self, position: int, lost: Lost, step: Step | None = None) -> None:
        workload = step.workload if step else None
        said = {"state": lost.state, "why": lost.why}
        self._keep("lost", position=position, workload=workload, **said)

    def _keep(self, what: str, **fields: Any) -> None:
        entry = {"what": what, **fields}
        self.ledger.add(entry)
        self._pending.append(entry)

    def _forget(self) -> None:
        """Drop the runs of a round that will not be finished."""
        self.ledger.forget_unfinished()
        self._pending = [entry for entry in self._pending if entry["what"] != "sample"]

    def _commit(self, steps: Sequence[Step]) -> None:
        """Put a round on the disk."""
        for step in steps:
            self._keep("round", key=step.key)
        self._keep("busy", run=self.ledger.run, busy=list(self._busy()))
        self._journal.commit(len(self._journal.done), self._pending)
        self._pending.clear()
        self._say_progress()

    def _say_progress(self) -> None:
        """Say how many rounds there were, of the most that there may be."""
        most, ledger = self._plan.rounds.most, self.ledger
        done = [
            most if step.key in ledger.stopped else ledger.count(step) for step in self._plan.steps
        ]
        events.progress(sum(done), len(done) * most, "rounds")

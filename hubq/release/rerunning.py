"""Evaluating a published variant again: the same questions, the same settings, this machine.

Some questions of each task are answered once more by the very checkpoint that is published, marked
by hubq's own rules, and held against the published samples. A model that runs elsewhere, or in
other batches, answers some questions in other words; so scores may differ as far as chance goes,
while questions, and what published answers are worth, must be the same.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from hubq.errors import BadInput, StageFailed
from hubq.evaluate import generation, items, scoring
from hubq.evaluate.marking import rules_of
from hubq.executors.local import LocalExecutor
from hubq.executors.port import Executor, WorkerJob
from hubq.hub.resolve import download, pin_source, resolve_folder
from hubq.model.codec import pretty
from hubq.model.result import Collected
from hubq.model.source import Source, split_reference
from hubq.model.stage import Kind, Plan, Stage
from hubq.release.certifying import MakeExecutor, Watching
from hubq.release.endpoint import Endpoint
from hubq.release.machine import Machine
from hubq.release.options import Options
from hubq.release.programs import program_digests
from hubq.release.rerun_comparing import (
    LEVEL,
    Compared,
    Differing,
    TaskRerun,
    chance,
    check_keys,
    check_marks,
    compare,
    lines,
)
from hubq.release.rerun_drawing import Drawing, Drawn
from hubq.release.rerun_tasks import Published, Task, read_published
from hubq.runner import Outcome, Runner, View, Voice, Workshop
from hubq.store import Store
from hubq.verify.place import Place, open_place
from hubq.workers.registry import worker_for


class Rerun(msgspec.Struct, frozen=True, kw_only=True):
    """What came of evaluating a published variant again.

    Attributes:
        label: what was looked at: `org/name@1a2b3c4`, or the folder.
        variant: its name.
        agrees: whether questions and marks are as published, and the scores as far as chance goes.
        n: how many questions were answered again.
        p: how often chance alone makes scores differ as much as these do.
        tasks: what came of each.
        skipped: task -> why it was not asked.
        differing: every question that differs in anything.
        remarks: what is not as it was when the variant was published, one line each.
    """

    label: str
    variant: str
    agrees: bool
    n: int
    p: float
    tasks: tuple[TaskRerun, ...]
    skipped: dict[str, str] = {}
    differing: tuple[Differing, ...] = ()
    remarks: tuple[str, ...] = ()


def rerun(
    options: Options,
    count: int,
    watching: Watching,
    progress: Callable[[str], None],
    executor: MakeExecutor | None = None,
    *,
    seed: int = 0,
) -> Rerun:
    """Evaluate some questions of a published variant again.

    Args:
        options: `source` is the variant: a repo (`org/name`, `org/name@revision`) or a folder with
            its files; runs folder, Hub, data folder, device and interpreters are used.
        count: how many questions, spread evenly over the tasks; all of them where there are fewer.
        watching: gives the observer that is told what happens.
        progress: told what is being done before the work proper.
        executor: makes what the workers run in; this machine when none is given.
        seed: of the draw; the same seed draws the same questions.

    Raises:
        BadInput: there is no such place, it carries no samples, or nothing of it can be asked here.
        StageFailed: the model answered nothing.
    """
    if count < 1:
        raise BadInput(f"--rerun {count}: expected at least one question")
    machine, store = Machine(options), Store(options.runs_dir)
    endpoint = Endpoint(options.hub, options.runs_dir)
    try:
        repo = split_reference(options.source)[0]
        place = open_place(options.source, lambda: endpoint.hub_for(repo))
        published = read_published(place)
        pinned = _pinned(place, options, endpoint)
        drawn, skipped = Drawing(options, published, store, endpoint, progress).draw(count, seed)
        for name in sorted({published.environment(one.task.backend) for one in drawn}):
            machine.environment(name, progress)
        checkpoint = _downloaded(pinned, place, endpoint, progress)
    finally:
        endpoint.close()
    again = _Again(published, machine)
    plan = again.plan(drawn, checkpoint, seed)
    make = executor or _one_process
    with store.locked(f"evaluating {published.label} again", progress), watching(plan) as observer:
        workshop = _Workshop(machine, published, drawn, Path(checkpoint.path), store)
        outcome = Runner(plan, store, workshop, make(machine, progress), observer).run()
    return again.report(store, drawn, skipped, outcome)


def describe(found: Rerun) -> tuple[str, ...]:
    """Return what came of it, for people, one line each."""
    verdict = "agrees" if found.agrees else "DISAGREES"
    of = sum(task.of for task in found.tasks)
    told = [f"{found.label}: {found.n} of {of} questions evaluated again: {verdict}"]
    for task in found.tasks:
        words = "answers not published" if task.words is None else f"{task.words} word for word"
        told.append(
            f"  {task.task}: {task.n} questions, {task.prompts} asked the same, {words}, "
            f"{task.scores} with the same score "
            f"({100 * task.published:.2f} published, {100 * task.again:.2f} now)"
        )
    worded = [task for task in found.tasks if task.words is not None]
    asked, same = sum(task.n for task in worded), sum(task.words or 0 for task in worded)
    if asked:
        told.append(f"  answers word for word the same: {same} of {asked} ({same / asked:.0%})")
    told.append(f"  chance alone makes scores differ as much with p = {found.p:.3g}")
    told += [f"  {line}" for line in lines(found.differing)]
    told += [f"  not asked: {name}: {why}" for name, why in sorted(found.skipped.items())]
    return (*told, *(f"  {remark}" for remark in found.remarks))


class _Again:
    """One variant evaluated again: the plan, and the report.

    Args:
        published: the variant.
        machine: what it is run on.
    """

    def __init__(self, published: Published, machine: Machine) -> None:
        self.published, self.machine = published, machine

    def plan(self, drawn: list[Drawn], checkpoint: Source, seed: int) -> Plan:
        """Return a stage for each task; each is done anew at every call."""
        programs, device = program_digests(), self.machine.device
        stages = [
            Stage(
                id=_stage_id(self.published, one.task),
                kind=Kind.GENERATE,
                backend=one.task.backend,
                variant=self.published.variant,
                task=one.task.name,
                settings={
                    **one.task.settings,
                    "device": device,
                    "checkpoint": checkpoint.digest,
                    "drawn": one.count,
                    "seed": seed,
                },
                environment=self.machine.environment_digest(
                    self.published.environment(one.task.backend)
                ),
                program=programs[f"{Kind.GENERATE.value}/{one.task.backend}"],
                place=device,
                again=True,
            )
            for one in drawn
        ]
        return Plan(name=f"{self.published.variant} again", stages=tuple(stages))

    def report(
        self, store: Store, drawn: list[Drawn], skipped: dict[str, str], outcome: Outcome
    ) -> Rerun:
        """Return how the new answers compare with the published ones.

        Raises:
            StageFailed: there are none.
        """
        compared: list[Compared] = []
        differing: list[Differing] = []
        remarks = self._remarks(drawn)
        for one in drawn:
            stage = _stage_id(self.published, one.task)
            if stage in outcome.gaps:
                skipped[one.task.name] = outcome.gaps[stage].reason
                continue
            found = _compare(one, store.folder(outcome.keys[stage]))
            compared.append(found)
            checked, remark = _check(one)
            differing += [*checked, *found.differing]
            remarks += [remark] if remark else []
        if not compared:
            first, why = next(iter(sorted(skipped.items())))
            raise StageFailed(f"{self.published.label}: the model answered nothing: {first}: {why}")
        p = chance(compared)
        return Rerun(
            label=self.published.label,
            variant=self.published.variant,
            agrees=p >= LEVEL and not any(one.wrong for one in differing),
            n=sum(one.task.n for one in compared),
            p=p,
            tasks=tuple(one.task for one in compared),
            skipped=skipped,
            differing=tuple(differing),
            remarks=tuple(remarks),
        )

    def _remarks(self, drawn: list[Drawn]) -> list[str]:
        """Return what is not as it was when the variant was published."""
        found: dict[str, None] = {}
        for one in drawn:
            name = self.published.environment(one.task.backend)
            here = self.machine.environment_digest(name)
            if here != one.task.environment:
                said = f"{here[:12]} here, {one.task.environment[:12]} when published"
                found[f"environment {name} is another one: {said}"] = None
            device = one.task.settings.get("device")
            if device != self.machine.device:
                found[f"run on {self.machine.device}, published from {device}"] = None
        return list(found)


def _check(one: Drawn) -> tuple[list[Differing], str]:
    """Return what is wrong with a task's published samples, and what is to be known of it.

    Scores that another version of hubq gave may be others by its rules; that is said, and no more.
    """
    task, asked = one.task, items.read_items(one.whole)
    found = list(check_keys(task.name, asked, task.samples))
    if not task.worded:
        return found, f"{task.name}: its answers are not published, only their scores"
    marks = list(check_marks(task.name, rules_of(_rules(task)), asked, task.samples))
    if task.scoring == program_digests()["score/hubq"]:
        return found + marks, ""
    if not marks:
        return found, ""
    return found, (
        f"{task.name}: {len(marks)} published answers are worth something else by the rules of "
        "this hubq, which are not those of the one that published them"
    )


def _compare(one: Drawn, generated: Path) -> Compared:
    """Return how the new answers of a task compare with the published ones."""
    rules = rules_of(_rules(one.task))
    asked = items.read_items(one.part)
    records = generation.read_records(generated / generation.RECORDS)
    again = scoring.score_all(rules, asked, records)
    return compare(one.task.name, one.task.samples, again, worded=one.task.worded)


def _rules(task: Task) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(task.spec)
    return plain


def _stage_id(published: Published, task: Task) -> str:
    return f"{Kind.GENERATE.value}/{published.variant}/{task.name}/again"


def _pinned(place: Place, options: Options, endpoint: Endpoint) -> Source:
    """Return the published checkpoint, whole; of a repo nothing large is fetched yet."""
    if not place.repo:
        return resolve_folder(options.source)
    return pin_source(endpoint.hub_for(place.repo), f"{place.repo}@{place.commit}")


def _downloaded(
    pinned: Source, place: Place, endpoint: Endpoint, progress: Callable[[str], None]
) -> Source:
    """Return a checkpoint with its files on this machine."""
    if pinned.path:
        return pinned
    progress(f"downloading {place.label}")
    return download(endpoint.hub_for(place.repo), pinned)


def _one_process(machine: Machine, progress: Callable[[str], None]) -> Executor:
    """Return an executor that has one slot, so that one process answers every task in turn."""
    return LocalExecutor(
        lambda name: machine.environment(name, progress),
        cpu_slots=1,
        gpus=[str(index) for index in range(len(machine.gpus))][:1],
    )


class _Workshop(Workshop):
    """Hands the drawn questions to the engine's worker."""

    def __init__(
        self,
        machine: Machine,
        published: Published,
        drawn: list[Drawn],
        checkpoint: Path,
        store: Store,
    ) -> None:
        self.machine, self.published, self.store = machine, published, store
        self.checkpoint = checkpoint.absolute()
        self.items = {one.task.name: one.part.absolute() for one in drawn}

    def job(self, stage: Stage, view: View, control: Path) -> WorkerJob | None:
        """Return the job that answers the questions of a task."""
        del view
        script = worker_for(stage.kind.value, stage.backend)
        paths = {
            "checkpoint": self.checkpoint,
            "items": self.items[stage.task],
            "partial": self.store.partial(control.name).absolute(),
        }
        return WorkerJob(
            stage=stage.id,
            kind=stage.kind.value,
            backend=stage.backend,
            environment=self.published.environment(stage.backend),
            role=script.role,
            job=generation.job(stage.settings, paths),
            control=control,
            device=self.machine.device,
        )

    def perform(self, stage: Stage, view: View, work: Path, voice: Voice) -> Collected:
        """Do nothing: every stage has a worker."""
        del view, work, voice
        raise AssertionError(f"{stage.id} is done by a worker")

    def collect(self, stage: Stage, work: Path, out: dict[str, Any]) -> Collected:
        """Read the answers, and describe where they were given."""
        stack = self.machine.stack(self.published.environment(stage.backend))
        (work / "environment.json").write_text(pretty(stack), encoding="utf-8")
        return generation.collect(work, out)

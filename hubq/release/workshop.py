"""How each kind of stage of a release is done: the table that ties stages to the packages."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from hubq.bench import job as sitting
from hubq.bench import measures
from hubq.bench.asked import asked_of
from hubq.cards.family import ENVIRONMENT_FILE
from hubq.evaluate import fidelity, generation, harness, scoring
from hubq.executors.port import WorkerJob
from hubq.hub.resolve import download
from hubq.model.codec import pretty
from hubq.model.recipe import BASELINE
from hubq.model.result import Collected
from hubq.model.source import Source
from hubq.model.stage import Kind, Stage
from hubq.model.suite import FIDELITY, HARNESSES
from hubq.plan import stage_environment
from hubq.quantize import certificate, engine_certificate, quantization
from hubq.release import carding, publishing, snippets
from hubq.release.materials import Materials
from hubq.release.session import Session
from hubq.release.verifying import verify_family
from hubq.runner import View, Voice, Workshop
from hubq.workers.registry import worker_for

Job = Callable[[Mapping[str, Any], Mapping[str, Path]], dict[str, Any]]
Collect = Callable[[Path, Mapping[str, Any]], Collected]

WORKER_STAGES: dict[Kind, tuple[Job, Collect]] = {
    Kind.QUANTIZE: (quantization.job, quantization.collect),
    Kind.CERTIFY: (certificate.job, certificate.collect),
    Kind.GENERATE: (generation.job, generation.collect),
}
"""What a worker does: how its job is written and how its files are read."""

_EITHER = frozenset({Kind.CARD, Kind.BENCH})
"""Kinds of which a worker does some stages and hubq's own process the others."""


def certify_stage(engine: str) -> tuple[Job, Collect]:
    """Return how the job of an engine's certify stage is written and how its files are read."""
    if engine == "vllm":
        return engine_certificate.job, engine_certificate.collect
    return certificate.job, certificate.collect


def has_worker(stage: Stage) -> bool:
    """Say whether a worker does a stage: sittings, and those that run a card's snippets, too."""
    return stage.kind in WORKER_STAGES or (stage.kind in _EITHER and stage.backend != "hubq")


def _worker_stage(stage: Stage) -> tuple[Job, Collect]:
    if stage.kind is Kind.CERTIFY:
        return certify_stage(stage.backend)
    if stage.backend == FIDELITY:
        return fidelity.job, fidelity.collect
    if stage.kind is Kind.GENERATE and stage.backend in HARNESSES:
        return harness.job, harness.collect
    return WORKER_STAGES[stage.kind]


CHECKPOINT = "checkpoint"
"""The folder in a quantize result that is published."""


class ReleaseWorkshop(Workshop):
    """Does the stages of one release.

    Args:
        session: the release, opened.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.store = session.store
        self.materials = Materials(session)
        self._source: Source | None = session.source if session.source.path else None

    def job(self, stage: Stage, view: View, control: Path) -> WorkerJob | None:
        """Return the job of a stage that a worker does, or none when hubq does it itself."""
        if not has_worker(stage):
            return None
        script = worker_for(stage.kind.value, stage.backend)
        return WorkerJob(
            stage=stage.id,
            kind=stage.kind.value,
            backend=stage.backend,
            environment=stage_environment(stage, self.session.loaded),
            role=script.role,
            job=self._job(stage, view, control),
            control=control,
            exclusive=stage.exclusive,
            device=self.session.machine.device,
        )

    def _job(self, stage: Stage, view: View, control: Path) -> dict[str, Any]:
        """Return what the worker of a stage finds in job.json."""
        if stage.kind is Kind.CARD:
            return carding.snippet_job(self.session, stage, view)
        if stage.kind is Kind.BENCH:
            partial = self.store.partial(control.name).absolute()
            return sitting.job(stage.settings, self._checkpoints(view), partial)
        make_job, _ = _worker_stage(stage)
        return make_job(self._settings(stage), self._paths(stage, view, control))

    def collect(self, stage: Stage, work: Path, out: dict[str, Any]) -> Collected:
        """Read the measures of a stage that a worker did, and describe where it ran."""
        name = stage_environment(stage, self.session.loaded)
        stack = self.session.machine.stack(name)
        (work / ENVIRONMENT_FILE).write_text(pretty(stack), encoding="utf-8")
        if stage.kind is Kind.CARD:
            return snippets.collect(work, out)
        if stage.kind is Kind.BENCH:
            return sitting.collect(work, out)
        _, read = _worker_stage(stage)
        return read(work, out)

    def perform(self, stage: Stage, view: View, work: Path, voice: Voice) -> Collected:
        """Do a stage in hubq's own process."""
        match stage.kind:
            case Kind.RESOLVE:
                return self._resolve(work, voice)
            case Kind.SCORE:
                return self._score(stage, view.folders[stage.needs[0].stage], work)
            case Kind.BENCH:
                return self._measure(stage, view, work)
            case Kind.CARD:
                return carding.render(self.session, stage, view, work)
            case Kind.PUSH:
                return publishing.publish(self.session, stage, view, work, voice)
            case Kind.VERIFY:
                return verify_family(self.session, view, work, voice)
            case _:
                raise AssertionError(f"{stage.kind} is done by a worker")

    def _score(self, stage: Stage, generated: Path, work: Path) -> Collected:
        """Score the answers of a generate stage; it knows what was generated with."""
        if stage.task == FIDELITY:
            return fidelity.score(generated, work)
        if stage.settings["task"]["harness"] in HARNESSES:
            return harness.score(stage.settings, generated, work)
        items = self.materials.items(stage.task, stage.settings.get("part"))
        cache = self.store.partial(work.parent.name)
        return scoring.score(self._settings(stage), items, generated, work, cache=cache)

    def _measure(self, stage: Stage, view: View, work: Path) -> Collected:
        """Work out what a sitting says of one variant; what it ran in is said beside it."""
        needed = stage.needs[0].stage
        folder, asked = view.folders[needed], asked_of(view.results[needed].stage.settings)
        shutil.copyfile(folder / ENVIRONMENT_FILE, work / ENVIRONMENT_FILE)
        return measures.measure(folder, asked, stage.settings["position"], work)

    def _checkpoints(self, view: View) -> list[Path | None]:
        """Return where the baseline and each variant lies; none for those that were not made."""
        variants = self.session.loaded.recipe.variants
        folders = [view.folders.get(f"quantize/{variant.name}") for variant in variants]
        made = [None if folder is None else (folder / CHECKPOINT).absolute() for folder in folders]
        return [Path(self.source().path).absolute(), *made]

    def _settings(self, stage: Stage) -> dict[str, Any]:
        """Return a stage's settings with what is known here alone: where judge and folders are."""
        spec = next((t for t in self.session.loaded.suite.tasks if t.name == stage.task), None)
        if spec is None or not isinstance(stage.settings.get("task"), dict):
            return stage.settings
        task = dict(stage.settings["task"])
        if task.get("judge") is not None:
            task["judge"] = msgspec.to_builtins(spec.judge)
        folders = self.session.inputs.folders_of[spec.name]
        if folders:
            places = {name: str(path.absolute()) for name, path in folders.items()}
            task["harness_options"] = {**task["harness_options"], **places}
        return {**stage.settings, "task": task}

    def _resolve(self, work: Path, say: Callable[[str], None]) -> Collected:
        source = self.source(say)
        # It is published: neither a folder nor a mirror's address is anybody's business.
        bare = msgspec.structs.replace(source, path="", endpoint=None)
        plain: dict[str, Any] = msgspec.to_builtins(bare)
        (work / "source.json").write_text(pretty(plain), encoding="utf-8")
        return Collected(facts={"source": plain})

    def source(self, say: Callable[[str], None] = lambda _: None) -> Source:
        """Return the source with its files on this machine, downloaded when they are not."""
        if self._source is None:
            pinned = self.session.source
            say(f"downloading {pinned.label}")
            hub = self.session.endpoint.hub_for(pinned.repo or "")
            self._source = download(hub, pinned)
        return self._source

    def _paths(self, stage: Stage, view: View, control: Path) -> dict[str, Path]:
        """Return where a worker finds what its stage needs."""
        model = Path(self.source().path)
        checkpoint = model
        if stage.variant != BASELINE and stage.kind is not Kind.QUANTIZE:
            checkpoint = view.folders[f"quantize/{stage.variant}"] / CHECKPOINT
        paths = {"model": model, "checkpoint": checkpoint}
        if stage.kind is Kind.QUANTIZE:
            paths["calibration"] = self.materials.calibration(stage.variant)
        if stage.kind is Kind.GENERATE:
            paths |= {**self._asked(stage), "partial": self.store.partial(control.name)}
        if stage.kind is Kind.CERTIFY:
            paths["quantize"] = view.folders[f"quantize/{stage.variant}"] / quantization.RECORD
            paths |= {f"items/{name}": self.materials.items(name) for name in self.materials.tasks}
        return {name: path.absolute() for name, path in paths.items()}

    def _asked(self, stage: Stage) -> dict[str, Path]:
        """Return where a generate stage's worker finds what it asks."""
        known, suite = self.session.inputs.paths, self.session.loaded.suite
        if stage.backend == FIDELITY:
            text = self.materials.text()
            return {"items": self.materials.fidelity()} | ({"text": text} if text else {})
        if stage.backend in HARNESSES:
            file = next(task.file for task in suite.tasks if task.name == stage.task)
            return {"data": known[file]} if file else {}
        return {"items": self.materials.items(stage.task, stage.settings.get("part"))}

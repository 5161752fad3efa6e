"""What of a published variant can be evaluated again: its tasks, their files, their settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from hubq.errors import BadInput
from hubq.evaluate import files
from hubq.evaluate.fetching import Progress
from hubq.evaluate.samples import SAMPLES, Sample
from hubq.hub.port import Hub
from hubq.model.card import EVIDENCE_FILE, Evidence
from hubq.model.codec import from_builtins
from hubq.model.evidence import SHORT_SAMPLES, variant_archive
from hubq.model.recipe import Recipe
from hubq.model.stage import Kind
from hubq.model.suite import FIDELITY, HUBQ, TaskSpec
from hubq.quantize import datasets
from hubq.resources import bundled
from hubq.verify.archives import unpack
from hubq.verify.dossier import read_evidence
from hubq.verify.place import Place
from hubq.workers.registry import worker_for


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A published task that hubq's own runner asked.

    Attributes:
        spec: as the suite says it.
        backend: the engine that answered.
        settings: of the generate stage.
        environment: the digest of what it ran in.
        scoring: the digest of the program that scored the answers.
        samples: as published.
        worded: whether the answers themselves are published.
    """

    spec: TaskSpec
    backend: str
    settings: dict[str, Any]
    environment: str
    scoring: str
    samples: tuple[Sample, ...]
    worded: bool = True

    @property
    def name(self) -> str:
        """Its name."""
        return self.spec.name


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """A published variant, as far as it can be evaluated again.

    Attributes:
        label: of the place.
        repo, commit: empty for a folder.
        variant: its name.
        inference: the name of the environment in which it was evaluated.
        tasks: what can be asked again.
        skipped: task -> why it cannot.
    """

    label: str
    repo: str
    commit: str
    variant: str
    inference: str
    tasks: tuple[Task, ...]
    skipped: dict[str, str]

    def environment(self, backend: str) -> str:
        """Return the name of the environment in which an engine answers."""
        if backend == "transformers":
            return self.inference
        return worker_for(Kind.GENERATE.value, backend).environment


def read_published(place: Place) -> Published:
    """Read what was evaluated of a published variant; its weights are not looked at.

    Raises:
        BadInput: there is no evidence, or none of its samples.
    """
    evidence = read_evidence(place)
    archive = variant_archive(evidence.variant)
    if archive not in place.listing():
        raise BadInput(
            f"{place.label}: no {archive}: nothing says how {evidence.variant} answered",
            remedy="Only releases that carry their samples can be evaluated again.",
        )
    unpacked = unpack(archive, place.read(archive))
    reader = _Reader(evidence, unpacked.files)
    tasks, skipped = reader.tasks()
    if not tasks and not skipped:
        raise BadInput(f"{place.label}: {archive} holds no answers of {evidence.variant}")
    return Published(
        label=place.label,
        repo=place.repo,
        commit=place.commit,
        variant=evidence.variant,
        inference=str(evidence.recipe.get("inference") or _DEFAULT_INFERENCE),
        tasks=tuple(tasks),
        skipped=skipped,
    )


_DEFAULT_INFERENCE = next(
    str(field.default) for field in msgspec.structs.fields(Recipe) if field.name == "inference"
)


class _Entry(msgspec.Struct, frozen=True):
    """What `hubq.json` says of a result, as far as it is looked at."""

    stage: str
    backend: str = ""
    environment: str = ""
    program: str = ""
    settings: dict[str, Any] = {}


class _Reader:
    """Reads the tasks of one variant.

    Args:
        evidence: its `hubq.json`.
        entries: the files of its archive.
    """

    def __init__(self, evidence: Evidence, entries: Mapping[str, bytes]) -> None:
        self.variant, self.entries = evidence.variant, entries
        results = from_builtins(evidence.results, dict[str, _Entry], f"{EVIDENCE_FILE}: results")
        self.stages = {entry.stage: entry for entry in results.values()}
        suite = evidence.recipe.get("suite")
        listed = suite.get("tasks", []) if isinstance(suite, dict) else []
        told = from_builtins(listed, list[dict[str, Any]], f"{EVIDENCE_FILE}: recipe.suite.tasks")
        self.specs = {one.get("name"): one for one in told}

    def tasks(self) -> tuple[list[Task], dict[str, str]]:
        """Return what can be asked again, and task -> why not for the rest."""
        found, skipped = [], {}
        prefix = f"{Kind.GENERATE.value}/{self.variant}/"
        names = [stage.removeprefix(prefix) for stage in self.stages if stage.startswith(prefix)]
        for name in sorted(name for name in names if "/" not in name and name != FIDELITY):
            try:
                found.append(self._task(name))
            except BadInput as error:
                skipped[name] = error.message
        return found, skipped

    def _task(self, name: str) -> Task:
        """Return one task.

        Raises:
            BadInput: it cannot be asked again; says why.
        """
        entry = self.stages[f"{Kind.GENERATE.value}/{self.variant}/{name}"]
        scored = self.stages.get(f"{Kind.SCORE.value}/{self.variant}/{name}")
        if name not in self.specs:
            raise BadInput(f"{EVIDENCE_FILE} does not say what it is")
        spec = from_builtins(self.specs[name], TaskSpec, f"suite: {name}")
        if spec.harness != HUBQ:
            raise BadInput(f"{spec.harness} asked and scored it, which hubq does not repeat")
        if spec.judge is not None:
            raise BadInput(f"a judge ({spec.judge.model}) read its answers, which is not repeated")
        _check_settings(spec, entry.settings)
        samples, worded = self._samples(name)
        return Task(
            spec=spec,
            backend=entry.backend,
            settings=entry.settings,
            environment=entry.environment,
            scoring=scored.program if scored else "",
            samples=samples,
            worded=worded,
        )

    def _samples(self, name: str) -> tuple[tuple[Sample, ...], bool]:
        """Return a task's samples, and whether answers are in them."""
        decoder = msgspec.json.Decoder(Sample)
        for file in (SAMPLES, SHORT_SAMPLES):
            raw = self.entries.get(f"{Kind.SCORE.value}/{self.variant}/{name}/{file}")
            if raw is None:
                continue
            try:
                lines = [line for line in raw.splitlines() if line]
                return tuple(decoder.decode(line) for line in lines), file == SAMPLES
            except msgspec.MsgspecError as error:
                raise BadInput(f"{file}: {error}") from error
        raise BadInput("its samples are not published")


def _check_settings(spec: TaskSpec, settings: Mapping[str, Any]) -> None:
    """Make sure that the suite says of a task what its stage was run with.

    Raises:
        BadInput: it does not.
    """
    ran = settings.get("task")
    if not isinstance(ran, dict) or not {"batch_size", "dtype", "device"} <= settings.keys():
        raise BadInput(f"{EVIDENCE_FILE} does not say what it was run with")
    plain = msgspec.json.decode(msgspec.json.encode(spec))
    other = [part for part in ran if part in plain and plain[part] != ran[part]]
    if other:
        raise BadInput(f"its suite and its stage differ in {', '.join(sorted(other))}")


def file_of(
    task: Task,
    *,
    own: Path | None,
    hub_for: Callable[[str], Hub],
    offline: bool,
    progress: Progress | None = None,
) -> Path:
    """Return the file that a task's questions are from, fetched where the suite says from where.

    Args:
        task: of a published variant.
        own: the person's data folder; none for none.
        hub_for: repo -> the Hub to read its files from.
        offline: nothing is fetched.
        progress: told how far a download is.

    Raises:
        BadInput: it cannot be had, or is another file than the published one.
        HubProblem: fetching it broke off.
    """
    folders = [*([own] if own else []), bundled("recipes")]
    path = files.locate(
        task.spec,
        folders=folders,
        hub=lambda name: datasets.locate(name, folders=folders, hub_for=hub_for),
        offline=offline,
        progress=progress,
    )
    published = task.settings["task"].get("digest")
    found = datasets.digest(path)
    if published != found:
        raise BadInput(
            f"{path.name} is another file than the published one "
            f"(SHA-256 {found[:12]}, published {str(published)[:12]})"
        )
    return path

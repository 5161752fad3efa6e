"""Evidence: what is published beside the weights so that a stranger can check the card.

`hubq.json` says what each number rests on; the files made here hold it, so that `hubq verify` needs
nothing but the repo. Their forms are in `hubq.model.evidence` and in docs/evidence.md.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

from hubq.evaluate.samples import SAMPLES
from hubq.model.card import CARD_FILE, EVIDENCE_FILE, Evidence
from hubq.model.codec import digest, pretty, read_json
from hubq.model.evidence import (
    CONTENTS_FILE,
    ENVIRONMENTS_FILE,
    ITEMS_ARCHIVE,
    RECIPE_FILE,
    RENDERED_FILE,
    SOURCE_ARCHIVE,
    SUITE_FILE,
    WORKLOADS_FILE,
    Contents,
    Listed,
    Shortened,
    TaskNote,
)
from hubq.model.stage import Kind
from hubq.model.suite import FIDELITY, HUBQ, TaskSpec
from hubq.recipes import recipe_digest
from hubq.release import evidence_environments, evidence_items, evidence_leaks, evidence_results
from hubq.release.evidence_archives import write_archive
from hubq.release.evidence_leaks import Names
from hubq.release.evidence_recipes import recipe_files
from hubq.release.evidence_results import Chosen
from hubq.release.materials import Materials
from hubq.release.session import Session
from hubq.resources import cache_folder
from hubq.runner import View
from hubq.store import RESULT_FILE
from hubq.version import version

KIND = "evidence"
"""The folder of the runs folder in which evidence is kept."""

_MB = 1_000_000
_SCORED = f"{Kind.SCORE.value}/"
_SHARED = "the source, and of all variants together,"
_CARD = (EVIDENCE_FILE, CARD_FILE)
_ABOUT = {
    RENDERED_FILE: "the card as it was made, before it was merged with what people wrote",
    RECIPE_FILE: "the recipe as used",
    SUITE_FILE: "the tasks of the evaluation as used",
    WORKLOADS_FILE: "the speed measurements as used",
    ENVIRONMENTS_FILE: "what the environments of the stages were built from, by digest",
    ITEMS_ARCHIVE: "of each question its key, cluster, category; right answers where allowed",
}


def evidence_files(
    session: Session, view: View, variant: str
) -> tuple[dict[str, Path], dict[str, str]]:
    """Return the files of a variant's repo under `evidence/`, made once per content.

    Args:
        session: the release.
        view: its results; the variant's card and all that the card rests on are among them.
        variant: a published variant.

    Returns:
        Path in the repo -> file on the disk, and path in the repo -> SHA-256.

    Raises:
        BadInput: the questions of a task cannot be read any more.
        StageFailed: a result was changed since it was made.
    """
    making = Making(session, view.folders[f"card/{variant}"])
    folder = session.store.derived(KIND, making.digest(), making.write)
    contents = read_json(folder / CONTENTS_FILE, Contents)
    names = (*contents.files, CONTENTS_FILE)
    known = {name: listed.sha256 for name, listed in contents.files.items()}
    known[CONTENTS_FILE] = _sha256((folder / CONTENTS_FILE).read_bytes())
    return {name: folder / name for name in names}, known


class Making:
    """The evidence of one card, while it is made.

    Args:
        session: the release.
        card: the folder with the card's `hubq.json` and `README.md`.
        limit: how large the files may be together, in bytes; none for what the recipe says.
    """

    def __init__(self, session: Session, card: Path, limit: int | None = None) -> None:
        self.session, self.store, self.card = session, session.store, card
        self.evidence = evidence = read_json(card / EVIDENCE_FILE, Evidence)
        self.spec = session.loaded.recipe.evidence
        self.limit = self.spec.max_mb * _MB if limit is None else limit
        scored = {
            result["stage"].split("/")[2]
            for result in evidence.results.values()
            if result["kind"] == Kind.SCORE
        }
        tasks = session.loaded.suite.tasks
        self.tasks = tuple(task for task in tasks if task.name in scored - {FIDELITY})
        self.stacks = evidence_environments.environments_of(self.store, evidence)
        self.names = self._names()

    def digest(self) -> str:
        """Return what the files are made from, as 64 hex digits.

        A result's key says what it is a result of; two runs of a stage leave results of one key
        that differ in times, so the results themselves are looked at.
        """
        results = [
            _sha256((self.store.folder(key) / RESULT_FILE).read_bytes())
            for key in sorted(self.evidence.results)
        ]
        return digest(
            {
                "program": _program(),
                "hubq": version(),
                "card": [_sha256((self.card / name).read_bytes()) for name in _CARD],
                "results": results,
                "recipe": recipe_digest(self.session.loaded),
                "items": [self._items(task).name for task in self._own()],
            }
        )

    def write(self, folder: Path) -> None:
        """Write the files.

        Raises:
            MachineNamed: a file names this machine or a folder of it.
        """
        files, notes = self._small()
        chosen = evidence_results.choose(self.store, self.evidence)
        items, tasks = self._index()
        self._check(files | items, chosen, answers=frozenset(items))
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        (folder / RENDERED_FILE).write_bytes((self.card / CARD_FILE).read_bytes())
        if items:
            write_archive(folder / ITEMS_ARCHIVE, items)
            notes[ITEMS_ARCHIVE] = _ABOUT[ITEMS_ARCHIVE]
        shortened = self._archives(folder, chosen, notes)
        listed = {name: _listed(folder / name, notes[name]) for name in sorted(notes)}
        contents = self._contents(listed, chosen, tasks, shortened)
        (folder / CONTENTS_FILE).write_text(pretty(contents), encoding="utf-8")

    def _check(self, files: dict[str, bytes], chosen: Chosen, *, answers: frozenset[str]) -> None:
        """Make sure that nothing names this machine; `answers` are files of data sets' words."""
        for name, content in files.items():
            evidence_leaks.check(name, content, self.names, answers=name in answers)
        for archive, entries in chosen.archives.items():
            for name, content in entries.items():
                said = name.startswith(_SCORED) and name.endswith(f"/{SAMPLES}")
                evidence_leaks.check(f"{archive}: {name}", content, self.names, answers=said)

    def _contents(
        self,
        listed: dict[str, Listed],
        chosen: Chosen,
        tasks: tuple[TaskNote, ...],
        shortened: tuple[Shortened, ...],
    ) -> Contents:
        return Contents(
            hubq=self.evidence.hubq,
            repo=self.evidence.repo,
            variant=self.evidence.variant,
            files=listed,
            archives=chosen.stages,
            left_out=chosen.left_out,
            shortened=shortened,
            tasks=tasks,
            limit=self.limit,
            size=sum(file.size for file in listed.values()),
        )

    def _small(self) -> tuple[dict[str, bytes], dict[str, str]]:
        """Return the files that are no archives, and what each is."""
        files = recipe_files(self.session.loaded)
        told, locks = evidence_environments.describe(
            self.stacks, self.evidence, self.session.machine.environments
        )
        files[ENVIRONMENTS_FILE] = pretty(told).encode()
        notes = {name: _ABOUT[name] for name in (*files, RENDERED_FILE)}
        for name, content in locks.items():
            files[name], notes[name] = content, "every package with the hashes of its files"
        return files, notes

    def _index(self) -> tuple[dict[str, bytes], tuple[TaskNote, ...]]:
        """Return the entries of `items.zip`, and what is said of each task."""
        found: dict[str, bytes] = {}
        notes = []
        for task in self.tasks:
            if task.harness != HUBQ:
                notes.append(evidence_items.upstream(task))
                continue
            gold = self.spec.allows(task.name)
            one = evidence_items.index(task, self._items(task), gold=gold)
            found |= one.files
            notes.append(one.note)
        return found, tuple(notes)

    def _archives(
        self, folder: Path, chosen: Chosen, notes: dict[str, str]
    ) -> tuple[Shortened, ...]:
        """Write the archives of results, the largest samples without answers where they must be.

        Args:
            folder: holds all other files already.
            chosen: what is in them; what is shortened is changed in it.
            notes: told what the archives are.
        """
        for archive, stages in chosen.stages.items():
            about = stages[0].split("/")[1] if archive != SOURCE_ARCHIVE else _SHARED
            notes[archive] = f"what the stages of {about} left, byte for byte"
            write_archive(folder / archive, chosen.archives[archive])
        size = sum((folder / name).stat().st_size for name in notes)
        shortened = evidence_results.shorten(chosen, size - self.limit)
        for archive in {one.archive for one in shortened}:
            write_archive(folder / archive, chosen.archives[archive])
        return shortened

    def _own(self) -> list[TaskSpec]:
        return [task for task in self.tasks if task.harness == HUBQ]

    def _items(self, task: TaskSpec) -> Path:
        return self._materials.items(task.name)

    @functools.cached_property
    def _materials(self) -> Materials:
        return Materials(self.session)

    def _names(self) -> Names:
        """Return the names of this machine that the release has to do with."""
        options, source = self.session.options, self.session.source
        named = [Path(self.session.loaded.folder), *map(Path, options.interpreters.values())]
        named += [options.data_dir] if options.data_dir else []
        named += [Path(source.path)] if source.path and not source.repo else []
        return evidence_leaks.names_of([self.store.root, cache_folder()], named)


def _program() -> str:
    """Return the SHA-256 of the code that decides what the files hold."""
    total = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("evidence*.py")):
        total.update(path.read_bytes())
    return total.hexdigest()


def _listed(path: Path, about: str) -> Listed:
    content = path.read_bytes()
    return Listed(about=about, size=len(content), sha256=_sha256(content))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


__all__ = ["KIND", "Making", "evidence_files"]

"""Imports: scores that were made elsewhere, kept in the runs folder with where they came from.

`imports/NAME/` holds a folder for each set of files that was imported, named by their digests, and
an index that says which of them a variant's are now. What was imported is never changed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from hubq.errors import BadInput
from hubq.evaluate import harness as harnesses
from hubq.evaluate.formats import canonical, comparing
from hubq.evaluate.formats.canonical import Identity, Origin, Results, Scored, TaskResult
from hubq.evaluate.formats.normalise import task_result
from hubq.evaluate.published import PublishedTable
from hubq.evaluate.samples import SAMPLES
from hubq.model.codec import digest, pretty, read_json
from hubq.model.recipe import BASELINE
from hubq.store import Store, record_file
from hubq.version import version

SCHEMA = 1
ORIGIN = "origin.json"
TABLE = "table.json"
INDEX = "index.json"
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
_MOST_FILES = 2000


class Origins(msgspec.Struct, frozen=True, kw_only=True):
    """Where imported scores came from.

    Attributes:
        variant: what they are scores of; the page's address for a table.
        given: the path or address as it was given.
        made_by: harness with its version, or `hubq`.
        files: name -> SHA-256 of each original file.
        imported: when, UTC.
        hubq: the version that imported them.
        schema: of this file.
    """

    variant: str
    given: str
    made_by: str
    files: dict[str, str]
    imported: str
    hubq: str
    schema: int = SCHEMA


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """What an import holds now.

    Attributes:
        variants: variant -> folder of its scores.
        tables: folders of published tables, oldest first.
        schema: of this file.
    """

    variants: dict[str, str] = {}
    tables: tuple[str, ...] = ()
    schema: int = SCHEMA


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A path that is to be imported.

    Attributes:
        path: a file or folder.
        variant: what it is of, where the user says so.
        harness: whose results it holds; none to tell by the files.
        metric: which of a harness's metrics is the score; none for the task's first.
        choice: which of lm-eval's filters; empty for the task's first.
    """

    path: Path
    variant: str = ""
    harness: str | None = None
    metric: str | None = None
    choice: str = ""


def import_results(
    runs_dir: Path, name: str, given: Sequence[Given], baseline: str = BASELINE
) -> dict[str, Scored]:
    """Take results of other machines or harnesses into the runs folder.

    Everything is read and checked before anything is kept.

    Args:
        runs_dir: where they are kept.
        name: of the import; further results may be added to it later.
        given: what to import.
        baseline: the variant that the others are compared with.

    Returns:
        variant -> results of everything that the import holds now, compared with the baseline.

    Raises:
        BadInput: a path holds no results, or broken ones; the message says which file and why.
    """
    _check_name(name)
    read = [found for one in given for found in _read(one)]
    names = [scored.results.variant for scored, _ in read]
    twice = sorted({one for one in names if names.count(one) > 1})
    if twice:
        raise BadInput(
            f"more than one result for {', '.join(twice)}",
            remedy="Name each: --variant NAME=PATH.",
        )
    store = Store(runs_dir)
    kept = dict(_index(runs_dir, name).variants)
    for scored, origin in read:
        kept[scored.results.variant] = _keep(store, name, scored, origin)
    _write_index(store, name, variants=kept)
    return imported(runs_dir, name, baseline)


def imported(runs_dir: Path, name: str, baseline: str = BASELINE) -> dict[str, Scored]:
    """Return variant -> results of an import, the baseline first, compared with it.

    Raises:
        BadInput: there is no such import, or a file of it is damaged.
    """
    folder = _folder(runs_dir, name)
    if not (folder / INDEX).is_file():
        known = sorted(path.parent.name for path in folder.parent.glob(f"*/{INDEX}"))
        raise BadInput(f"no import {name!r}; there are: {', '.join(known) or 'none'}")
    index = _index(runs_dir, name)
    ordered = sorted(index.variants, key=lambda variant: (variant != baseline, variant))
    family = {variant: canonical.read(folder / index.variants[variant]) for variant in ordered}
    return comparing.compare_all(family, baseline)


def is_import(runs_dir: Path, name: str) -> bool:
    """Say whether the runs folder has an import of that name."""
    return bool(_NAME.match(name)) and (_folder(runs_dir, name) / INDEX).is_file()


def kept_tables(runs_dir: Path, name: str) -> tuple[Path, ...]:
    """Return the folders of the published tables of an import, oldest first."""
    return tuple(_folder(runs_dir, name) / table for table in _index(runs_dir, name).tables)


def keep_tables(
    runs_dir: Path, name: str, tables: Sequence[PublishedTable], page: bytes, source: str
) -> Path:
    """Keep published tables with the page they were read from, and return their folder."""
    _check_name(name)
    sha256 = hashlib.sha256(page).hexdigest()
    origin = Origins(
        variant="",
        given=source,
        made_by="published table",
        files={"page": sha256},
        imported=_now(),
        hubq=version(),
    )

    def make(folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "page").write_bytes(page)
        (folder / TABLE).write_text(pretty({"schema": SCHEMA, "tables": tables}), "utf-8")
        (folder / ORIGIN).write_text(pretty(origin), encoding="utf-8")

    store = Store(runs_dir)
    folder = store.derived(f"imports/{name}", digest([SCHEMA, sha256, source, tables]), make)
    known = [one for one in _index(runs_dir, name).tables if one != folder.name]
    _write_index(store, name, tables=(*known, folder.name))
    return folder


def _read(given: Given) -> list[tuple[Scored, Origins]]:
    """Return what a path holds: one result, or one for each of its folders."""
    path = given.path
    if not path.exists():
        raise BadInput(f"{path}: no such file or folder")
    if canonical.is_canonical(path):
        return [_read_canonical(path, given)]
    inside = sorted(p.parent for p in path.glob(f"*/{canonical.RESULTS}")) if path.is_dir() else []
    own = [folder for folder in inside if canonical.is_canonical(folder)]
    if own and given.variant and len(own) > 1:
        raise BadInput(
            f"{path} holds {len(own)} results, for one variant {given.variant}",
            remedy=f"Name one of its folders: {', '.join(folder.name for folder in own)}.",
        )
    if own:
        return [_read_canonical(folder, given) for folder in own]
    return [_read_harness(path, given)]


def _read_canonical(path: Path, given: Given) -> tuple[Scored, Origins]:
    """Read hubq's own results; scores are worked out again from the samples."""
    found = canonical.read(path)
    variant = given.variant or found.results.variant
    tasks = tuple(_again(task, found) for task in found.results.tasks)
    results = msgspec.structs.replace(found.results, variant=variant, tasks=tasks)
    folder = path if path.is_dir() else path.parent
    files = [folder / canonical.RESULTS, folder / SAMPLES]
    made_by = f"hubq {found.results.hubq}".strip()
    return Scored(results=results, samples=found.samples), _origin(
        variant, path, made_by, files, folder
    )


def _again(task: TaskResult, found: Scored) -> TaskResult:
    about = {
        name: getattr(task, name)
        for name in ("population", "dataset", "form", "metric", "extraction", "max_new_tokens")
    }
    about |= {
        "chance": task.chance,
        "reported": task.score if task.reported is None else task.reported,
        "environment": task.environment,
        "stages": task.stages,
        "ended": task.ended,
        "notes": task.notes,
    }
    return task_result(task.name, task.identity, found.samples.get(task.name, ()), about)


def _read_harness(path: Path, given: Given) -> tuple[Scored, Origins]:
    """Read what an upstream harness left."""
    run = harnesses.read(path, harness=given.harness, metric=given.metric, choice=given.choice)
    variant = given.variant or (path.stem if path.is_file() else path.resolve().name)
    identity = Identity(harness=run.harness, version=run.version, commit=run.commit)
    tasks: list[TaskResult] = []
    samples = {}
    for task in run.tasks:
        metric = ", ".join(part for part in (task.metric, task.filter) if part)
        about = {
            "metric": metric,
            "reported": task.reported,
            "notes": (*run.notes, *task.notes),
        }
        tasks.append(task_result(task.name, identity, task.samples, about))
        samples[task.name] = tuple(task.samples)
    if not tasks:
        raise BadInput(f"{path}: {identity.label} left no task with samples there")
    results = Results(variant=variant, source=Origin(name=""), tasks=tuple(tasks), hubq=version())
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    origin = _origin(variant, path, identity.label, files, path)
    return Scored(results=results, samples=samples), origin


def _origin(variant: str, path: Path, made_by: str, files: Sequence[Path], folder: Path) -> Origins:
    if len(files) > _MOST_FILES:
        raise BadInput(
            f"{path}: {len(files)} files",
            remedy="Name the folder that holds one variant's results.",
        )
    hashes = {
        file.relative_to(folder).as_posix() if folder.is_dir() else file.name: record_file(
            file
        ).sha256
        for file in files
    }
    return Origins(
        variant=variant,
        given=str(path),
        made_by=made_by,
        files=hashes,
        imported=_now(),
        hubq=version(),
    )


def _keep(store: Store, name: str, scored: Scored, origin: Origins) -> str:
    """Keep one variant's results and return the name of their folder."""

    def make(folder: Path) -> None:
        canonical.write(folder, scored)
        (folder / ORIGIN).write_text(pretty(origin), encoding="utf-8")

    identity = digest([SCHEMA, origin.files, scored.results, _samples_digest(scored)])
    return store.derived(f"imports/{name}", identity, make).name


def _samples_digest(scored: Scored) -> str:
    return digest({name: list(samples) for name, samples in scored.samples.items()})


def _folder(runs_dir: Path, name: str) -> Path:
    return runs_dir / "imports" / name


def _index(runs_dir: Path, name: str) -> Index:
    path = _folder(runs_dir, name) / INDEX
    return read_json(path, Index) if path.is_file() else Index()


def _write_index(
    store: Store,
    name: str,
    *,
    variants: Mapping[str, str] | None = None,
    tables: Sequence[str] | None = None,
) -> None:
    known = _index(store.root, name)
    index = Index(
        variants=dict(variants) if variants is not None else known.variants,
        tables=tuple(tables) if tables is not None else known.tables,
    )
    path = _folder(store.root, name) / INDEX
    temporary = path.with_suffix(".tmp")
    temporary.write_text(pretty(index), encoding="utf-8")
    temporary.replace(path)


def _check_name(name: str) -> None:
    if not _NAME.match(name):
        raise BadInput(f"--into {name!r}: expected letters, digits, dots, hyphens and underscores")


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
